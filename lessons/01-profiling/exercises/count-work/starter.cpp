#include "exercise.h"

// An int ends at 2,147,483,647. Double is exact up to 2^53: begin products with a double, such as 2.0 * rows.

double linear_flops(int rows, int inputs, int outputs, int bias) {
  // TODO: this is one row's, without its bias.
  return 2.0 * inputs * outputs;
}

double linear_bytes(int rows, int inputs, int outputs, int bias) {
  // TODO: what is read besides the weights, and what is written?
  return 4.0 * inputs * outputs;
}

double conv2d_flops(int batch, int height, int width, int channels, int outputs, int kernel, int stride, int padding,
                    int dilation, int groups, int bias) {
  // TODO: how many windows fit along the height and along the width, and how many numbers does a window see?
  return 0.0;
}

double conv2d_bytes(int batch, int height, int width, int channels, int outputs, int kernel, int stride, int padding,
                    int dilation, int groups, int bias) {
  // TODO: pixels that some window touches, weights, results. Write a function that counts what is touched along an axis.
  return 0.0;
}

double attention_flops(int batch, int queries, int keys, int heads, int key_heads, int size, int causal) {
  // TODO: how many pairs of a query and a key that it sees are there in a head?
  return 0.0;
}

double attention_bytes(int batch, int queries, int keys, int heads, int key_heads, int size, int causal) {
  // TODO: which of the four operands have `heads` heads, which `key_heads`?
  return 0.0;
}
