#pragma once

#include <memory>
#include <vector>

#include "gemm/packed_matrix.h"
#include "measure/race.h"
#include "sparse/sparse.h"

/// Where sparse begins to win, as measured.
namespace optlab::sparse {

/// Weights in [-1, 1), each block stored with probability `density`.
/// Throws: std::invalid_argument for negative extents or a density outside 0..1; std::bad_alloc.
BlockMatrix random_matrix(int K, int N, Format format, double density, std::uint64_t seed);

/// The outcome for one shape, format, mode and number of threads on this device.
struct Crossover {
  /// How long the sparse product took at a density.
  struct Point {
    double density;  // of blocks, see BlockMatrix::density
    measure::Lane lane;
  };

  int M, K, N;
  Format format;
  gemm::Mode mode;
  int threads;
  /// Sparse is faster below it: between the last measured density at which it won and the first at which it lost, where
  /// the line through both meets the dense time. 0: it lost at all of them; 1: it won at all.
  double density;
  measure::Lane dense;        // W packed beforehand, as sparse weights are
  std::vector<Point> sparse;  // density ascending
};

/// Races C[M,N] = A[M,K]·W[K,N] with a dense W, packed before the clock starts, against the same with sparse ones of
/// several densities, each by the fastest rung of `mode`. The zeros lie at random and evenly: weights whose outputs differ
/// much in fullness are a little slower.
///
/// Throws: std::invalid_argument for dimensions below 1 or above 2^31-1 elements; std::bad_alloc.
/// Memory: 4·(M·K + 2·K·N + M·N) bytes and the sparse matrices: up to 3 times 8·K·N (CSR).
class CrossoverProbe {
 public:
  /// `pool` must outlive the probe.
  CrossoverProbe(int M, int K, int N, Format format, gemm::Mode mode, parallel::ThreadPool& pool,
                 measure::SamplingOptions options = {}, const gemm::Blocking& blocking = {});
  ~CrossoverProbe();
  CrossoverProbe(const CrossoverProbe&) = delete;
  CrossoverProbe& operator=(const CrossoverProbe&) = delete;

  /// Runs one batch; false when all is measured.
  bool step();
  /// 0 to 1, never falling.
  double progress() const;
  /// The lanes: dense, then sparse at each of densities().
  const measure::Race& race() const;
  /// The densities of the sparse matrices, ascending.
  std::vector<double> densities() const;
  /// Throws std::logic_error until every lane has a sample.
  Crossover result() const;

 private:
  struct Bench;
  std::unique_ptr<Bench> bench_;
};

/// The same in one call, which takes options.max_seconds.
Crossover crossover(int M, int K, int N, Format format, gemm::Mode mode, parallel::ThreadPool& pool,
                    measure::SamplingOptions options = {}, const gemm::Blocking& blocking = {});

/// Where the line through the points meets dense_seconds; see Crossover::density. `densities` ascend.
double crossing(double dense_seconds, std::span<const double> densities, std::span<const double> sparse_seconds);

/// Weights held in whichever form a measured crossover says is the faster, and in that form only.
class AdaptiveMatrix {
 public:
  /// W[K,N] without what `mask` prunes. The crossover's K and N must be W's; its M should be about that of the products to
  /// come.
  /// Throws: as BlockMatrix, and std::invalid_argument if the crossover is for another K or N.
  AdaptiveMatrix(ConstMatrixView w, const Crossover& crossover, Mask mask = {});

  bool is_sparse() const { return is_sparse_; }
  std::size_t bytes() const { return is_sparse_ ? sparse_.bytes() : dense_.bytes(); }
  /// The density of its blocks, whichever form it has.
  double density() const { return density_; }

  const BlockMatrix& sparse() const { return sparse_; }
  const gemm::PackedMatrix& dense() const { return dense_; }
  gemm::Mode mode() const { return mode_; }
  const gemm::Variant& dense_variant() const { return *dense_variant_; }

 private:
  gemm::Mode mode_;
  double density_;
  bool is_sparse_;
  BlockMatrix sparse_;
  gemm::PackedMatrix dense_;
  const gemm::Variant* dense_variant_;
};

/// The dispatcher: C = activation(A·W + bias) by the form that W is held in. In exact mode the bits are the same in either,
/// as long as A is finite (see `multiply` in sparse.h). Throws as that.
void multiply(ConstMatrixView a, const AdaptiveMatrix& w, MatrixView c, const gemm::Epilogue& epilogue,
              gemm::Context& context);

}  // namespace optlab::sparse
