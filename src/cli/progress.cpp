#include "src/cli/progress.h"

#include <unistd.h>

#include <cmath>
#include <cstdio>

#include <fmt/format.h>

#include "src/cli/verbs.h"

namespace grainspin::cli {
namespace {

constexpr double kPlainSeconds = 5;  // between plain lines

std::string clock_text(double seconds) {
  const long s = std::lround(seconds);
  return s >= 3600 ? fmt::format("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60)
                   : fmt::format("{}:{:02}", s / 60, s % 60);
}

std::string rate_text(double rate) {
  if (rate >= 1e9) return fmt::format("{:.2f} G", rate / 1e9);
  if (rate >= 1e6) return fmt::format("{:.2f} M", rate / 1e6);
  if (rate >= 1e3) return fmt::format("{:.1f} k", rate / 1e3);
  return fmt::format("{:.1f} ", rate);
}

}  // namespace

ProgressLine::ProgressLine(double total, std::string_view unit, bool quiet)
    : total_(total),
      unit_(unit),
      quiet_(quiet),
      terminal_(isatty(STDERR_FILENO) != 0),
      start_(std::chrono::steady_clock::now()) {}

ProgressLine::~ProgressLine() {
  if (open_) std::fputs("\r\033[K", stderr);
}

double ProgressLine::seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
}

bool ProgressLine::show(double fraction, std::string_view what) {
  if (quiet_) return !stop_requested();
  const double now = seconds();
  if (fraction > 0 && now - last_ >= (terminal_ ? 0.2 : kPlainSeconds)) {
    last_ = now;
    const std::string text = fmt::format("{} {:3.0f} %  {}{}/s  {} left", what, 100 * fraction,
                                         rate_text(fraction * total_ / std::max(now, 1e-9)), unit_,
                                         clock_text(now / fraction * (1 - fraction)));
    constexpr int kWidth = 30;
    const int done = int(fraction * kWidth);
    if (terminal_)
      std::fputs(fmt::format("\r[{:#<{}}{:.<{}}] {}\033[K", "", done, "", kWidth - done, text).c_str(),
                 stderr);
    else
      std::fputs((text + "\n").c_str(), stderr);
    std::fflush(stderr);
    open_ = terminal_;
  }
  return !stop_requested();
}

}  // namespace grainspin::cli
