// OptLab's own library. Rows: "fast" and "exact", the best rung of that mode, and "fast_prepacked", its B packed beforehand; of integers
// "fast", B packed beforehand. The instruction set: environment variable OPTLAB_ISA.
#include <algorithm>
#include <cstddef>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <vector>

#include "attention/attention.h"
#include "attention/row_ops.h"
#include "conv/conv.h"
#include "conv/int8_conv.h"
#include "conv/packed_filter.h"
#include "gemm/gemm.h"
#include "gemm/int8_gemm.h"
#include "gemm/packed_matrix.h"
#include "harness.h"
#include "image/cnn.h"
#include "image/mlp.h"
#include "image/trainer.h"
#include "measure/roofline_probe.h"
#include "simd/isa.h"
#include "sparse/sparse.h"

namespace {

optlab::gemm::Mode mode_of(const std::string& row) {
  if (row == "fast") return optlab::gemm::Mode::kFast;
  if (row == "exact") return optlab::gemm::Mode::kExact;
  throw std::invalid_argument("no row '" + row + "'");
}

/// An epoch is a step, since all images are one batch: then the order in which they are shuffled changes nothing but rounding.
class Trainee : public optlab::peers::Trainee {
 public:
  Trainee(const optlab::peers::Training& problem, optlab::gemm::Mode mode, optlab::gemm::Context& context)
      : compute_{nullptr, context, mode} {
    const std::size_t batch = static_cast<std::size_t>(problem.batch);
    data_ = {784, {problem.images, problem.images + batch * 784}, {problem.labels, problem.labels + batch}};
    constexpr int kSizes[] = {784, 256, 128, 10};
    if (problem.convolutional) {
      model_ = std::make_unique<optlab::image::Cnn>(optlab::image::CnnOptions{.dropout = 0.0F});
    } else {
      model_ = std::make_unique<optlab::image::Mlp>(kSizes);
    }
    model_->initialize(1);  // for biases and norms
    std::size_t found = 0;
    for (optlab::nn::Parameter* tensor : model_->tensors()) {
      for (const auto& weight : problem.weights) {
        if (weight.name != tensor->name) continue;
        const std::span<float> values = tensor->value.values();
        std::copy_n(weight.values, values.size(), values.begin());
        ++found;
      }
    }
    if (found != problem.weights.size()) throw std::logic_error("the model has not all of the weights");
    trainer_ = std::make_unique<optlab::image::Trainer>(
        *model_, data_,
        optlab::image::TrainingOptions{
            .epochs = problem.steps, .batch = problem.batch, .learning_rate = problem.learning_rate, .cosine = false});
    start_ = trainer_->save();
  }

  double step() override { return trainer_->step(compute_).loss; }
  void restart() override { trainer_->restore(start_); }

 private:
  optlab::nn::Compute compute_;
  optlab::image::Dataset data_;
  std::unique_ptr<optlab::image::Model> model_;
  std::unique_ptr<optlab::image::Trainer> trainer_;
  std::vector<std::byte> start_;
};

class Ours : public optlab::peers::Library {
 public:
  std::string details() const override { return "OptLab, " + optlab::simd::isa_name(); }

  std::unique_ptr<optlab::peers::Prepared> product(const optlab::peers::Product& p, const std::string& row) override {
    using namespace optlab::gemm;
    const bool prepacked = row.ends_with(kPrepacked);
    const std::string mode = prepacked ? row.substr(0, row.size() - kPrepacked.size()) : row;
    const Variant& rung = best(mode_of(mode), p.m, p.n, p.k, pool_.threads());
    const Problem problem{{p.a, p.m, p.k, p.k}, {p.b, p.k, p.n, p.n}, {p.c, p.m, p.n, p.n}};
    if (!prepacked) return optlab::peers::prepared([this, &rung, problem] { multiply(rung, problem, context_); });
    return optlab::peers::prepared([this, &rung, problem, b = PackedMatrix(rung, problem.b)] {
      multiply(rung, problem.a, b, problem.c, {}, context_);
    });
  }

  std::unique_ptr<optlab::peers::Prepared> int8_product(const optlab::peers::Int8Product& p,
                                                        const std::string&) override {
    using namespace optlab::gemm;
    const Int8Variant& rung = best_int8(7, pool_.threads());
    const ActivationView a{p.a, p.m, p.k, p.k, 1};
    const SumView c{p.c, p.m, p.n, p.n, 1};
    return optlab::peers::prepared(
        [this, &rung, a, c, b = PackedInt8(rung, {p.b, p.k, p.n, p.n, 1})] { multiply_int8(rung, a, b, c, context_); });
  }

  std::unique_ptr<optlab::peers::Prepared> sparse_product(const optlab::peers::Product& p,
                                                          const std::string& row) override {
    using namespace optlab::sparse;
    const Variant& rung = best(mode_of(row), pool_.threads());
    const optlab::ConstMatrixView a{p.a, p.m, p.k, p.k};
    const optlab::MatrixView c{p.c, p.m, p.n, p.n};
    return optlab::peers::prepared([this, &rung, a, c, w = BlockMatrix({p.b, p.k, p.n, p.n}, Format::kBlock1x4)] {
      multiply(rung, {a, w, c}, context_);
    });
  }

  std::unique_ptr<optlab::peers::Prepared> convolution(const optlab::peers::Convolution& p,
                                                       const std::string& row) override {
    using namespace optlab::conv;
    const Geometry g = geometry_of(p);
    const Variant& rung = best(mode_of(row), g, pool_.threads());
    const std::span<const float> x(p.x, g.input_count());
    const std::span<float> y(p.y, g.output_count());
    return optlab::peers::prepared(
        [this, &rung, g, x, y, bias = p.bias, filter = PackedFilter(rung, g, {p.weights, g.weight_count()})] {
          convolve(rung, g, x, filter, y, {bias}, context_);
        });
  }

  std::unique_ptr<optlab::peers::Prepared> int8_convolution(const optlab::peers::Int8Convolution& p,
                                                            const std::string&) override {
    using namespace optlab::conv;
    const Geometry g = geometry_of(p);
    const optlab::gemm::Int8Variant& rung = optlab::gemm::best_int8(7, pool_.threads());
    const std::span<const std::uint8_t> x(p.x, g.input_count());
    const std::span<std::int32_t> y(p.y, g.output_count());
    return optlab::peers::prepared(
        [this, &rung, x, y, filter = PackedInt8Filter(rung, g, {p.weights, g.weight_count()})] {
          convolve_int8(rung, x, 0, filter, y, context_);
        });
  }

  std::unique_ptr<optlab::peers::Prepared> attention(const optlab::peers::Attention& p,
                                                     const std::string& row) override {
    using namespace optlab::attention;
    const Variant& rung = best(mode_of(row), pool_.threads());
    Problem problem{.q = heads_view(p.q, p.queries, p.heads, p.size),
                    .k = heads_view(p.k, p.keys, p.key_heads, p.size),
                    .v = heads_view(p.v, p.keys, p.key_heads, p.size),
                    .out = heads_view(p.out, p.queries, p.heads, p.size),
                    .causal = p.causal,
                    .first_query = p.keys - p.queries};
    const std::size_t floats = p.queries < p.keys ? key_panel_floats(p.keys, p.size) : 0;
    optlab::AlignedBuffer<float> panels(floats * static_cast<std::size_t>(p.key_heads));
    if (floats > 0) {
      pack_keys(problem.k, 0, panels.data(), static_cast<std::ptrdiff_t>(floats));
      problem.k_panels = {panels.data(), static_cast<std::ptrdiff_t>(floats)};
    }
    return optlab::peers::prepared([this, &rung, problem, panels = std::move(panels)] {
      Context context{pool_, scratch_};
      attend(rung, problem, context);
    });
  }

  std::unique_ptr<optlab::peers::Prepared> row_operation(const optlab::peers::RowOperation& p,
                                                         const std::string&) override {
    using namespace optlab::attention;
    const RowVariant& rung = best_rows(pool_.threads());
    const optlab::ConstMatrixView x{p.x, p.rows, p.columns, p.columns};
    const optlab::MatrixView y{p.y, p.rows, p.columns, p.columns};
    const std::span<const float> weight(p.weight, static_cast<std::size_t>(p.columns));
    const std::span<const float> bias(p.bias, weight.size());
    const float epsilon = optlab::peers::kNormEpsilon;
    if (p.operation == "softmax") return optlab::peers::prepared([=, this, &rung] { softmax(rung, x, y, pool_); });
    if (p.operation == "gelu") return optlab::peers::prepared([=, this, &rung] { gelu(rung, x, y, pool_); });
    if (p.operation == "rms_norm") {
      return optlab::peers::prepared([=, this, &rung] { rms_norm(rung, x, weight, epsilon, y, pool_); });
    }
    return optlab::peers::prepared([=, this, &rung] { layer_norm(rung, x, weight, bias, epsilon, y, pool_); });
  }

  std::unique_ptr<optlab::peers::Trainee> training(const optlab::peers::Training& problem,
                                                   const std::string& row) override {
    return std::make_unique<Trainee>(problem, mode_of(row), context_);
  }

  std::string probe(double seconds) override {
    optlab::measure::RooflineProbe probe(pool_, seconds);
    while (probe.step()) continue;
    static constexpr const char* kKinds[] = {"compute", "integer", "memory"};
    std::ostringstream json;
    for (const optlab::measure::Peak& peak : probe.peaks()) {
      json << (json.tellp() > 0 ? "," : "[") << "{\"name\":\"" << peak.name << "\",\"kind\":\""
           << kKinds[static_cast<int>(peak.kind)] << "\",\"threads\":" << peak.threads
           << ",\"fused\":" << (peak.fused ? "true" : "false") << ",\"value\":" << peak.value
           << ",\"bytes\":" << peak.bytes << "}";
    }
    return json.str() + "]";
  }

 private:
  template <class Convolution>
  static optlab::conv::Geometry geometry_of(const Convolution& p) {
    return {.height = p.height,
            .width = p.width,
            .channels = p.channels,
            .outputs = p.outputs,
            .kernel_height = p.kernel,
            .kernel_width = p.kernel,
            .padding = p.padding};
  }

  static constexpr std::string_view kPrepacked = "_prepacked";
  optlab::parallel::ThreadPool pool_{1};
  optlab::Arena scratch_;
  optlab::gemm::Context context_{pool_, scratch_};
};

}  // namespace

int main() {
  Ours library;
  return optlab::peers::serve(library);
}
