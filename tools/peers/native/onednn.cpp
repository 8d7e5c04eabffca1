// oneDNN. Products: row "plain" has row-major weights, as ours get them, row "packed" weights in the layout that oneDNN likes best, reordered
// before the clock starts. Convolutions: everything in the layouts that it likes best. The instruction set: environment variable
// ONEDNN_MAX_CPU_ISA.
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
