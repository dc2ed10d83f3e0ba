#include "src/cli/predict_profile.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>
#include <vector>

#include "src/io/output.h"

namespace grainspin::cli {
namespace {

using Clock = std::chrono::steady_clock;
double since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

struct Stage {
  const char* thread;
  const char* name;
  double seconds;
  std::int64_t bytes;  // 0: none are counted
};

std::vector<Stage> stages_of(const RunProfile& p) {
  const ReconstructProfile& s = p.stages;
  return {{"files", "read", s.read, s.read_bytes},
          {"files", "gather", s.gather, s.gather_bytes},
          {"files", "judge", p.judge, 0},
          {"files", "write", p.file, p.file_bytes},
          {"files", "wait", s.file_wait, 0},
          {"compute", "compute", s.compute, 0},
          {"compute", "hand over", s.hand_over, s.hand_over_bytes},
          {"compute", "wait for input", s.input_wait, 0},
          {"compute", "wait for output", s.output_wait, 0}};
}

// Bytes a second.
struct Rates {
  double copy = 0, cached = 0, disk = 0;  // copy in memory; a new file until the system has it, until the disk has it
};

Rates measured_rates(const std::string& output) {
  constexpr std::size_t kBytes = std::size_t(64) << 20;
  Rates rates;
  std::vector<char> a(kBytes, 1), b(kBytes, 2);
  for (int run = 0; run < 3; ++run) {
    const auto start = Clock::now();
    std::memcpy(b.data(), a.data(), kBytes);
    rates.copy = std::max(rates.copy, double(kBytes) / since(start));
  }
  const std::string name = output + ".rate-" + std::to_string(::getpid());
  const int fd = ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return rates;
  const auto start = Clock::now();
  constexpr int kTimes = 4;
  bool fine = true;
  for (int i = 0; i < kTimes && fine; ++i)
    for (std::size_t done = 0; done < kBytes && fine;) {
      const ssize_t n = ::write(fd, b.data() + done, kBytes - done);
      fine = n > 0;
      done += std::size_t(std::max<ssize_t>(n, 0));
    }
  if (fine) rates.cached = double(kTimes * kBytes) / since(start);
  if (fine && ::fdatasync(fd) == 0) rates.disk = double(kTimes * kBytes) / since(start);
  ::close(fd);
  std::remove(name.c_str());
  return rates;
}

// What each of both threads did but wait, and the longer of them.
double busy_files(const RunProfile& p) { return p.stages.read + p.stages.gather + p.stages.write; }
double busy_compute(const RunProfile& p) { return p.stages.compute + p.stages.hand_over; }
double slowest(const RunProfile& p) { return std::max(busy_files(p), busy_compute(p)); }
// Of the thread for files' work, the share that the computing thread did not wait for.
double overlap(const RunProfile& p) {
  return busy_files(p) > 0 ? std::clamp(1 - (p.stages.input_wait + p.stages.output_wait) / busy_files(p), 0.0, 1.0) : 1;
}

}  // namespace

void print_profile(const RunProfile& p, const std::string& output) {
  const double wall = std::max(p.stages.wall, 1e-9);
  fmt::print("profile: {:.2f} s, {:.2f} M voxel-steps/s; then {:.2f} s until the disk had it\n", wall, p.voxel_steps / wall / 1e6, p.finish);
  fmt::print("{:<9}{:<17}{:>9}{:>8}{:>11}{:>10}\n", "thread", "stage", "s", "share", "MB", "GB/s");
  for (const Stage& s : stages_of(p))
    fmt::print("{:<9}{:<17}{:>9.3f}{:>7.1f}%{:>11}{:>10}\n", s.thread, s.name, s.seconds, 100 * s.seconds / wall,
               s.bytes > 0 ? fmt::format("{:.1f}", double(s.bytes) / 1e6) : "",
               s.bytes > 0 && s.seconds > 0 ? fmt::format("{:.2f}", double(s.bytes) / s.seconds / 1e9) : "");
  fmt::print("wall time {:.3f} of the slower thread's work ({}); {:.0f} % of the work with files cost no time\n", wall / std::max(slowest(p), 1e-9),
             busy_files(p) > busy_compute(p) ? "files" : "compute", 100 * overlap(p));
  const Rates rates = measured_rates(output);
  fmt::print("measured here: copy {:.2f} GB/s; new file {:.2f} GB/s, to the disk {:.2f} GB/s\n", rates.copy / 1e9, rates.cached / 1e9,
             rates.disk / 1e9);
}

void write_profile(const RunProfile& p, const std::string& output, const std::string& path) {
  nlohmann::ordered_json all = {{"wall_s", p.stages.wall}, {"finish_s", p.finish}, {"voxel_steps", p.voxel_steps}};
  for (const Stage& s : stages_of(p)) {
    nlohmann::ordered_json stage = {{"thread", s.thread}, {"stage", s.name}, {"seconds", s.seconds}};
    if (s.bytes > 0) stage["bytes"] = s.bytes;
    all["stages"].push_back(stage);
  }
  all["wall_of_slowest"] = p.stages.wall / std::max(slowest(p), 1e-9);
  all["overlap"] = overlap(p);
  const Rates rates = measured_rates(output);
  all["measured"] = {{"copy_bytes_per_s", rates.copy}, {"file_bytes_per_s", rates.cached}, {"disk_bytes_per_s", rates.disk}};
  Output out(path);
  out.write(all.dump(1) + "\n");
  out.finish();
}

}  // namespace grainspin::cli
