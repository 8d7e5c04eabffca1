#pragma once

#include "library.h"

/// What the native peers have in common: warm-up and repetitions, asked for on standard input.
namespace optlab::peers {

/// Answers requests until the input ends, a line of JSON each:
///   prepare ROW FAMILY NUMBERS… → {"ok":…,"worst":…} or {"values":[…]}, to be checked    warm ROW SECONDS, repeat ROW SECONDS → {"calls":…,"seconds":…}    release → {}
///   probe SECONDS → [peaks]
/// Whatever throws is answered with {"error":…}. Returns main's exit code.
int serve(Library& library);

}  // namespace optlab::peers
