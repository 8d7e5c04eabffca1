#pragma once

#include <cstddef>

namespace optlab::attention {

/// View of vectors that somebody else owns, `heads` of `size` floats for each of `tokens` tokens: head h of token t
/// begins at data + t*token_stride + h*head_stride. Strides count floats, so one of Q, K and V in a joint projection is
/// a view.
template <class T>
struct BasicHeads {
  T* data = nullptr;
  int tokens = 0;
  int heads = 0;
  int size = 0;
  std::ptrdiff_t token_stride = 0;
  std::ptrdiff_t head_stride = 0;

  T* at(int token, int head) const { return data + token * token_stride + head * head_stride; }
  BasicHeads block(int first_token, int token_count) const {
    return {data + first_token * token_stride, token_count, heads, size, token_stride, head_stride};
  }
  operator BasicHeads<const T>() const { return {data, tokens, heads, size, token_stride, head_stride}; }
};

using Heads = BasicHeads<float>;
using ConstHeads = BasicHeads<const float>;

/// A contiguous [tokens, heads, size].
template <class T>
BasicHeads<T> heads_view(T* data, int tokens, int heads, int size) {
  return {data, tokens, heads, size, static_cast<std::ptrdiff_t>(heads) * size, size};
}

}  // namespace optlab::attention
