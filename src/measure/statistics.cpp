#include "measure/statistics.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/error.h"

namespace optlab::measure {

double quantile(std::span<const double> sorted, double p) {
  if (sorted.empty()) throw std::invalid_argument("quantile: no samples");
  if (std::isnan(p) || p < 0.0 || p > 1.0) throw std::invalid_argument("quantile: p must lie in 0..1");
  const double position = static_cast<double>(sorted.size() - 1) * p;
  const auto below = static_cast<std::size_t>(position);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (position - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

int median_interval_rank(int n) {
  if (n < 1) return 0;
  // Probabilities relative to the central one, since (1/2)^n underflows for large n: weight(k) = C(n,k) / C(n,n/2).
  std::vector<double> weights(static_cast<std::size_t>(n) / 2 + 1);
  const int middle = n / 2;
  weights[static_cast<std::size_t>(middle)] = 1.0;
  for (int k = middle; k > 0; --k) {
    weights[static_cast<std::size_t>(k) - 1] = weights[static_cast<std::size_t>(k)] * k / (n - k + 1);
  }
  double total = 0.0;  // of the lower half, then of all: C(n,k) = C(n,n-k)
  for (double weight : weights) total += weight;
  total = 2.0 * total - (n % 2 == 0 ? 1.0 : 0.0);

  int rank = 0;
  double tail = 0.0;
  for (double weight : weights) {
    tail += weight;
    if (tail > 0.025 * total) break;
    ++rank;
  }
  return rank;
}

Statistics summarize(std::span<const double> samples) {
  if (samples.empty()) throw std::invalid_argument("summarize: no samples");
  std::vector<double> sorted(samples.begin(), samples.end());
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    if (!std::isfinite(sorted[i])) {
      throw std::invalid_argument("summarize: sample " + std::to_string(i) + " is " + format_number(sorted[i]) +
                                  "; samples must be finite");
    }
  }
  std::sort(sorted.begin(), sorted.end());
  Statistics result;
  result.count = static_cast<int>(sorted.size());
  result.min = sorted.front();
  result.max = sorted.back();
  result.median = quantile(sorted, 0.5);
  result.p5 = quantile(sorted, 0.05);
  result.p95 = quantile(sorted, 0.95);
  for (double sample : sorted) result.mean += sample / result.count;
  double squares = 0.0;
  for (double sample : sorted) squares += (sample - result.mean) * (sample - result.mean);
  if (result.count > 1) result.stddev = std::sqrt(squares / (result.count - 1));

  std::vector<double> deviations;
  deviations.reserve(sorted.size());
  for (double sample : sorted) deviations.push_back(std::abs(sample - result.median));
  std::sort(deviations.begin(), deviations.end());
  result.mad = quantile(deviations, 0.5);

  const int rank = median_interval_rank(result.count);
  result.interval_is_range = rank == 0;
  const auto from_end = static_cast<std::size_t>(std::max(rank, 1));
  result.low = sorted[from_end - 1];
  result.high = sorted[sorted.size() - from_end];
  return result;
}

}  // namespace optlab::measure
