#include "grainspin/interactions/data.h"

#include <cmath>
#include <map>

#include "grainspin/interactions/names.h"
#include "src/interactions/schmid.h"

namespace grainspin::interactions {

namespace {

std::string numbered(const SlipSet& slip, int system) {
  return "system " + std::to_string(system + 1) + ", " + system_label(slip, system);
}

struct Check {
  const DddData& data;
  const DddRun& run;
  std::string at(std::size_t row) const { return "run '" + run.id + "', row " + std::to_string(row + 1) + ": "; }

  void operator()(const std::vector<double>& values, std::size_t width, const char* what, bool needed, double least = -HUGE_VAL) const {
    if (values.empty() && !needed) return;
    require(values.size() == run.time.size() * width, Errc::kFormat,
            "run '" + run.id + "': " + what + " has " + std::to_string(values.size()) + " numbers, wanted " +
                std::to_string(run.time.size()) + " rows of " + std::to_string(width));
    for (std::size_t e = 0; e < values.size(); ++e) {
      if (std::isfinite(values[e]) && values[e] >= least) continue;
      const std::string of = width == 1 ? "" : width == 6 && &values == &run.stress ? " component " + std::to_string(e % 6 + 1)
                                                                                    : " of " + numbered(data.slip, int(e % width));
      throw Error(Errc::kFormat, at(e / width) + what + of + " is " + (std::isfinite(values[e]) ? std::to_string(values[e]) + ", wanted at least " + std::to_string(int(least)) : std::isnan(values[e]) ? "not a number" : "infinite"));
    }
  }
};

}  // namespace

void validate(const DddData& data) {
  const std::size_t n = data.slip.systems.size();
  require(n > 0, Errc::kFormat, "no slip systems");
  require(data.material.burgers.size() == n && data.material.friction.size() == n, Errc::kFormat,
          "Burgers lengths and friction stresses: wanted " + std::to_string(n) + " each");
  require(std::isfinite(data.material.shear_modulus) && data.material.shear_modulus > 0, Errc::kFormat, "the shear modulus must be above 0");
  require(!data.runs.empty(), Errc::kFormat, "no runs");
  std::map<std::string, int> seen;
  for (const DddRun& run : data.runs) {
    require(++seen[run.id] == 1, Errc::kFormat, "run '" + run.id + "' is there twice");
    require(!run.time.empty(), Errc::kFormat, "run '" + run.id + "' has no rows");
    const Check check{data, run};
    check(run.time, 1, "time", true);
    for (std::size_t t = 1; t < run.time.size(); ++t)
      require(run.time[t] > run.time[t - 1], Errc::kFormat,
              check.at(t) + "time does not increase (" + std::to_string(run.time[t]) + " s after " + std::to_string(run.time[t - 1]) + " s)");
    check(run.density, n, "density", true, 0);
    check(run.slip_rate, n, "slip rate", true);
    check(run.shear, n, "resolved shear", false);
    check(run.resistance, n, "resistance", false, 0);
    check(run.density_rate, n, "density rate", false);
    check(run.stress, 6, "stress", false);
    check(run.strain, 1, "strain", false);
    check(run.weight, 1, "weight", false, 0);
    for (const auto& [name, values] : run.columns) check(values, 1, ("column " + name).c_str(), true);
  }
}

std::vector<std::string> oddities(const DddData& data) {
  std::vector<std::string> out;
  const std::size_t n = data.slip.systems.size();
  if (data.runs.size() == 1) out.push_back("one run only: nothing can be held out, and cross-validation by runs is not possible");
  std::string at_rest;
  int resting = 0;
  for (std::size_t i = 0; i < n; ++i) {
    bool slips = false;
    for (const DddRun& run : data.runs)
      for (std::size_t t = 0; t < run.time.size() && !slips; ++t) slips = run.slip_rate[t * n + i] != 0;
    if (slips) continue;
    if (++resting <= 5) at_rest += (at_rest.empty() ? "" : ", ") + numbered(data.slip, int(i));
  }
  if (resting) out.push_back(std::to_string(resting) + " slip systems never slip: " + at_rest + (resting > 5 ? ", .." : ""));
  // Stress and resolved shears say the same, where both are there.
  for (std::size_t i = 0; i < n; ++i) {
    double off = 0, size = 0;
    const Six m = schmid(data.slip.systems[i]);
    for (const DddRun& run : data.runs)
      for (std::size_t t = 0; t < run.time.size() && !run.stress.empty() && !run.shear.empty(); ++t) {
        const double tau = resolved(m, &run.stress[6 * t]), says = run.shear[n * t + i];
        off += (tau - says) * (tau - says);
        size += says * says + tau * tau;
      }
    if (off > 1e-4 * size)
      out.push_back("resolved shears of " + numbered(data.slip, int(i)) + " are not those of the stress (" +
                    std::to_string(int(100 * std::sqrt(off / size))) + " % off): another order, sense or frame?");
  }
  return out;
}

}  // namespace grainspin::interactions
