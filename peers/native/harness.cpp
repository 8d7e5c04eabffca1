#include "harness.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <iostream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <vector>

#include "problem.h"

namespace optlab::peers {
namespace {

/// Not timed: brings caches and clock back after the turns of the other libraries.
constexpr double kPrerollSeconds = 0.02;
constexpr double kSettled = 0.03;

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

struct Timing {
  long calls = 0;
  double seconds = 0;
};

/// A row's problem, ready to run.
struct Lane {
  std::unique_ptr<Problem> problem;
  std::unique_ptr<Prepared> prepared;
  double seconds_per_call = 1;
};

class Server {
 public:
  explicit Server(Library& library) : library_(library) {}

  std::string answer(const std::string& line) {
    std::istringstream request(line);
    std::ostringstream reply;
    reply.precision(17);
    std::string method;
    request >> method;
    if (method == "prepare") {
      write_result(prepare(request), reply);
    } else if (method == "warm" || method == "repeat") {
      std::string row;
      double seconds = 0;
      request >> row >> seconds;
      const auto found = lanes_.find(row);
      if (!(seconds > 0) || found == lanes_.end()) throw std::invalid_argument("cannot do: " + line);
      const Timing timing = method == "warm" ? warm(found->second, seconds) : repeat(found->second, seconds);
      reply << "{\"calls\":" << timing.calls << ",\"seconds\":" << timing.seconds << "}";
    } else if (method == "probe") {
      double seconds = 0;
      request >> seconds;
      reply << library_.probe(seconds);
    } else if (method == "release") {
      lanes_.clear();
      reply << "{}";
    } else {
      throw std::invalid_argument("unknown request: " + line);
    }
    return reply.str();
  }

 private:
  const Problem& prepare(std::istream& request) {
    std::string row;
    request >> row;
    lanes_.erase(row);
    Lane lane;
    lane.problem = read_problem(request);
    lane.prepared = lane.problem->prepare(library_, row);
    lane.prepared->run();
    lane.prepared->fetch();
    return *lanes_.insert_or_assign(row, std::move(lane)).first->second.problem;
  }

  static void write_result(const Problem& problem, std::ostream& reply) {
    const std::vector<float> values = problem.to_check();
    if (values.empty()) {
      const double worst = problem.worst_error();
      reply << "{\"ok\":" << (worst <= 1 ? "true" : "false") << ",\"worst\":" << worst << "}";
      return;
    }
    for (std::size_t i = 0; i < values.size(); ++i) reply << (i == 0 ? "{\"values\":[" : ",") << values[i];
    reply << "]}";
  }

  static Timing run_for(Lane& lane, double seconds, long batch = 1) {
    Timing timing;
    const double start = now();
    do {
      for (long i = 0; i < batch; ++i) lane.prepared->run();
      timing.calls += batch;
      timing.seconds = now() - start;
    } while (timing.seconds < seconds);
    return timing;
  }

  /// Until three windows in a row agree, or three times as long as asked.
  static Timing warm(Lane& lane, double seconds) {
    Timing total;
    std::vector<double> windows;
    for (;;) {
      const Timing window = run_for(lane, seconds / 5);
      windows.push_back(window.seconds / static_cast<double>(window.calls));
      total.calls += window.calls;
      total.seconds += window.seconds;
      lane.seconds_per_call = *std::min_element(windows.begin(), windows.end());
      if (total.seconds < seconds || windows.size() < 3) continue;
      const auto [low, high] = std::minmax_element(windows.end() - 3, windows.end());
      if (*high / *low - 1 < 2 * kSettled || total.seconds >= 3 * seconds) return total;
    }
  }

  static Timing repeat(Lane& lane, double seconds) {
    run_for(lane, kPrerollSeconds);
    return run_for(lane, seconds, std::max(1L, static_cast<long>(seconds / 20 / lane.seconds_per_call)));
  }

  Library& library_;
  std::map<std::string, Lane> lanes_;  // by row
};

std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    if (static_cast<unsigned char>(c) >= ' ') result += c;
  }
  return result + "\"";
}

}  // namespace

int serve(Library& library) {
  std::cout << "{\"threads\":1,\"details\":" << quoted(library.details()) << "}" << std::endl;
  Server server(library);
  for (std::string line; std::getline(std::cin, line);) {
    try {
      std::cout << server.answer(line) << std::endl;
    } catch (const std::exception& error) {
      std::cout << "{\"error\":" << quoted(error.what()) << "}" << std::endl;
    }
  }
  return 0;
}

}  // namespace optlab::peers
