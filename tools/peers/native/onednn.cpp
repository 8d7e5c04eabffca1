// oneDNN's matmul. Row "plain": row-major weights, as ours get them. Row "packed": weights in the layout that oneDNN likes best, reordered
// before the clock starts. The instruction set: environment variable ONEDNN_MAX_CPU_ISA.
#include <dnnl.hpp>

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

  std::unique_ptr<optlab::peers::Prepared> prepare(const optlab::peers::Product& p, const std::string& row) override {
    using Tag = memory::format_tag;
    const auto f32 = memory::data_type::f32;
    const memory::desc a({p.m, p.k}, f32, Tag::ab);
    const memory::desc b({p.k, p.n}, f32, Tag::ab);
    const memory::desc c({p.m, p.n}, f32, Tag::ab);
    const memory::desc wanted = row == "packed" ? memory::desc({p.k, p.n}, f32, Tag::any) : b;
    const dnnl::matmul::primitive_desc description({a, wanted, c}, engine_);
    memory weights(b, engine_, const_cast<float*>(p.b));
    if (description.weights_desc() != b) {
      memory packed(description.weights_desc(), engine_);
      dnnl::reorder(weights, packed).execute(stream_, weights, packed);
      stream_.wait();
      weights = packed;
    }
    const std::unordered_map<int, memory> arguments{{DNNL_ARG_SRC, memory(a, engine_, const_cast<float*>(p.a))},
                                                    {DNNL_ARG_WEIGHTS, weights},
                                                    {DNNL_ARG_DST, memory(c, engine_, p.c)}};
    return optlab::peers::prepared([this, matmul = dnnl::matmul(description), arguments] {
      matmul.execute(stream_, arguments);
      stream_.wait();
    });
  }

 private:
  dnnl::engine engine_{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream_{engine_};
};

}  // namespace

int main() {
  OneDnn library;
  return optlab::peers::serve(library);
}
