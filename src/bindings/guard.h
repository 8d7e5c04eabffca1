#pragma once

#include <emscripten/val.h>

#include <exception>
#include <new>
#include <stdexcept>
#include <utility>

#include "core/error.h"

namespace optlab::bindings {

/// The JavaScript error for the C++ exception in flight, message intact: RangeError for a bad argument or exhausted
/// memory, an Error named "DataError" for a broken file, Error for the rest.
inline emscripten::val current_exception_as_error() {
  using emscripten::val;
  const auto make = [](const char* type, const char* message) { return val::global(type).new_(val(message)); };
  try {
    throw;
  } catch (const std::logic_error& e) {  // invalid_argument, out_of_range, length_error
    return make("RangeError", e.what());
  } catch (const std::bad_alloc&) {
    return make("RangeError",
                "out of memory: this build's WebAssembly memory is used up; free handles or use smaller sizes");
  } catch (const DataError& e) {
    val error = make("Error", e.what());
    error.set("name", "DataError");
    return error;
  } catch (const std::exception& e) {
    return make("Error", e.what());
  }
}

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
