#include "harness.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <map>
#include <new>
#include <sstream>
#include <stdexcept>
#include <vector>

namespace optlab::peers {
namespace {

/// Not timed: brings caches and clock back after the turns of the other libraries.
constexpr double kPrerollSeconds = 0.02;
constexpr double kSettled = 0.03;

struct Free {
  void operator()(float* p) const { std::free(p); }
};
using Floats = std::unique_ptr<float[], Free>;

Floats make_floats(std::size_t count) {
  void* memory = std::aligned_alloc(64, (count * sizeof(float) + 63) / 64 * 64);
  if (memory == nullptr) throw std::bad_alloc();
  return Floats(static_cast<float*>(memory));
}

/// The generator of tools/peers/random.ts, bit for bit.
void fill(float* values, std::size_t count, std::uint32_t seed) {
  for (std::size_t i = 0; i < count; ++i) {
    seed += 0x9e3779b9u;
    std::uint32_t z = seed;
    z = (z ^ (z >> 16)) * 0x21f0aaadu;
    z = (z ^ (z >> 15)) * 0x735a2d97u;
    z ^= z >> 15;
    values[i] = static_cast<float>(z >> 8) / 8388608.0f - 1.0f;
  }
}

/// The largest error in units of 2·K·ε·Σ|ab|, against sums in double (tools/peers/families/gemm-f32.ts says why).
double worst_error(const Product& p) {
  const double allowed = 2.0 * p.k * 0x1p-24;
  std::vector<double> sum(p.n), magnitude(p.n);
  double worst = 0;
  for (int i = 0; i < p.m; ++i) {
    std::fill(sum.begin(), sum.end(), 0.0);
    std::fill(magnitude.begin(), magnitude.end(), 0.0);
    for (int q = 0; q < p.k; ++q) {
      const double x = p.a[static_cast<std::size_t>(i) * p.k + q];
      const float* b = p.b + static_cast<std::size_t>(q) * p.n;
      for (int j = 0; j < p.n; ++j) {
        sum[j] += x * b[j];
        magnitude[j] += std::abs(x * b[j]);
      }
    }
    for (int j = 0; j < p.n; ++j) {
      const double error = std::abs(p.c[static_cast<std::size_t>(i) * p.n + j] - sum[j]) / (allowed * magnitude[j]);
      if (!std::isfinite(error)) return 1e9;
      worst = std::max(worst, error);
    }
  }
  return worst;
}

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

struct Timing {
  long calls = 0;
  double seconds = 0;
};

/// A row's operands, ready to run.
struct Lane {
  Floats a, b, c;
  std::unique_ptr<Prepared> prepared;
  double seconds_per_call = 1;
};

class Server {
 public:
  explicit Server(Library& library) : library_(library) {}

  std::string answer(const std::string& line) {
    std::istringstream request(line);
    std::ostringstream reply;
    reply.precision(17);
    std::string method;
    request >> method;
    if (method == "prepare") {
      const double worst = prepare(request);
      reply << "{\"ok\":" << (worst <= 1 ? "true" : "false") << ",\"worst\":" << worst << "}";
    } else if (method == "warm" || method == "repeat") {
      std::string row;
      double seconds = 0;
      request >> row >> seconds;
      const auto found = lanes_.find(row);
      if (!(seconds > 0) || found == lanes_.end()) throw std::invalid_argument("cannot do: " + line);
      const Timing timing = method == "warm" ? warm(found->second, seconds) : repeat(found->second, seconds);
      reply << "{\"calls\":" << timing.calls << ",\"seconds\":" << timing.seconds << "}";
    } else if (method == "release") {
      lanes_.clear();
      reply << "{}";
    } else {
      throw std::invalid_argument("unknown request: " + line);
    }
    return reply.str();
  }

 private:
  double prepare(std::istream& request) {
    int m = 0, k = 0, n = 0;
    std::string row;
    request >> m >> k >> n >> row;
    if (m <= 0 || k <= 0 || n <= 0) throw std::invalid_argument("prepare: three sizes are wanted");
    lanes_.erase(row);
    Lane lane;
    lane.a = make_floats(static_cast<std::size_t>(m) * k);
    lane.b = make_floats(static_cast<std::size_t>(k) * n);
    lane.c = make_floats(static_cast<std::size_t>(m) * n);
    fill(lane.a.get(), static_cast<std::size_t>(m) * k, 1);
    fill(lane.b.get(), static_cast<std::size_t>(k) * n, 2);
    std::fill_n(lane.c.get(), static_cast<std::size_t>(m) * n, NAN);  // a product that isn't computed is found out
    const Product product{m, k, n, lane.a.get(), lane.b.get(), lane.c.get()};
    lane.prepared = library_.prepare(product, row);
    lane.prepared->run();
    lanes_.insert_or_assign(row, std::move(lane));
    return worst_error(product);
  }

  static Timing run_for(Lane& lane, double seconds, long batch = 1) {
    Timing timing;
    const double start = now();
    do {
      for (long i = 0; i < batch; ++i) lane.prepared->run();
      timing.calls += batch;
      timing.seconds = now() - start;
    } while (timing.seconds < seconds);
    return timing;
  }

  /// Until three windows in a row agree, or three times as long as asked.
  static Timing warm(Lane& lane, double seconds) {
    Timing total;
    std::vector<double> windows;
    for (;;) {
      const Timing window = run_for(lane, seconds / 5);
      windows.push_back(window.seconds / static_cast<double>(window.calls));
      total.calls += window.calls;
      total.seconds += window.seconds;
      lane.seconds_per_call = *std::min_element(windows.begin(), windows.end());
      if (total.seconds < seconds || windows.size() < 3) continue;
      const auto [low, high] = std::minmax_element(windows.end() - 3, windows.end());
      if (*high / *low - 1 < 2 * kSettled || total.seconds >= 3 * seconds) return total;
    }
  }

  static Timing repeat(Lane& lane, double seconds) {
    run_for(lane, kPrerollSeconds);
    return run_for(lane, seconds, std::max(1L, static_cast<long>(seconds / 20 / lane.seconds_per_call)));
  }

  Library& library_;
  std::map<std::string, Lane> lanes_;  // by row
};

std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    if (static_cast<unsigned char>(c) >= ' ') result += c;
  }
  return result + "\"";
}

}  // namespace

int serve(Library& library) {
  std::cout << "{\"threads\":1,\"details\":" << quoted(library.details()) << "}" << std::endl;
  Server server(library);
  for (std::string line; std::getline(std::cin, line);) {
    try {
      std::cout << server.answer(line) << std::endl;
    } catch (const std::exception& error) {
      std::cout << "{\"error\":" << quoted(error.what()) << "}" << std::endl;
    }
  }
  return 0;
}

}  // namespace optlab::peers
