#include "src/cli/train_log.h"

#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <ctime>
#include <fstream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "src/render/pictures.h"

namespace grainspin::cli {

namespace {

nlohmann::json number(double v) {
  return std::isfinite(v) ? nlohmann::json(v) : nlohmann::json();
}

std::string cell(double v) {
  return std::isfinite(v) ? fmt::format("{:.6g}", v) : std::string();
}

double now() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return double(t.tv_sec) + 1e-9 * double(t.tv_nsec);
}

std::string held_out(const TrainRow& row) {
  return std::isfinite(row.held_out)
             ? fmt::format("  held out {:.3f} deg (skill {:.3f})", row.held_out_deg, 1 - row.held_out)
             : "";
}

void write_text(const std::string& path, const std::string& text) {
  const std::string temporary = path + ".partial";
  {
    std::ofstream out(temporary, std::ios::binary);
    out << text;
    out.flush();
    require(bool(out), Errc::kIo, path + ": cannot be written");
  }
  require(std::rename(temporary.c_str(), path.c_str()) == 0, Errc::kIo, path + ": cannot be written");
}

nlohmann::json json(const RunScore& s) {
  return {{"file", s.path},
          {"voxels", s.voxels},
          {"error_deg", s.error_deg},
          {"persistence_deg", s.persistence_deg},
          {"skill_persistence", s.skill()},
          {"r2_one_step", number(s.r2_one_step)},
          {"r2_rolled", number(s.r2_rolled)},
          {"curve", number(s.curve)},
          {"local_stress", number(s.local_stress)},
          {"free_rms", number(s.free_rms)}};
}

}  // namespace

std::string clock_text(double seconds) {
  const long s = std::lround(seconds);
  return s >= 3600 ? fmt::format("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60)
                   : fmt::format("{}:{:02}", s / 60, s % 60);
}

TrainDisplay::TrainDisplay(bool quiet, std::string unit)
    : quiet_(quiet), terminal_(isatty(STDERR_FILENO) != 0), unit_(std::move(unit)), start_(now()) {}

void TrainDisplay::show(double fraction, double rate, const TrainRow* row) {
  if (first_ < 0) first_ = fraction;
  if (quiet_) return;
  if (row) {
    clear();
    std::fputs(fmt::format("epoch {:7.2f}  {:>9}  loss {:.4f}{}  {:.0f} {}/s  {:.0f} MB  {} left\n", row->epoch,
                           row->own_path ? "own path" : "true path", row->loss, held_out(*row), rate, unit_,
                           row->peak_bytes / 1e6, left(fraction))
                   .c_str(),
               stderr);
  }
  if (!terminal_ || now() - drawn_ < 0.2) return;
  drawn_ = now();
  const int full = 30, done = int(fraction * full);
  std::fputs(fmt::format("\r[{:#<{}}{:.<{}}] {:3.0f} %  {:.0f} {}/s  {} left ", "", done, "", full - done,
                         100 * fraction, rate, unit_, left(fraction))
                 .c_str(),
             stderr);
  std::fflush(stderr);
}

void TrainDisplay::clear() const {
  if (terminal_ && !quiet_) std::fputs("\r\033[K", stderr);
}

std::string TrainDisplay::left(double fraction) const {
  return fraction - first_ > 1e-6 ? clock_text((now() - start_) / (fraction - first_) * (1 - fraction)) : "-:--";
}

void write_log(const std::string& base, const TrainReport& r) {
  std::string csv = "epoch,train,held_out,held_out_deg,step,samples,own_path,lr,seconds,peak_bytes,skipped\n";
  nlohmann::json curve = nlohmann::json::array();
  for (const TrainRow& row : r.rows) {
    csv += fmt::format("{:.4f},{:.6g},{},{},{},{:.0f},{},{:.6g},{:.2f},{:.0f},{:.0f}\n", row.epoch, row.loss,
                       cell(row.held_out), cell(row.held_out_deg), row.step, row.samples, int(row.own_path),
                       row.lr, row.seconds, row.peak_bytes, row.skipped);
    curve.push_back({{"epoch", row.epoch},
                     {"train", number(row.loss)},
                     {"held_out", number(row.held_out)},
                     {"held_out_deg", number(row.held_out_deg)},
                     {"step", row.step},
                     {"samples", row.samples},
                     {"own_path", row.own_path},
                     {"lr", row.lr},
                     {"seconds", row.seconds},
                     {"peak_bytes", row.peak_bytes},
                     {"skipped", row.skipped}});
  }
  nlohmann::json all{{"settings", nlohmann::json::parse(r.model.spec.provenance)["settings"]},
                     {"parameters", r.parameters},
                     {"operations", r.operations},
                     {"seconds", r.seconds},
                     {"samples_per_second", r.samples_per_second},
                     {"stopped_early", r.stopped_early},
                     {"bytes_per_sample", r.bytes_per_sample},
                     {"data_bytes", r.data_bytes},
                     {"peak_bytes", r.peak_bytes},
                     {"skipped", r.skipped},
                     {"curve", curve}};
  for (std::size_t i = 0; i < r.training_runs.size(); ++i)
    all["runs"].push_back({{"file", r.training_runs[i]}, {"samples_per_epoch", r.samples_per_run[i]}});
  for (const RunScore& s : r.held_out) all["held_out"].push_back(json(s));
  for (const RunScore& s : r.validation) all["validation"].push_back(json(s));
  std::vector<render::LossPoint> points;
  for (const TrainRow& row : r.rows) {
    if (!std::isfinite(row.loss)) continue;
    render::LossPoint point;
    point.epoch = row.epoch;
    point.train = row.loss;
    if (std::isfinite(row.held_out)) point.held_out = row.held_out;
    points.push_back(point);
  }
  const auto& theme = render::Theme::light();
  write_text(
      base + ".svg",
      render::chart_svg(render::loss_chart(points, "loss; error over persistence", theme),
                        theme, true));
  write_text(base + ".csv", csv);
  write_text(base + ".json", all.dump(1) + "\n");
}

void append_summary(const std::string& path, const std::string& model, const TrainReport& r) {
  nlohmann::json line{{"model", model},
                      {"settings", nlohmann::json::parse(r.model.spec.provenance)["settings"]},
                      {"parameters", r.parameters},
                      {"epochs", r.rows.empty() ? 0 : r.rows.back().epoch},
                      {"seconds", r.seconds},
                      {"samples_per_second", r.samples_per_second},
                      {"validation", nlohmann::json::array()}};
  for (const RunScore& s : r.validation) line["validation"].push_back(json(s));
  std::ofstream out(path, std::ios::app | std::ios::binary);
  out << line.dump() + "\n";
  out.flush();
  require(bool(out), Errc::kIo, path + ": cannot be written");
}

void print_scores(const char* title, const std::vector<RunScore>& scores) {
  if (scores.empty()) return;
  fmt::print("{}\n  {:>9} {:>12} {:>7} {:>12} {:>10}  file\n", title, "end error", "persistence", "skill",
             "R2 one step", "R2 rolled");
  for (const RunScore& s : scores)
    fmt::print("  {:>5.2f} deg {:>8.2f} deg {:>7.3f} {:>12} {:>10.3f}  {}\n", s.error_deg.back(),
               s.persistence_deg.back(), s.skill(),
               std::isfinite(s.r2_one_step) ? fmt::format("{:.3f}", s.r2_one_step) : "-", s.r2_rolled,
               s.path);
}

}  // namespace grainspin::cli
