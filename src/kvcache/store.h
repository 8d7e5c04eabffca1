#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "attention/attention.h"
#include "kvcache/kv_cache.h"

/// Where a cache's keys and values lie, and who attends to them; private to this folder.
namespace optlab::kvcache::detail {

/// KvCache's part that differs by policy; KvCache has checked the arguments.
class Store {
 public:
  Store() = default;
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;
  virtual ~Store() = default;

  /// KvCache::extend by tokens of which the first is at position `start`.
  virtual void extend(int layer, int start, const attention::ConstHeads& q, const attention::ConstHeads& k,
                      const attention::ConstHeads& v, const attention::Heads& out, attention::Context& context,
                      gemm::Mode mode) = 0;
  /// KvCache::read, when the layer has seen `length` tokens.
  virtual void read(int layer, int head, int position, int length, std::span<float> key,
                    std::span<float> value) const = 0;
  /// KvCache::rotate of tokens of which the first is at position `start`.
  virtual void rotate(int /*start*/, const attention::Heads& /*q*/, parallel::ThreadPool& /*pool*/) const {}
  /// All tokens are forgotten.
  virtual void clear() {}
};

/// Bytes of a number, without its scale.
std::size_t bytes_of(Storage storage);

std::unique_ptr<Store> make_panel_store(const Layout& layout);   // panel_store.cpp
std::unique_ptr<Store> make_stream_store(const Layout& layout);  // stream_store.cpp
std::unique_ptr<Store> make_guest_store(const Layout& layout);   // guest_store.cpp

}  // namespace optlab::kvcache::detail
