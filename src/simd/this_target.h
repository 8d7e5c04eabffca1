#pragma once

/// For a module's target.cpp: the policies of the target that it is being compiled for. CMake defines OPTLAB_TARGET_<name>
/// (cmake/optlab_module.cmake); each macro below applies X to the policies of one kind.
///
///   OPTLAB_EXACT_POLICIES  float32, multiply-add rounds twice
///   OPTLAB_FUSED_POLICIES  float32, it rounds once
///   OPTLAB_WIDEN_POLICIES  those of both kinds that also widen halves, bytes and nibbles (simd/widen.h)
///   OPTLAB_DOT_POLICIES    integer products (simd/dot.h)
#if defined(OPTLAB_TARGET_SCALAR)
#include "simd/dot.h"
#include "simd/scalar.h"
#include "simd/widen.h"
#define OPTLAB_EXACT_POLICIES(X) X(simd::Scalar)
#define OPTLAB_FUSED_POLICIES(X)
#define OPTLAB_WIDEN_POLICIES(X) X(simd::Scalar)
#define OPTLAB_DOT_POLICIES(X) X(simd::ScalarDot)
#elif defined(OPTLAB_TARGET_AVX2)
#include "simd/avx2.h"
#include "simd/avx_quad.h"
#include "simd/dot_avx2.h"
#include "simd/widen_avx2.h"
#define OPTLAB_EXACT_POLICIES(X) X(simd::Avx2)
#define OPTLAB_FUSED_POLICIES(X)
#define OPTLAB_WIDEN_POLICIES(X) X(simd::Avx2)
#define OPTLAB_DOT_POLICIES(X) X(simd::Avx2Dot16) X(simd::Avx2Dot)
#elif defined(OPTLAB_TARGET_FMA)
#include "simd/avx2.h"
#include "simd/avx_quad.h"
#include "simd/widen_avx2.h"
#define OPTLAB_EXACT_POLICIES(X)
#define OPTLAB_FUSED_POLICIES(X) X(simd::Avx2Fma)
#define OPTLAB_WIDEN_POLICIES(X) X(simd::Avx2Fma)
#define OPTLAB_DOT_POLICIES(X)
#elif defined(OPTLAB_TARGET_AVX512)
#include "simd/avx512.h"
#include "simd/avx_quad.h"
#define OPTLAB_EXACT_POLICIES(X) X(simd::Avx512)
#define OPTLAB_FUSED_POLICIES(X) X(simd::Avx512Fma)
#define OPTLAB_WIDEN_POLICIES(X)
#define OPTLAB_DOT_POLICIES(X)
#elif defined(OPTLAB_TARGET_AVX512VNNI)
#include "simd/dot_avx512.h"
#define OPTLAB_EXACT_POLICIES(X)
#define OPTLAB_FUSED_POLICIES(X)
#define OPTLAB_WIDEN_POLICIES(X)
#define OPTLAB_DOT_POLICIES(X) X(simd::Avx512Dot)
#elif defined(OPTLAB_TARGET_NEON)
#include "simd/dot_neon.h"
#include "simd/neon.h"
#include "simd/widen_neon.h"
#define OPTLAB_EXACT_POLICIES(X) X(simd::Neon)
#define OPTLAB_FUSED_POLICIES(X) X(simd::NeonFma)
#define OPTLAB_WIDEN_POLICIES(X) X(simd::Neon) X(simd::NeonFma)
#define OPTLAB_DOT_POLICIES(X) X(simd::NeonDot16) X(simd::NeonDot)
#elif defined(OPTLAB_TARGET_WASM128)
#include "simd/dot_wasm128.h"
#include "simd/wasm128.h"
#include "simd/widen_wasm128.h"
#define OPTLAB_EXACT_POLICIES(X) X(simd::Wasm128)
#define OPTLAB_FUSED_POLICIES(X)
#define OPTLAB_WIDEN_POLICIES(X) X(simd::Wasm128)
#define OPTLAB_DOT_POLICIES(X) X(simd::Wasm128Dot16)
#elif defined(OPTLAB_TARGET_RELAXED)
#include "simd/dot_wasm128.h"
#include "simd/wasm128.h"
#include "simd/widen_wasm128.h"
#define OPTLAB_EXACT_POLICIES(X)
#define OPTLAB_FUSED_POLICIES(X) X(simd::WasmRelaxed)
#define OPTLAB_WIDEN_POLICIES(X) X(simd::WasmRelaxed)
#define OPTLAB_DOT_POLICIES(X) X(simd::WasmRelaxedDot) X(simd::WasmRelaxedDotAdd)
#else
#error "only a module's target.cpp includes this, and CMake defines its target"
#endif
