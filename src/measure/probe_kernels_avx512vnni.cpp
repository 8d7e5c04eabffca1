#include "measure/int8_probe_kernel.h"
#include "simd/dot_avx512.h"

namespace optlab::measure::detail {

constinit const Int8Probe kInt8ProbeVnni = make_int8_probe<simd::Avx512Dot, 5, 8, 12>();

}  // namespace optlab::measure::detail
