#pragma once

#include <emscripten/val.h>

#include <memory>

#include "bindings/language_model.h"
#include "gemm/gemm.h"
#include "lm/decoder.h"

namespace optlab::bindings {

/// The type of a decoder's settings in TypeScript. `guest`: by the guests in the slots of kvcache/guest.h; `stream`: positions
/// within the cache, so that there is no last one; `sequences`: side by side, 1 if it isn't said.
inline constexpr const char* kDecoderSettings =
    "{ window: number; sinks: number; storage: 'f32' | 'fp16' | 'int8'; weights: 'f32' | 'fp16' | 'int8' | 'int4' | "
    "'int8-dot'; mode: 'exact' | 'fast'; guest?: boolean; stream?: boolean; sequences?: number }";

/// A decoder with its model and the library's threads.
struct Decoding {
  /// `settings` as the exported Decoder has them. Throws std::invalid_argument naming what is wrong with them.
  Decoding(const LanguageModel& of, const emscripten::val& settings);

  std::shared_ptr<lm::Lm> model;
  gemm::Context context;
  lm::Decoder decoder;
};

}  // namespace optlab::bindings
