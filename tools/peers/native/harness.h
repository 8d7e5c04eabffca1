#pragma once

#include <memory>
#include <string>

/// What the native peers have in common: operands, the check of the result, warm-up and repetitions, asked for on standard input.
namespace optlab::peers {

/// C[M,N] = A[M,K]·B[K,N], all row-major, 64-byte aligned.
struct Product {
  int m, k, n;
  const float* a;
  const float* b;
  float* c;
};

/// A product that is ready to run, repeatedly; constants may be packed.
class Prepared {
 public:
  virtual ~Prepared() = default;
  virtual void run() = 0;
};

class Library {
 public:
  virtual ~Library() = default;
  /// One line: version, instruction set.
  virtual std::string details() const = 0;
  /// `row` tells apart what one library can do in several ways.
  virtual std::unique_ptr<Prepared> prepare(const Product& product, const std::string& row) = 0;
};

/// Answers requests until the input ends, a line of JSON each:
///   prepare M K N ROW → {"ok":…,"worst":…}    warm ROW SECONDS, repeat ROW SECONDS → {"calls":…,"seconds":…}    release → {}
/// Whatever throws is answered with {"error":…}. Returns main's exit code.
int serve(Library& library);

/// A Prepared made of a function object.
template <class Run>
std::unique_ptr<Prepared> prepared(Run run) {
  struct Wrapper : Prepared {
    explicit Wrapper(Run wrapped) : call(std::move(wrapped)) {}
    void run() override { call(); }
    Run call;
  };
  return std::make_unique<Wrapper>(std::move(run));
}

}  // namespace optlab::peers
