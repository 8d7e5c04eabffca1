#pragma once

#include <span>
#include <string_view>

/// Functions from outside, such as a student's, inside the library.
namespace optlab::guest {

/// Any function: calls go through Slot, which knows the type.
using Function = void (*)();

/// A place for a function from outside. It lists itself where the code that calls it is linked.
class AnySlot {
 public:
  /// `declaration`: a line of C, which must outlive the program.
  explicit AnySlot(std::string_view declaration);
  AnySlot(const AnySlot&) = delete;
  AnySlot& operator=(const AnySlot&) = delete;

  std::string_view declaration() const { return declaration_; }
  /// The name of the declared function.
  std::string_view name() const;
  /// Calls go to `function` from now on, which must have the declared type; null: there is none. Not during a call.
  void install(Function function) { function_ = function; }
  explicit operator bool() const { return function_ != nullptr; }

 protected:
  ~AnySlot() = default;
  Function function_ = nullptr;

 private:
  std::string_view declaration_;
};

/// All that are linked, in no order.
std::span<AnySlot* const> slots();

/// Into the slot for functions called `name`. Throws std::invalid_argument listing the names if there is none.
///
/// What a guest does is its own affair: a wrong one gives wrong results, a hostile one may overwrite all of this program's
/// memory.
void install(std::string_view name, Function function);

/// Takes all guests out.
void clear();

template <class Signature>
class Slot;

/// May be called while a function is there.
template <class Result, class... Args>
class Slot<Result(Args...)> final : public AnySlot {
 public:
  using AnySlot::AnySlot;
  Result operator()(Args... args) const { return reinterpret_cast<Result (*)(Args...)>(function_)(args...); }
  void install(Result (*function)(Args...)) { AnySlot::install(reinterpret_cast<Function>(function)); }
};

/// The slot guest_<name> for `returns name parameters`, from which both its type and its declaration come. Belongs into the
/// header of the code that calls it.
#define OPTLAB_GUEST_SLOT(returns, name, parameters) \
  inline ::optlab::guest::Slot<returns parameters> guest_##name { #returns " " #name #parameters }

}  // namespace optlab::guest
