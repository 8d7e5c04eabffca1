#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "measure/race.h"
#include "parallel/thread_pool.h"

namespace optlab::measure {

/// A measured limit of this device: one roof of the roofline.
struct Peak {
  enum class Kind { kCompute, kInteger, kMemory };
  std::string
      name;  // the instruction set ("avx2+fma"), its integer mix ("avx2 int8 dot") or the size of what is read ("16 MiB")
  Kind kind;
  int threads;
  bool fused;         // compute: multiply and add in one instruction that rounds once
  double value;       // FLOP/s or integer operations/s (a multiply-add counts as two), or B/s
  std::size_t bytes;  // memory: the working set, of all threads together
};

/// Measures what this device can do at most, by one thread and by all threads of a pool:
///   compute: independent chains x = x·s + o in registers, for every instruction set of this build and CPU, mul+add and
///   fused; integer: the same for every mix of instructions that integer products are made of (simd/dot.h), 8-bit operands;
///   memory:  sums over buffers of 256 KiB, 4, 16 and 64 MiB (those that can be allocated), in the widest exact
///   instruction set.
///
/// A peak is that of the fastest batch, as in STREAM: whatever disturbs a batch only slows it. The lanes of race() have
/// the spread.
/// Cost:     up to 64 MiB of memory and about `max_seconds`.
/// Source:   Williams, Waterman and Patterson, "Roofline: An Insightful Visual Performance Model", 2009; McCalpin,
///           "STREAM", 1995.
class RooflineProbe {
 public:
  /// The pool must outlive the probe and keep its size. Throws std::invalid_argument if max_seconds is not positive.
  RooflineProbe(parallel::ThreadPool& pool, double max_seconds);
  ~RooflineProbe();
  RooflineProbe(const RooflineProbe&) = delete;
  RooflineProbe& operator=(const RooflineProbe&) = delete;

  /// One batch; false when done. First come batches that find the best number of chains for each instruction set; they
  /// are in no lane.
  bool step();
  /// 0 to 1, never falling.
  double progress() const;
  /// The race of all limits; its lanes are known from the start.
  const Race& race() const;
  /// The limits measured so far, in the order of the lanes.
  std::vector<Peak> peaks() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace optlab::measure
