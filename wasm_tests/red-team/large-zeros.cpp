// attack: a large array of zeros | refused | longer than|broke|memory
#include "exercise.h"

int large[1 << 26];

void matmul(const float*, const float*, float* c, int M, int, int) { c[0] = large[M]; }
