// Progress of long work on stderr: on a terminal one line that is drawn again, elsewhere a plain line now and
// then.
#pragma once

#include <chrono>
#include <string_view>

namespace grainspin::cli {

class ProgressLine {
 public:
  // `total` and `unit` give the rate: fraction * total units a second. quiet: nothing is written.
  ProgressLine(double total, std::string_view unit, bool quiet);
  ~ProgressLine();  // ends a line that is still open
  // False when the user asked to stop.
  bool show(double fraction, std::string_view what);
  double seconds() const;

 private:
  double total_;
  std::string_view unit_;
  bool quiet_, terminal_, open_ = false;
  double last_ = 0;  // seconds when the last line was drawn
  std::chrono::steady_clock::time_point start_;
};

}  // namespace grainspin::cli
