#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "profile/nest_simulation.h"

/// The loops of loop_nests.cpp as a real program, for tools/cache-check.ts, which compares what cachegrind counts of them with what the
/// simulator says:
///
///   profile_cache_loops run NEST N BLOCK PADDING
///   profile_cache_loops simulate NEST N BLOCK PADDING SIZE,LINE,WAYS…
///
/// Elements are volatile, so that each is loaded and stored just where the source says.

using Element = volatile float;

namespace {

struct Matrix {
  Element* data;
  int stride;
  Element* operator[](int row) const { return data + static_cast<std::ptrdiff_t>(row) * stride; }
};

int tile_end(int tile, int block, int n) { return tile + block < n ? tile + block : n; }

}  // namespace

// With C names, by which cachegrind's file tells them apart.
#define OPTLAB_NEST(name) extern "C" __attribute__((noinline)) void nest_##name

OPTLAB_NEST(matmul_ijk)(Matrix A, Matrix B, Matrix C, int n, int /*block*/) {
  for (int i = 0; i < n; ++i)
    for (int j = 0; j < n; ++j) {
      float sum = 0;
      for (int k = 0; k < n; ++k) sum += A[i][k] * B[k][j];
      C[i][j] = sum;
    }
}

OPTLAB_NEST(matmul_jik)(Matrix A, Matrix B, Matrix C, int n, int /*block*/) {
  for (int j = 0; j < n; ++j)
    for (int i = 0; i < n; ++i) {
      float sum = 0;
      for (int k = 0; k < n; ++k) sum += A[i][k] * B[k][j];
      C[i][j] = sum;
    }
}

OPTLAB_NEST(matmul_ikj)(Matrix A, Matrix B, Matrix C, int n, int /*block*/) {
  for (int i = 0; i < n; ++i)
    for (int k = 0; k < n; ++k) {
      const float a = A[i][k];
      for (int j = 0; j < n; ++j) {
        const float term = a * B[k][j];
        C[i][j] = C[i][j] + term;
      }
    }
}

OPTLAB_NEST(matmul_jki)(Matrix A, Matrix B, Matrix C, int n, int /*block*/) {
  for (int j = 0; j < n; ++j)
    for (int k = 0; k < n; ++k) {
      const float b = B[k][j];
      for (int i = 0; i < n; ++i) {
        const float term = A[i][k] * b;
        C[i][j] = C[i][j] + term;
      }
    }
}

OPTLAB_NEST(matmul_blocked)(Matrix A, Matrix B, Matrix C, int n, int block) {
  for (int ii = 0; ii < n; ii += block)
    for (int kk = 0; kk < n; kk += block)
      for (int jj = 0; jj < n; jj += block)
        for (int i = ii; i < tile_end(ii, block, n); ++i)
          for (int k = kk; k < tile_end(kk, block, n); ++k) {
            const float a = A[i][k];
            for (int j = jj; j < tile_end(jj, block, n); ++j) {
              const float term = a * B[k][j];
              C[i][j] = C[i][j] + term;
            }
          }
}

OPTLAB_NEST(transpose)(Matrix A, Matrix B, Matrix /*C*/, int n, int /*block*/) {
  for (int i = 0; i < n; ++i)
    for (int j = 0; j < n; ++j) B[j][i] = A[i][j];
}

OPTLAB_NEST(transpose_blocked)(Matrix A, Matrix B, Matrix /*C*/, int n, int block) {
  for (int ii = 0; ii < n; ii += block)
    for (int jj = 0; jj < n; jj += block)
      for (int i = ii; i < tile_end(ii, block, n); ++i)
        for (int j = jj; j < tile_end(jj, block, n); ++j) B[j][i] = A[i][j];
}

OPTLAB_NEST(column_sum)(Matrix A, Matrix s, Matrix /*C*/, int n, int /*block*/) {
  for (int j = 0; j < n; ++j) {
    float sum = 0;
    for (int i = 0; i < n; ++i) sum += A[i][j];
    s.data[j] = sum;
  }
}

OPTLAB_NEST(column_sum_by_rows)(Matrix A, Matrix s, Matrix /*C*/, int n, int /*block*/) {
  for (int i = 0; i < n; ++i)
    for (int j = 0; j < n; ++j) {
      const float element = A[i][j];
      s.data[j] = s.data[j] + element;
    }
}

namespace {

using optlab::profile::CacheCounters;
using optlab::profile::CacheLevel;
using optlab::profile::LoopNest;
using optlab::profile::NestOptions;
using optlab::profile::NestSimulation;
using optlab::profile::NestSpec;

struct Loops {
  const char* name;
  void (*run)(Matrix, Matrix, Matrix, int, int);
};

constexpr Loops kLoops[] = {{"matmul_ijk", nest_matmul_ijk},
                            {"matmul_jik", nest_matmul_jik},
                            {"matmul_ikj", nest_matmul_ikj},
                            {"matmul_jki", nest_matmul_jki},
                            {"matmul_blocked", nest_matmul_blocked},
                            {"transpose", nest_transpose},
                            {"transpose_blocked", nest_transpose_blocked},
                            {"column_sum", nest_column_sum},
                            {"column_sum_by_rows", nest_column_sum_by_rows}};

/// Runs them on memory that nobody has touched, laid out as the nest lays it out; addresses agree modulo `kAlign`, which is more than
/// the sets of any cache span that is compared.
int run(const NestSpec& spec, const NestOptions& options) {
  constexpr std::size_t kAlign = 1 << 20;
  const LoopNest nest(spec, options);
  auto* memory = static_cast<std::byte*>(std::aligned_alloc(kAlign, (nest.bytes() / kAlign + 1) * kAlign));
  std::array<Matrix, 3> arrays{};
  for (std::size_t i = 0; i < spec.arrays.size(); ++i) {
    arrays[i] = {reinterpret_cast<Element*>(memory + nest.base(static_cast<int>(i))), options.n + options.padding};
  }
  for (const Loops& loops : kLoops) {
    if (spec.name != loops.name) continue;
    loops.run(arrays[0], arrays[1], arrays[2], options.n, options.block);
    std::free(memory);
    return 0;
  }
  std::fprintf(stderr, "profile_cache_loops: %s has no loops here\n", std::string(spec.name).c_str());
  return 2;
}

int simulate(const NestSpec& spec, const NestOptions& options, const std::vector<CacheLevel>& levels) {
  NestSimulation simulation(spec, options, levels);
  simulation.run(std::numeric_limits<std::int64_t>::max());
  for (int level = 0; level < simulation.caches().levels(); ++level) {
    const CacheCounters counters = simulation.caches().counters(level);
    std::printf("level\t%d\t%lld\t%lld\n", level, static_cast<long long>(counters.read_misses),
                static_cast<long long>(counters.write_misses));
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 6) {
    std::fputs("usage: profile_cache_loops run|simulate NEST N BLOCK PADDING [SIZE,LINE,WAYS]...\n", stderr);
    return 2;
  }
  const NestSpec& spec = optlab::profile::nest(argv[2]);
  const NestOptions options{std::atoi(argv[3]), std::atoi(argv[4]), std::atoi(argv[5])};
  if (std::strcmp(argv[1], "run") == 0) return run(spec, options);
  std::vector<CacheLevel> levels;
  for (int i = 6; i < argc; ++i) {
    CacheLevel level{};
    if (std::sscanf(argv[i], "%d,%d,%d", &level.size, &level.line, &level.ways) != 3) return 2;
    levels.push_back(level);
  }
  return simulate(spec, options, levels);
}
