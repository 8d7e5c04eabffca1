#pragma once

#include <emscripten/val.h>

#include <utility>

namespace optlab::bindings {

/// The JavaScript error for the C++ exception in flight, message intact: RangeError for a bad argument or exhausted
/// memory, an Error named "DataError" for a broken file, Error for the rest. A function of its own, and not inline: every
/// exported function would have a copy.
emscripten::val current_exception_as_error();

template <class Result, class Call>
Result guarded(const Call& call) {
  emscripten::val error = emscripten::val::undefined();
  try {
    return call();
  } catch (...) {
    error = current_exception_as_error();
  }
  error.throw_();
  __builtin_unreachable();
}

/// guard<&f>: f, a function or member function, as Embind is to export it: what it throws leaves as a JavaScript error.
template <auto f>
struct Guard;

template <class Result, class... Args, Result (*f)(Args...)>
struct Guard<f> {
  static Result call(Args... args) {
    return guarded<Result>([&] { return f(std::forward<Args>(args)...); });
  }
};

template <class Class, class Result, class... Args, Result (Class::*f)(Args...)>
struct Guard<f> {
  static Result call(Class& object, Args... args) {
    return guarded<Result>([&] { return (object.*f)(std::forward<Args>(args)...); });
  }
};

template <class Class, class Result, class... Args, Result (Class::*f)(Args...) const>
struct Guard<f> {
  static Result call(const Class& object, Args... args) {
    return guarded<Result>([&] { return (object.*f)(std::forward<Args>(args)...); });
  }
};

template <auto f>
inline constexpr auto guard = &Guard<f>::call;

}  // namespace optlab::bindings
