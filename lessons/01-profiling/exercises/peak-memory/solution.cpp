#include <optlab.h>

#include "exercise.h"

static constexpr int kIds = 1024;
static constexpr int kLayers = 32;

/// Its size alone would not tell a live block of 0 bytes from none.
struct Block {
  bool is_live;
  int bytes;
};

struct Layer {
  bool is_open;
  double begin;    // live when it began
  double largest;  // of all its runs so far
};

// All 0 at first. Totals are doubles: they outgrow an int, and whole numbers up to 2^53 are exact.
static Block blocks[kIds];
static Layer layers[kLayers];
static double current;
static double peak;
static int live;

static bool is_live(int id) { return id >= 0 && id < kIds && blocks[id].is_live; }

int on_alloc(int id, int bytes) {
  if (id < 0 || id >= kIds || is_live(id)) return 0;
  blocks[id] = {true, bytes};
  ++live;
  current += bytes;
  // Memory only grows here, so only here can there be a new maximum: of the program, and of every layer that is open.
  peak = optlab::max(peak, current);
  for (Layer& layer : layers) {
    if (layer.is_open) layer.largest = optlab::max(layer.largest, current - layer.begin);
  }
  return 1;
}

int on_free(int id) {
  if (!is_live(id)) return 0;
  blocks[id].is_live = false;
  --live;
  current -= blocks[id].bytes;
  return 1;
}

void begin_layer(int layer) {
  layers[layer].is_open = true;
  layers[layer].begin = current;
}

void end_layer(int layer) { layers[layer].is_open = false; }

double current_bytes() { return current; }

double peak_bytes() { return peak; }

double layer_bytes(int layer) { return layers[layer].largest; }

int live_blocks() { return live; }
