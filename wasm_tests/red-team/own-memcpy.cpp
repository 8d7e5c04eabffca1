// attack: its own memcpy, which the compiler may call by itself | passes
#include "exercise.h"

extern "C" void* memcpy(void* to, const void* from, __SIZE_TYPE__ bytes) {
  for (__SIZE_TYPE__ i = 0; i < bytes; ++i) static_cast<char*>(to)[i] = static_cast<const char*>(from)[i];
  return to;
}

struct Row {
  float values[40];
};

void matmul(const float* a, const float* b, float* c, int M, int K, int N) {
  Row row{};
  Row copy = row;
  copy.values[0] = M;
  for (int i = 0; i < M; ++i) {
    for (int j = 0; j < N; ++j) c[i * N + j] = 0.0f;
    for (int k = 0; k < K; ++k)
      for (int j = 0; j < N; ++j) c[i * N + j] += a[i * K + k] * b[k * N + j];
  }
}
