#include <stdexcept>

#include "nn/feed_forward.h"
#include "nn/norm.h"
#include "nn/residual.h"
#include "nn/self_attention.h"
#include "nn/training_kernels.h"

/// For modules that train no transformer: the linker takes these instead of nn/transformer_backward.cpp and its kernels, 18 KB.
namespace optlab::nn {
namespace {

[[noreturn]] void no_gradients() { throw std::logic_error("this module trains no transformer"); }

}  // namespace

void RmsNorm::backward(ConstTensorView, ConstTensorView, TensorView, TensorView, const Pass&) { no_gradients(); }
void LayerNorm::backward(ConstTensorView, ConstTensorView, TensorView, TensorView, const Pass&) { no_gradients(); }
void SwiGlu::backward(ConstTensorView, ConstTensorView, TensorView, TensorView, const Pass&) { no_gradients(); }
void SelfAttention::backward(ConstTensorView, ConstTensorView, TensorView, TensorView, const Pass&) { no_gradients(); }
void Residual::backward(ConstTensorView, ConstTensorView, TensorView, TensorView, const Pass&) { no_gradients(); }

const detail::TrainingKernels& detail::training_kernels() { no_gradients(); }

}  // namespace optlab::nn
