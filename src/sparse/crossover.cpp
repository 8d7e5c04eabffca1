#include "sparse/crossover.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>
#include <utility>

#include "core/error.h"
#include "core/rng.h"

namespace optlab::sparse {
namespace {

/// Time grows almost in a line with density, so a few suffice; more lie where crossings do.
constexpr double kDensities[] = {0.03, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0};

Shape checked_shape(int M, int K, int N, int rows, int columns) {
  if (M < 1 || K < 1 || N < 1) {
    throw_invalid({"crossover: M, K, N are ", format_shape({M, K, N}), "; each must be >= 1"});
  }
  return {rows, columns};
}

}  // namespace

BlockMatrix random_matrix(int K, int N, Format format, double density, std::uint64_t seed) {
  if (std::isnan(density) || density < 0.0 || density > 1.0) {
    throw_invalid({"random_matrix: density ", density, "; 0 to 1 is allowed"});
  }
  Tensor w(Shape{K, N});
  Rng(seed, 0).fill_uniform(w.values(), -1.0F, 1.0F);
  const MatrixView view{w.values().data(), K, N, N, 1};
  const BlockShape shape = shape_of(format);
  const Rng places(seed, 1);
  std::uint64_t place = 0;
  for (int n = 0; n < N; n += shape.columns) {
    for (int k = 0; k < K; k += shape.depth) {
      if (places.uniform(place++) < density) continue;
      for (int i = k; i < std::min(k + shape.depth, K); ++i) {
        std::fill(view.row(i) + n, view.row(i) + std::min(n + shape.columns, N), 0.0F);
      }
    }
  }
  return {view, format};
}

/// Operands and race. Its address stays, since the contenders refer to it.
struct CrossoverProbe::Bench {
  Bench(int M, int K, int N, Format format_, gemm::Mode mode_, parallel::ThreadPool& pool_,
        measure::SamplingOptions options, const gemm::Blocking& blocking)
      : format(format_),
        mode(mode_),
        pool(pool_),
        context{pool, scratch, blocking},
        a(checked_shape(M, K, N, M, K)),
        c(Shape{M, N}),
        dense_variant(gemm::best(mode, M, N, K, pool.threads())),
        dense(packed(K, N)),
        sparse(matrices(K, N)),
        race(contenders(), std::move(options)) {
    Rng(1, 0).fill_uniform(a.values(), -1.0F, 1.0F);
  }

  gemm::PackedMatrix packed(int K, int N) const {
    Tensor w(Shape{K, N});
    Rng(1, 1).fill_uniform(w.values(), -1.0F, 1.0F);
    return {dense_variant, std::as_const(w).matrix()};
  }
  std::vector<BlockMatrix> matrices(int K, int N) const {
    std::vector<BlockMatrix> all(std::size(kDensities));
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = random_matrix(K, N, format, kDensities[i], 2);
    return all;
  }
  std::vector<measure::Contender> contenders() {
    const double flops = 2.0 * static_cast<double>(a.size()) * c.shape()[1];
    const double moved = 4.0 * static_cast<double>(a.size() + c.size());
    std::vector<measure::Contender> all(sparse.size() + 1);
    all[0] = {"dense", [this] { gemm::multiply(dense_variant, a.matrix(), dense, c.matrix(), {}, context); }, flops,
              moved + static_cast<double>(dense.bytes())};
    for (std::size_t i = 0; i < sparse.size(); ++i) {
      const BlockMatrix& w = sparse[i];
      all[i + 1] = {std::string(name_of(format)) + "@" + format_number(w.density()).substr(0, 5),
                    [this, &w] {
                      multiply({a.matrix(), w, c.matrix()}, context, mode);
                    },
                    flops * w.density(), moved + static_cast<double>(w.bytes())};
    }
    return all;
  }

  Format format;
  gemm::Mode mode;
  parallel::ThreadPool& pool;
  Arena scratch;
  gemm::Context context;
  Tensor a, c;
  const gemm::Variant& dense_variant;
  gemm::PackedMatrix dense;
  std::vector<BlockMatrix> sparse;
  measure::Race race;
};

CrossoverProbe::CrossoverProbe(int M, int K, int N, Format format, gemm::Mode mode, parallel::ThreadPool& pool,
                               measure::SamplingOptions options, const gemm::Blocking& blocking)
    : bench_(std::make_unique<Bench>(M, K, N, format, mode, pool, std::move(options), blocking)) {}

CrossoverProbe::~CrossoverProbe() = default;

bool CrossoverProbe::step() { return bench_->race.step(); }

double CrossoverProbe::progress() const { return bench_->race.progress(); }

const measure::Race& CrossoverProbe::race() const { return bench_->race; }

std::vector<double> CrossoverProbe::densities() const {
  std::vector<double> densities(bench_->sparse.size());
  for (std::size_t i = 0; i < densities.size(); ++i) densities[i] = bench_->sparse[i].density();
  return densities;
}

Crossover CrossoverProbe::result() const {
  const Bench& bench = *bench_;
  const std::vector<measure::Lane> lanes = bench.race.lanes();
  if (!std::ranges::all_of(lanes, [](const measure::Lane& lane) { return lane.statistics.has_value(); })) {
    throw std::logic_error("crossover: not every density has been measured yet; step until it is over");
  }
  Crossover found{bench.a.shape()[0],
                  bench.a.shape()[1],
                  bench.c.shape()[1],
                  bench.format,
                  bench.mode,
                  bench.pool.threads(),
                  0.0,
                  lanes.front(),
                  {}};
  const std::vector<double> densities = this->densities();
  std::vector<double> seconds(densities.size());
  found.sparse.resize(densities.size());
  for (std::size_t i = 0; i < densities.size(); ++i) {
    found.sparse[i] = {densities[i], lanes[i + 1]};
    seconds[i] = lanes[i + 1].statistics->median;
  }
  found.density = crossing(lanes.front().statistics->median, densities, seconds);
  return found;
}

Crossover crossover(int M, int K, int N, Format format, gemm::Mode mode, parallel::ThreadPool& pool,
                    measure::SamplingOptions options, const gemm::Blocking& blocking) {
  CrossoverProbe probe(M, K, N, format, mode, pool, std::move(options), blocking);
  while (probe.step()) {
  }
  return probe.result();
}

double crossing(double dense_seconds, std::span<const double> densities, std::span<const double> sparse_seconds) {
  const auto lost = std::ranges::find_if(sparse_seconds, [&](double seconds) { return seconds >= dense_seconds; });
  if (lost == sparse_seconds.begin()) return 0.0;
  if (lost == sparse_seconds.end()) return 1.0;
  const auto i = static_cast<std::size_t>(lost - sparse_seconds.begin());
  const double part = (dense_seconds - sparse_seconds[i - 1]) / (sparse_seconds[i] - sparse_seconds[i - 1]);
  return densities[i - 1] + part * (densities[i] - densities[i - 1]);
}

AdaptiveMatrix::AdaptiveMatrix(ConstMatrixView w, const Crossover& crossover, Mask mask)
    : mode_(crossover.mode),
      sparse_(w, crossover.format, mask),
      dense_variant_(&gemm::best(crossover.mode, crossover.M, crossover.N, crossover.K, crossover.threads)) {
  if (w.rows != crossover.K || w.columns != crossover.N) {
    throw_invalid({"AdaptiveMatrix: W is ", format_shape({w.rows, w.columns}), ", the crossover was measured for ",
                   format_shape({crossover.K, crossover.N})});
  }
  density_ = sparse_.density();
  is_sparse_ = density_ < crossover.density;
  if (is_sparse_) return;
  const Tensor pruned = sparse_.to_dense();  // W without the masked weights
  dense_ = gemm::PackedMatrix(*dense_variant_, {pruned.values().data(), w.rows, w.columns, w.columns, 1});
  sparse_ = BlockMatrix();
}

void multiply(ConstMatrixView a, const AdaptiveMatrix& w, MatrixView c, const gemm::Epilogue& epilogue,
              gemm::Context& context) {
  if (w.is_sparse()) return multiply({a, w.sparse(), c, epilogue}, context, w.mode());
  gemm::multiply(w.dense_variant(), a, w.dense(), c, epilogue, context);
}

}  // namespace optlab::sparse
