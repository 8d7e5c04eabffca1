// attack: asks for a JavaScript function | refused | may not import anything
#include "exercise.h"

extern "C" __attribute__((import_module("env"), import_name("fetch"))) int fetch_it(int);

void matmul(const float* a, const float* b, float* c, int M, int K, int N) { c[0] = fetch_it(3); }
