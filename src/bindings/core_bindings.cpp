#include <emscripten/bind.h>
#include <emscripten/heap.h>
#include <malloc.h>

#include <string>

#include "bindings/guard.h"
#include "bindings/runtime.h"
#include "bindings/whole.h"
#include "core/tensor.h"
#include "measure/clock.h"
#include "simd/isa.h"

namespace optlab::bindings {
namespace {

using emscripten::val;

EMSCRIPTEN_DECLARE_VAL_TYPE(Float32View)
EMSCRIPTEN_DECLARE_VAL_TYPE(BuildName)

struct BuildInfo {
  std::string version;
  BuildName build = BuildName(val::undefined());
  std::string isa;
  bool threads = false;
  double memory_bytes = 0;
};

BuildInfo build_info() {
#if defined(__EMSCRIPTEN_PTHREADS__)
  constexpr bool kThreads = true;
#else
  constexpr bool kThreads = false;
#endif
  const std::string simd = simd::has_wasm_relaxed() ? "relaxed" : "simd";
  return {OPTLAB_VERSION, BuildName(val(simd + (kThreads ? "-threads" : ""))), simd::isa_name(), kThreads,
          static_cast<double>(emscripten_get_heap_size())};
}

/// Bytes that the C++ heap has handed out and not got back.
double memory_in_use() { return static_cast<double>(static_cast<unsigned>(mallinfo().uordblks)); }

/// The most scratch memory that any product needed so far, bytes.
double scratch_high_water() { return static_cast<double>(runtime().scratch.high_water()); }

int set_threads(double threads) {
  runtime().pool.resize(whole("threads", threads));
  return runtime().pool.threads();
}

BlockingValue gemm_blocking() { return to_value(runtime().blocking); }

/// Three numbers instead of a BlockingValue, whose fields Embind would wrap to ints.
void set_gemm_blocking(double depth, double rows, double columns) {
  const gemm::Blocking blocking{whole("depth", depth), whole("rows", rows), whole("columns", columns)};
  gemm::check(blocking);
  runtime().blocking = blocking;
}

Tensor* make_tensor(double rows, double columns) {
  return new Tensor(Shape{whole("rows", rows), whole("columns", columns)});
}
int tensor_rows(const Tensor& tensor) { return tensor.shape()[0]; }
int tensor_columns(const Tensor& tensor) { return tensor.shape()[1]; }

Float32View tensor_view(Tensor& tensor) {
  return Float32View(val(emscripten::typed_memory_view(tensor.size(), tensor.values().data())));
}

}  // namespace

Runtime& runtime() {
  static Runtime instance;
  return instance;
}

EMSCRIPTEN_BINDINGS(optlab_core) {
  using namespace emscripten;
  register_type<Float32View>("Float32Array");
  register_type<BuildName>("'simd' | 'simd-threads' | 'relaxed' | 'relaxed-threads'");

  value_object<BuildInfo>("BuildInfo")
      .field("version", &BuildInfo::version)
      .field("build", &BuildInfo::build)
      .field("isa", &BuildInfo::isa)
      .field("threads", &BuildInfo::threads)
      .field("memoryBytes", &BuildInfo::memory_bytes);
  function("buildInfo", &build_info);
  function("setThreads", guard<&set_threads>);
  function("clockTick", guard<&measure::clock_tick>);
  function("memoryInUse", &memory_in_use);
  function("scratchHighWater", &scratch_high_water);

  // Depth, rows and columns of the blocks that products are cut into; in elements.
  value_object<BlockingValue>("Blocking")
      .field("depth", &BlockingValue::depth)
      .field("rows", &BlockingValue::rows)
      .field("columns", &BlockingValue::columns);
  function("gemmBlocking", &gemm_blocking);
  function("setGemmBlocking", guard<&set_gemm_blocking>);  // for the products and races that follow

  // A row-major float32 matrix in WebAssembly memory. view() is live and short-lived: use it at once and drop it.
  class_<Tensor>("Tensor")
      .constructor(guard<&make_tensor>, return_value_policy::take_ownership())
      .function("rows", &tensor_rows)
      .function("columns", &tensor_columns)
      .function("view", &tensor_view);
}

}  // namespace optlab::bindings
