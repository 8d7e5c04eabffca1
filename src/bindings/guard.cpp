#include "bindings/guard.h"

#include <exception>
#include <new>
#include <stdexcept>

#include "core/error.h"

namespace optlab::bindings {

emscripten::val current_exception_as_error() {
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

}  // namespace optlab::bindings
