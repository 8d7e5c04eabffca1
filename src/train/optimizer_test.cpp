#include "train/optimizer.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "core/digest.h"
#include "nn/test_support.h"
#include "train/schedule.h"

namespace optlab::train {
namespace {

using Kind = OptimizerOptions::Kind;

/// Parameters of odd sizes with gradients; the second doesn't decay.
struct Fixture {
  Fixture() {
    for (const int size : {3, 37}) {
      nn::Parameter& p = parameters[size == 3 ? 0 : 1];
      p = {.name = "p" + std::to_string(size), .value = Tensor(Shape{size}), .gradient = {}, .decays = size == 3};
      nn::require_gradient(p);
      Rng(1, static_cast<std::uint32_t>(size)).fill_uniform(p.value.values(), -2.0F, 2.0F);
      Rng(2, static_cast<std::uint32_t>(size)).fill_uniform(p.gradient.values(), -1.0F, 1.0F);
    }
  }
  std::vector<nn::Parameter*> all() { return {&parameters[0], &parameters[1]}; }
  std::string digest() {
    Digest digest;
    for (nn::Parameter& p : parameters) digest.add(p.value.values());
    return digest.hex();
  }
  nn::Parameter parameters[2];
};

/// One element in float64.
struct Reference {
  double p, m = 0.0, v = 0.0;

  void step(const OptimizerOptions& o, double g, double rate, double decay, int t) {
    if (o.kind == Kind::kSgd) {
      m = static_cast<double>(o.momentum) * m + g + decay * p;
      p -= rate * m;
      return;
    }
    const double b1 = o.beta1, b2 = o.beta2;
    const double d = o.kind == Kind::kAdam ? g + decay * p : g;
    m = b1 * m + (1 - b1) * d;
    v = b2 * v + (1 - b2) * d * d;
    const double direction = m / (1 - std::pow(b1, t)) / (std::sqrt(v / (1 - std::pow(b2, t))) + double{o.epsilon});
    p -= rate * direction + (o.kind == Kind::kAdamW ? rate * decay * p : 0.0);
  }
};

TEST(Optimizer, StepsAreTheEquations) {
  for (const Kind kind : {Kind::kSgd, Kind::kAdam, Kind::kAdamW}) {
    for (const float momentum : {0.0F, 0.9F}) {
      Fixture f;
      const OptimizerOptions options{.kind = kind, .momentum = momentum, .weight_decay = 0.3F};
      std::vector<Reference> references;
      for (nn::Parameter& p : f.parameters) {
        for (const float value : p.value.values()) references.push_back({.p = static_cast<double>(value)});
      }
      Optimizer optimizer(f.all(), options);
      parallel::ThreadPool pool(2);
      for (int t = 1; t <= 4; ++t) {
        optimizer.step(0.05F, pool);
        std::size_t at = 0;
        for (nn::Parameter& p : f.parameters) {
          for (std::size_t i = 0; i < p.size(); ++i, ++at) {
            references[at].step(options, static_cast<double>(p.gradient.values()[i]), 0.05, p.decays ? 0.3 : 0.0, t);
            EXPECT_NEAR(p.value.values()[i], references[at].p, 3e-6) << p.name << " " << i << " step " << t;
          }
        }
      }
    }
  }
}

TEST(Optimizer, DoesNotDependOnTheThreads) {
  std::string want;
  for (int threads = 1; threads <= 4; ++threads) {
    Fixture f;
    Optimizer optimizer(f.all(), {.kind = Kind::kAdamW});
    parallel::ThreadPool pool(threads);
    for (int t = 0; t < 3; ++t) optimizer.step(0.1F, pool);
    if (want.empty()) want = f.digest();
    EXPECT_EQ(f.digest(), want);
  }
}

TEST(Optimizer, DecaysAllParametersWhereAsked) {
  for (const bool all : {false, true}) {
    Fixture f;
    const float before = f.parameters[1].value.values()[0];
    f.parameters[1].gradient.values()[0] = 0.0F;
    Optimizer optimizer(f.all(), {.weight_decay = 0.5F, .decay_all = all});
    parallel::ThreadPool pool(1);
    optimizer.step(0.1F, pool);
    EXPECT_FLOAT_EQ(f.parameters[1].value.values()[0], all ? before * 0.95F : before);
  }
}

TEST(Optimizer, ResumesWithTheSameBits) {
  parallel::ThreadPool pool(1);
  Fixture whole, halves;
  Optimizer uninterrupted(whole.all(), {}), first(halves.all(), {}), second(halves.all(), {});
  for (int t = 0; t < 5; ++t) uninterrupted.step(0.1F, pool);
  for (int t = 0; t < 3; ++t) first.step(0.1F, pool);
  for (std::size_t i = 0; i < 2; ++i) {
    std::ranges::copy(first.first_moment(i), second.first_moment(i).begin());
    std::ranges::copy(first.second_moment(i), second.second_moment(i).begin());
  }
  second.resume_after(3);
  for (int t = 0; t < 2; ++t) second.step(0.1F, pool);
  EXPECT_EQ(halves.digest(), whole.digest());
}

TEST(Optimizer, RefusesWhatDoesNotFit) {
  Fixture f;
  parallel::ThreadPool pool(1);
  EXPECT_THROW(Optimizer(f.all(), {.beta1 = 1.0F}), std::invalid_argument);
  EXPECT_THROW(Optimizer(f.all(), {.momentum = -0.1F}), std::invalid_argument);
  EXPECT_THROW(Optimizer(f.all(), {.weight_decay = -1.0F}), std::invalid_argument);
  Optimizer optimizer(f.all(), {});
  f.parameters[1].gradient = Tensor();
  EXPECT_MESSAGE(std::invalid_argument, optimizer.step(0.1F, pool), "parameter p37 has 37 values");
}

TEST(ClipGradients, MeasuresTheNormAndScalesToIt) {
  std::string want;
  for (int threads = 1; threads <= 3; ++threads) {
    nn::Parameter p{.name = "p", .value = Tensor(Shape{10'000}), .gradient = {}};
    nn::require_gradient(p);
    Rng(4).fill_uniform(p.gradient.values(), -1.0F, 1.0F);
    double squares = 0.0;
    for (const float g : p.gradient.values()) squares += static_cast<double>(g) * g;
    parallel::ThreadPool pool(threads);
    nn::Parameter* const all[] = {&p};
    EXPECT_NEAR(clip_gradients(all, 0.0F, pool), std::sqrt(squares), 1e-3);  // measures only
    const double norm = clip_gradients(all, 2.0F, pool);
    EXPECT_NEAR(norm, std::sqrt(squares), 1e-3);
    EXPECT_NEAR(clip_gradients(all, 2.5F, pool), 2.0, 1e-4);
    Digest digest;
    digest.add(p.gradient.values());
    if (want.empty()) want = digest.hex();
    EXPECT_EQ(digest.hex(), want);
  }
}

TEST(Schedule, RisesThenFallsAlongACosine) {
  const Schedule s({.rate = 2.0F, .steps = 110, .warm_up = 10, .floor = 0.1F});
  EXPECT_FLOAT_EQ(s(0), 0.2F);
  EXPECT_FLOAT_EQ(s(9), 2.0F);
  EXPECT_FLOAT_EQ(s(10), 2.0F);
  EXPECT_NEAR(s(60), 2.0 * (0.1 + 0.9 * 0.5), 1e-5);
  EXPECT_NEAR(s(110), 0.2, 1e-5);
  EXPECT_EQ(s(1000), s(110));
  const Schedule constant({.kind = Schedule::Kind::kConstant, .rate = 2.0F, .steps = 5, .warm_up = 2});
  EXPECT_EQ(constant(0), 1.0F);
  EXPECT_EQ(constant(4), 2.0F);
  EXPECT_THROW(Schedule({.rate = 0.0F}), std::invalid_argument);
  EXPECT_THROW(Schedule({.steps = 5, .warm_up = 6}), std::invalid_argument);
}

}  // namespace
}  // namespace optlab::train
