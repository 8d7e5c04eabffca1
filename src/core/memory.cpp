#include "core/memory.h"

#include <atomic>
#include <limits>
#include <mutex>
#include <new>

#include "core/buffer.h"

namespace optlab::memory {
namespace {

std::atomic<std::size_t> current{0};
std::atomic<std::size_t> peak{0};
std::atomic<std::size_t> allocations{0};
std::atomic<bool> someone_listens{false};
constinit std::mutex listener_mutex;
Listener* listener = nullptr;

/// `bytes` more; a release counts down by adding the complement. Returns what is allocated then.
std::size_t count(std::ptrdiff_t bytes) noexcept {
  const auto difference = static_cast<std::size_t>(bytes);
  const std::size_t now = current.fetch_add(difference, std::memory_order_relaxed) + difference;
  if (bytes < 0) return now;
  allocations.fetch_add(1, std::memory_order_relaxed);
  std::size_t most = peak.load(std::memory_order_relaxed);
  while (now > most && !peak.compare_exchange_weak(most, now, std::memory_order_relaxed)) {
  }
  return now;
}

void note(std::ptrdiff_t bytes) noexcept {
  if (!someone_listens.load(std::memory_order_relaxed)) {
    count(bytes);
    return;
  }
  // Counted and told in one: what the listener hears is the order in which it happened.
  const std::lock_guard lock(listener_mutex);
  const std::size_t now = count(bytes);
  if (listener != nullptr) listener->on_memory(bytes, now);
}

}  // namespace

Figures figures() noexcept {
  return {current.load(std::memory_order_relaxed), peak.load(std::memory_order_relaxed),
          allocations.load(std::memory_order_relaxed)};
}

void reset_peak() noexcept { peak.store(current.load(std::memory_order_relaxed), std::memory_order_relaxed); }

bool start_listening(Listener& next) noexcept {
  const std::lock_guard lock(listener_mutex);
  if (listener != nullptr) return false;
  listener = &next;
  someone_listens.store(true, std::memory_order_relaxed);
  return true;
}

void stop_listening() noexcept {
  const std::lock_guard lock(listener_mutex);
  listener = nullptr;
  someone_listens.store(false, std::memory_order_relaxed);
}

void* allocate(std::size_t count, std::size_t size) {
  // Differences of pointers are signed, so half the address space is the most that can be used.
  if (size > 0 && count > std::numeric_limits<std::ptrdiff_t>::max() / size) throw std::bad_alloc();
  const std::size_t bytes = count * size;
  void* data = ::operator new (bytes, std::align_val_t{kCacheLine});
  note(static_cast<std::ptrdiff_t>(bytes));
  return data;
}

void release(void* data, std::size_t count, std::size_t size) noexcept {
  note(-static_cast<std::ptrdiff_t>(count * size));
  ::operator delete (data, std::align_val_t{kCacheLine});
}

}  // namespace optlab::memory
