// What a training shows and leaves behind: the line on the screen, the log's files, the table of scores.
#pragma once

#include <string>
#include <vector>

#include "networks/train.h"

namespace grainspin::cli {

// On a terminal one line that is drawn again and again, elsewhere a plain line for each line of the log.
class TrainDisplay {
 public:
  // `unit`: of samples.
  TrainDisplay(bool quiet, std::string unit);
  void show(double fraction, double rate, const TrainRow* row);
  void clear() const;

 private:
  std::string left(double fraction) const;
  bool quiet_, terminal_;
  std::string unit_;
  double start_, drawn_ = 0, first_ = -1;
};

// "1:02:03" or "2:03" from seconds.
std::string clock_text(double seconds);
// <base>.csv holds the curve, <base>.svg its picture, <base>.json everything.
void write_log(const std::string& base, const TrainReport& report);
// One line a training, appended: what a table of many trainings is made of.
void append_summary(const std::string& path, const std::string& model, const TrainReport& report);
void print_scores(const char* title, const std::vector<RunScore>& scores);

}  // namespace grainspin::cli
