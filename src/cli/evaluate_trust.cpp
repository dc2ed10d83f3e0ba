// How far to trust each judged run, as a table for the terminal.
#include <fmt/format.h>

#include <cmath>
#include <numbers>

#include "src/cli/evaluate.h"

namespace grainspin::cli {

std::string trust_table(const Judgement& judgement) {
  constexpr double kDegrees = 180 / std::numbers::pi;
  const auto percent = [](std::optional<double> v) { return v ? fmt::format("{:.1f}", 100 * *v) : std::string("-"); };
  const auto number = [](std::optional<double> v) { return v ? fmt::format("{:.3f}", *v) : std::string("-"); };
  std::string out;
  for (const Judged& judged : judgement.archives) {
    const Evaluation& e = judged.evaluation;
    if (!e.trust) continue;
    if (out.empty())
      out = fmt::format("\nthe domain of training: parts of the voxels in %, their mean measure (up to 1: fine, up to 2: doubtful){}\n"
                        "{:>9} {:>6} {:>8} {:>7} {:>7} | {:>6} {:>6} | {:>6} {:>8} {:>9} {:>9}  {}\n",
                        judgement.inside.empty() ? "" : fmt::format("; AUC against {} runs inside", judgement.inside.size()), "verdict", "fine",
                        "doubtful", "outside", "measure", "AUC v", "AUC r", "error", "expected", "in 90 %", "fine only", "file");
    const Evaluation::Trust& t = *e.trust;
    const auto& u = e.uncertainty;
    out += fmt::format("{:>9} {:>6} {:>8} {:>7} {:>7.3f} | {:>6} {:>6} | {:>6.3f} {:>8} {:>9} {:>9}  {}\n", name(t.judgement.verdict),
                       percent(t.part[0]), percent(t.part[1]), percent(t.part[2]), t.mean, number(t.auc_voxels), number(t.auc_runs),
                       e.steps.back().error.mean * kDegrees, u ? fmt::format("{:.3f}", u->expected * kDegrees) : "-",
                       percent(u ? std::optional(u->radius[1]) : std::nullopt), percent(t.radius_fine), judged.file);
  }
  return out;
}

}  // namespace grainspin::cli
