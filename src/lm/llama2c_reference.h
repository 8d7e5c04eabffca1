#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/rng.h"
#include "lm/lm.h"

/// For tests: what llama2.c would compute.
namespace optlab::lm {

using Bytes = std::vector<std::byte>;

inline void append(Bytes& bytes, const void* data, std::size_t size) {
  const auto* from = static_cast<const std::byte*>(data);
  bytes.insert(bytes.end(), from, from + size);
}

/// A checkpoint of llama2.c with random weights, and run.c's own arithmetic on it, token by token with a cache.
class Llama2cReference {
 public:
  explicit Llama2cReference(const LmConfig& config) : c_(config), kv_(c_.dim / c_.heads * c_.kv_heads) {
    const int dim = c_.dim, L = c_.layers;
    embedding_ = draw(c_.vocab * dim);
    attention_norm_ = draw(L * dim);
    wq_ = draw(L * dim * dim);
    wk_ = draw(L * dim * kv_);
    wv_ = draw(L * dim * kv_);
    wo_ = draw(L * dim * dim);
    ffn_norm_ = draw(L * dim);
    w1_ = draw(L * dim * c_.hidden);
    w2_ = draw(L * dim * c_.hidden);
    w3_ = draw(L * dim * c_.hidden);
    norm_ = draw(dim);
    classifier_ = draw(c_.vocab * dim);
    keys_.resize(static_cast<std::size_t>(L) * static_cast<std::size_t>(c_.positions * kv_));
    values_.resize(keys_.size());
  }

  Bytes file() const {
    Bytes bytes;
    const std::int32_t header[] = {
        c_.dim, c_.hidden, c_.layers, c_.heads, c_.kv_heads, c_.tied ? c_.vocab : -c_.vocab, c_.positions};
    append(bytes, header, sizeof header);
    const std::vector<float> angles(static_cast<std::size_t>(c_.positions * (c_.dim / c_.heads)), 7.0F);
    for (const auto* part :
         {&embedding_, &attention_norm_, &wq_, &wk_, &wv_, &wo_, &ffn_norm_, &w1_, &w2_, &w3_, &norm_, &angles}) {
      append(bytes, part->data(), part->size() * sizeof(float));
    }
    if (!c_.tied) append(bytes, classifier_.data(), classifier_.size() * sizeof(float));
    return bytes;
  }

  /// forward() of run.c
  std::vector<float> logits(int token, int pos) {
    const int dim = c_.dim, size = dim / c_.heads;
    std::vector<float> x(embedding_.begin() + token * dim, embedding_.begin() + (token + 1) * dim);
    for (int l = 0; l < c_.layers; ++l) {
      const auto normed = rms_norm(x, &attention_norm_[l * dim]);
      float* key = &keys_[(l * c_.positions + pos) * kv_];
      float* value = &values_[(l * c_.positions + pos) * kv_];
      auto q = product(&wq_[l * dim * dim], normed, dim);
      const auto k = product(&wk_[l * dim * kv_], normed, kv_), v = product(&wv_[l * dim * kv_], normed, kv_);
      std::copy(k.begin(), k.end(), key);
      std::copy(v.begin(), v.end(), value);
      for (int i = 0; i < dim; i += 2) {
        const float frequency = 1.0F / std::pow(10000.0F, static_cast<float>(i % size) / static_cast<float>(size));
        const float angle = static_cast<float>(pos) * frequency;
        turn(&q[i], std::cos(angle), std::sin(angle));
        if (i < kv_) turn(key + i, std::cos(angle), std::sin(angle));
      }
      add(x, product(&wo_[l * dim * dim], attend(q, l, pos), dim));
      const auto inner = rms_norm(x, &ffn_norm_[l * dim]);
      auto gate = product(&w1_[l * dim * c_.hidden], inner, c_.hidden);
      const auto up = product(&w3_[l * dim * c_.hidden], inner, c_.hidden);
      for (int i = 0; i < c_.hidden; ++i) gate[i] = gate[i] * (1.0F / (1.0F + std::exp(-gate[i]))) * up[i];
      add(x, product(&w2_[l * dim * c_.hidden], gate, dim));
    }
    return product((c_.tied ? embedding_ : classifier_).data(), rms_norm(x, norm_.data()), c_.vocab);
  }

 private:
  using Floats = std::vector<float>;

  Floats draw(int count) {
    Floats values(static_cast<std::size_t>(count));
    Rng(17, stream_++).fill_uniform(values, -0.5F, 0.5F);
    return values;
  }
  static void turn(float* pair, float cosine, float sine) {
    const float a = pair[0], b = pair[1];
    pair[0] = a * cosine - b * sine;
    pair[1] = a * sine + b * cosine;
  }
  static void add(Floats& x, const Floats& y) {
    for (std::size_t i = 0; i < x.size(); ++i) x[i] += y[i];
  }
  static Floats rms_norm(const Floats& x, const float* weight) {
    float sum = 0.0F;
    for (const float value : x) sum += value * value;
    const float r = 1.0F / std::sqrt(sum / static_cast<float>(x.size()) + 1e-5F);
    Floats y(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) y[i] = weight[i] * (r * x[i]);
    return y;
  }
  static Floats product(const float* w, const Floats& x, int rows) {
    Floats y(static_cast<std::size_t>(rows));
    for (int r = 0; r < rows; ++r) {
      for (std::size_t i = 0; i < x.size(); ++i) y[r] += w[r * x.size() + i] * x[i];
    }
    return y;
  }
  Floats attend(const Floats& q, int l, int pos) const {
    const int size = c_.dim / c_.heads, group = c_.heads / c_.kv_heads;
    Floats out(static_cast<std::size_t>(c_.dim));
    for (int h = 0; h < c_.heads; ++h) {
      Floats scores(static_cast<std::size_t>(pos) + 1);
      float most = -1e30F, sum = 0.0F;
      for (int t = 0; t <= pos; ++t) {
        const float* k = &keys_[(l * c_.positions + t) * kv_ + h / group * size];
        for (int i = 0; i < size; ++i) scores[t] += q[h * size + i] * k[i];
        scores[t] /= std::sqrt(static_cast<float>(size));
        most = std::max(most, scores[t]);
      }
      for (float& score : scores) sum += score = std::exp(score - most);
      for (int t = 0; t <= pos; ++t) {
        const float* v = &values_[(l * c_.positions + t) * kv_ + h / group * size];
        for (int i = 0; i < size; ++i) out[h * size + i] += scores[t] / sum * v[i];
      }
    }
    return out;
  }

  LmConfig c_;
  int kv_;
  std::uint32_t stream_ = 0;
  Floats embedding_, attention_norm_, wq_, wk_, wv_, wo_, ffn_norm_, w1_, w2_, w3_, norm_, classifier_;
  Floats keys_, values_;
};

}  // namespace optlab::lm
