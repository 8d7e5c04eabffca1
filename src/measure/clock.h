#pragma once

namespace optlab::measure {

/// Seconds since some fixed moment, monotonic. In a browser it is as coarse as the page's isolation demands (5 µs, or
/// 100 µs without cross-origin isolation), so measure its step and time batches that are long against it.
double now_seconds();

/// The smallest nonzero step of now_seconds() seen in 20 ms, in seconds: the resolution of the clock or the cost of
/// reading it, whichever is larger. Measured on the first call, then remembered.
double clock_tick();

}  // namespace optlab::measure
