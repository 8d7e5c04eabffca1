#pragma once

#include <string>
#include <vector>

namespace optlab::cli {

/// `value` with `digits` decimals.
std::string fixed(double value, int digits);

/// Text in columns: the first left-aligned, the others right-aligned; the first row is the heading.
class Table {
 public:
  explicit Table(std::vector<std::string> heading) : rows_{std::move(heading)} {}
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  void print() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

/// Progress on stderr: one line that is redrawn on a terminal, at most ten times a second; elsewhere a plain line for
/// each `milestone` alone, so that logs stay short.
class Progress {
 public:
  Progress();
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// `fraction` done, 0 to 1.
  void show(double fraction, const std::string& text);
  /// A line that stays.
  void milestone(const std::string& text);
  void clear();

 private:
  bool terminal_;
  bool drawn_ = false;
  double last_ = -1.0;
};

}  // namespace optlab::cli
