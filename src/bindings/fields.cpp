#include "bindings/fields.h"

#include <cmath>

#include "core/error.h"

namespace optlab::bindings {
namespace {

std::string name_of(const char* field) {
  TypeText name;
  name.add_name(field);
  return std::string(name.text.data(), name.size);
}

}  // namespace

double whole_of(const emscripten::val& of, const char* field, double least, double most) {
  const double value = number_of(of, field);
  if (value >= least && value <= most && value == std::trunc(value)) return value;
  throw_invalid({name_of(field), " is ", value, "; a whole number from ", static_cast<std::int64_t>(least), " to ",
                 static_cast<std::int64_t>(most), " is wanted"});
}

double number_of(const emscripten::val& of, const char* field) { return of[name_of(field)].as<double>(); }

bool flag_of(const emscripten::val& of, const char* field) { return of[name_of(field)].as<bool>(); }

}  // namespace optlab::bindings
