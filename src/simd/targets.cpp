#include "simd/targets.h"

namespace optlab::simd {

Row row_of(const Target& target, bool threaded, const Ideas& ideas) {
  const std::string_view alone = target.fused ? ideas.fused : target.wide ? ideas.wide : ideas.simd;
  const std::string_view together = target.fused ? ideas.fused_threads : ideas.threads;
  return {threaded ? target.threaded : target.name,
          threaded ? together : alone,
          target.isa,
          target.mode(),
          threaded,
          target.supported};
}

}  // namespace optlab::simd
