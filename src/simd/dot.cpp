#include <cstdint>

namespace optlab::simd {

// See dot_wasm128.h.
extern const std::int16_t kOnes[8];
const std::int16_t kOnes[8] = {1, 1, 1, 1, 1, 1, 1, 1};

}  // namespace optlab::simd
