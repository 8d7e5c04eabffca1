// attack: returns at once | right fail | never have been written
#include "exercise.h"

void matmul(const float* a, const float* b, float* c, int M, int K, int N) { return; }
