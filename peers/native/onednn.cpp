// oneDNN. Products: row "plain" has row-major weights, as ours get them, row "packed" weights in the layout that oneDNN likes best, reordered
// before the clock starts. Convolutions: everything in the layouts that it likes best. The instruction set: environment variable
// ONEDNN_MAX_CPU_ISA.
#include <cmath>
#include <dnnl.hpp>
#include <unordered_map>

#include "harness.h"

namespace {

using dnnl::memory;

const char* isa_name(dnnl::cpu_isa isa) {
  switch (isa) {
    case dnnl::cpu_isa::avx2:
      return "AVX2";
    case dnnl::cpu_isa::avx2_vnni:
      return "AVX2 with VNNI";
    case dnnl::cpu_isa::avx512_core:
      return "AVX-512";
    case dnnl::cpu_isa::avx512_core_vnni:
      return "AVX-512 with VNNI";
    case dnnl::cpu_isa::avx512_core_bf16:
      return "AVX-512 with VNNI and bf16";
    case dnnl::cpu_isa::avx512_core_amx:
      return "AVX-512 with AMX";
    default:
      return "another instruction set";
  }
}

class OneDnn : public optlab::peers::Library {
 public:
  std::string details() const override {
    const dnnl_version_t* version = dnnl_version();
    return std::to_string(version->major) + "." + std::to_string(version->minor) + "." +
           std::to_string(version->patch) + ", " + isa_name(dnnl::get_effective_cpu_isa());
  }

  std::unique_ptr<optlab::peers::Prepared> product(const optlab::peers::Product& p, const std::string& row) override {
    return multiply(p, row, Type::f32, Type::f32, Type::f32);
  }
  std::unique_ptr<optlab::peers::Prepared> int8_product(const optlab::peers::Int8Product& p,
                                                        const std::string& row) override {
    return multiply(p, row, Type::u8, Type::s8, Type::s32);
  }
  std::unique_ptr<optlab::peers::Prepared> convolution(const optlab::peers::Convolution& p,
                                                       const std::string&) override {
    return convolve(p, Type::f32, Type::f32, Type::f32);
  }
  std::unique_ptr<optlab::peers::Prepared> int8_convolution(const optlab::peers::Int8Convolution& p,
                                                            const std::string&) override {
    return convolve(p, Type::u8, Type::s8, Type::s32);
  }

  /// As [G, H/G·T, D] and [G, S, D], copied into that order before the clock starts: the query heads of a key head are one matrix.
  std::unique_ptr<optlab::peers::Prepared> attention(const optlab::peers::Attention& p, const std::string&) override {
    const int G = p.key_heads, r = p.heads / G, T = p.queries, S = p.keys, D = p.size;
    const memory::desc q_given({G, r, T, D}, Type::f32, memory::dims{r * D, D, p.heads * D, 1});
    const memory::desc q_heads({G, r, T, D}, Type::f32, Tag::abcd), square_heads({G, r, T, S}, Type::f32, Tag::abcd);
    const memory::desc k_given({G, S, D}, Type::f32, memory::dims{D, G * D, 1});
    const memory::desc queries({G, r * T, D}, Type::f32, Tag::abc), keys({G, S, D}, Type::f32, Tag::abc);
    const memory::desc transposed({G, D, S}, Type::f32, Tag::acb), square({G, r * T, S}, Type::f32, Tag::abc);
    const memory::desc hidden({1, 1, T, S}, Type::f32, Tag::abcd);
    dnnl::primitive_attr scaled;
    scaled.set_output_scales(0, {1.0F / std::sqrt(static_cast<float>(D))});
    const dnnl::matmul score(dnnl::matmul::primitive_desc({queries, transposed, square}, scaled, engine_));
    const dnnl::binary add(
        dnnl::binary::primitive_desc({dnnl::algorithm::binary_add, square_heads, hidden, square_heads}, engine_));
    const dnnl::softmax_forward normalize(
        dnnl::softmax_forward::primitive_desc({dnnl::prop_kind::forward_inference, square, 2}, engine_));
    const dnnl::matmul weigh(dnnl::matmul::primitive_desc({square, keys, queries}, engine_));

    const memory q_copy = in_layout(wrap(q_given, p.q), q_heads), out(q_heads, engine_);
    const memory q(queries, engine_, q_copy.get_data_handle()), y(queries, engine_, out.get_data_handle());
    const memory k_copy = in_layout(wrap(k_given, p.k), keys), v = in_layout(wrap(k_given, p.v), keys);
    const memory k(transposed, engine_, k_copy.get_data_handle());
    const memory scores(square, engine_), by_head(square_heads, engine_, scores.get_data_handle());
    const memory mask(hidden, engine_);
    auto* hides = static_cast<float*>(mask.get_data_handle());
    for (int t = 0; t < T; ++t) {
      for (int s = 0; s < S; ++s) hides[t * S + s] = s <= S - T + t ? 0.0F : -1e9F;
    }
    const memory wanted = wrap(q_given, p.out);
    // The copies own what the views of them see.
    return optlab::peers::prepared(
        [=, this, causal = p.causal] {
          score.execute(stream_, {{DNNL_ARG_SRC, q}, {DNNL_ARG_WEIGHTS, k}, {DNNL_ARG_DST, scores}});
          if (causal) {
            add.execute(stream_, {{DNNL_ARG_SRC_0, by_head}, {DNNL_ARG_SRC_1, mask}, {DNNL_ARG_DST, by_head}});
          }
          normalize.execute(stream_, {{DNNL_ARG_SRC, scores}, {DNNL_ARG_DST, scores}});
          weigh.execute(stream_, {{DNNL_ARG_SRC, scores}, {DNNL_ARG_WEIGHTS, v}, {DNNL_ARG_DST, y}});
          stream_.wait();
        },
        [this, out, wanted, q_copy, k_copy] { copy(out, wanted); });
  }

  std::unique_ptr<optlab::peers::Prepared> row_operation(const optlab::peers::RowOperation& p,
                                                         const std::string&) override {
    const auto inference = dnnl::prop_kind::forward_inference;
    const memory::desc matrix({p.rows, p.columns}, Type::f32, Tag::ab), vector({p.columns}, Type::f32, Tag::a);
    std::unordered_map<int, memory> arguments{{DNNL_ARG_SRC, wrap(matrix, p.x)}, {DNNL_ARG_DST, wrap(matrix, p.y)}};
    dnnl::primitive primitive;
    if (p.operation == "softmax") {
      primitive = dnnl::softmax_forward(dnnl::softmax_forward::primitive_desc({inference, matrix, 1}, engine_));
    } else if (p.operation == "gelu") {
      primitive = dnnl::eltwise_forward(dnnl::eltwise_forward::primitive_desc(
          {inference, dnnl::algorithm::eltwise_gelu_tanh, matrix, 0.0F, 0.0F}, engine_));
    } else if (p.operation == "layer_norm") {
      const auto flags = dnnl::normalization_flags::use_scale | dnnl::normalization_flags::use_shift;
      primitive = dnnl::layer_normalization_forward(dnnl::layer_normalization_forward::primitive_desc(
          {inference, matrix, optlab::peers::kNormEpsilon, flags}, engine_));
      arguments.insert({{DNNL_ARG_SCALE, wrap(vector, p.weight)}, {DNNL_ARG_SHIFT, wrap(vector, p.bias)}});
    } else {
      throw missing(p.operation);
    }
    return optlab::peers::prepared([this, primitive, arguments] {
      primitive.execute(stream_, arguments);
      stream_.wait();
    });
  }

 private:
  using Type = memory::data_type;
  using Tag = memory::format_tag;

  memory wrap(const memory::desc& layout, const void* data) { return {layout, engine_, const_cast<void*>(data)}; }

  /// `from`, or a copy of it in the layout `wanted`.
  memory in_layout(memory from, const memory::desc& wanted) {
    if (from.get_desc() == wanted) return from;
    memory to(wanted, engine_);
    copy(from, to);
    return to;
  }
  void copy(memory from, memory to) {
    dnnl::reorder(from, to).execute(stream_, from, to);
    stream_.wait();
  }

  template <class Product>
  std::unique_ptr<optlab::peers::Prepared> multiply(const Product& p, const std::string& row, Type activation,
                                                    Type weight, Type sum) {
    const memory::desc a({p.m, p.k}, activation, Tag::ab);
    const memory::desc b({p.k, p.n}, weight, Tag::ab);
    const memory::desc c({p.m, p.n}, sum, Tag::ab);
    const memory::desc wanted = row == "packed" ? memory::desc({p.k, p.n}, weight, Tag::any) : b;
    const dnnl::matmul::primitive_desc description({a, wanted, c}, engine_);
    const std::unordered_map<int, memory> arguments{
        {DNNL_ARG_SRC, wrap(a, p.a)},
        {DNNL_ARG_WEIGHTS, in_layout(wrap(b, p.b), description.weights_desc())},
        {DNNL_ARG_DST, wrap(c, p.c)}};
    return optlab::peers::prepared([this, matmul = dnnl::matmul(description), arguments] {
      matmul.execute(stream_, arguments);
      stream_.wait();
    });
  }

  template <class Convolution>
  std::unique_ptr<optlab::peers::Prepared> convolve(const Convolution& p, Type activation, Type weight, Type sum) {
    const memory::dims x_shape{1, p.channels, p.height, p.width}, y_shape{1, p.outputs, p.height, p.width};
    const memory::dims shape{p.outputs, p.channels, p.kernel, p.kernel}, ones{1, 1}, padding{p.padding, p.padding};
    const memory::desc bias({p.outputs}, sum, Tag::a);
    const dnnl::convolution_forward::primitive_desc description(
        dnnl::convolution_forward::desc(dnnl::prop_kind::forward_inference, dnnl::algorithm::convolution_auto,
                                        {x_shape, activation, Tag::any}, {shape, weight, Tag::any}, bias,
                                        {y_shape, sum, Tag::any}, ones, padding, padding),
        engine_);
    const memory x = wrap({x_shape, activation, Tag::nhwc}, p.x);
    const memory weights = wrap({shape, weight, Tag::hwio}, p.weights);
    const memory wanted = wrap({y_shape, sum, Tag::nhwc}, p.y);
    const memory y(description.dst_desc(), engine_);
    const std::unordered_map<int, memory> arguments{{DNNL_ARG_SRC, in_layout(x, description.src_desc())},
                                                    {DNNL_ARG_WEIGHTS, in_layout(weights, description.weights_desc())},
                                                    {DNNL_ARG_BIAS, wrap(bias, p.bias)},
                                                    {DNNL_ARG_DST, y}};
    return optlab::peers::prepared(
        [this, convolution = dnnl::convolution_forward(description), arguments] {
          convolution.execute(stream_, arguments);
          stream_.wait();
        },
        [this, y, wanted] { copy(y, wanted); });
  }

  dnnl::engine engine_{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream_{engine_};
};

}  // namespace

int main() {
  OneDnn library;
  return optlab::peers::serve(library);
}
