// Loads against the domain of training: sizes of steps, their sum, directions of straining.
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "domain_margin.h"
#include "grainspin/core.h"
#include "grainspin/domain.h"
#include "grainspin/nonlocal.h"
#include "load_text.h"

namespace grainspin {
namespace {

using Margins = DomainMargins;

// The rotations of the cube as signed permutations of the axes: axis i goes to axis[i] with sign[i].
struct Turn {
  std::array<std::size_t, 3> axis;
  std::array<int, 3> sign;
};

const std::vector<Turn>& turns() {
  static const std::vector<Turn> all = [] {
    std::vector<Turn> out;
    std::array<std::size_t, 3> p{0, 1, 2};
    do
      for (int s = 0; s < 8; ++s) {
        const Turn t{p, {s & 1 ? -1 : 1, s & 2 ? -1 : 1, s & 4 ? -1 : 1}};
        int parity = t.sign[0] * t.sign[1] * t.sign[2];
        for (std::size_t i = 0; i < 3; ++i)
          for (std::size_t j = i + 1; j < 3; ++j)
            if (p[i] > p[j]) parity = -parity;
        if (parity > 0) out.push_back(t);
      }
    while (std::next_permutation(p.begin(), p.end()));
    return out;
  }();
  return all;
}

// " from step 14 on", " in step 3", " in steps 2 to 5", " in 4 steps, the first 2"; nothing where there is one step only.
std::string where(const std::vector<bool>& bad) {
  const auto first = std::ranges::find(bad, true);
  const std::size_t from = std::size_t(first - bad.begin());
  const auto count = std::size_t(std::ranges::count(bad, true));
  const auto last = std::size_t(bad.rend() - std::ranges::find(bad.rbegin(), bad.rend(), true)) - 1;
  if (bad.size() == 1) return "";
  if (count == bad.size()) return " in all steps";
  if (count == 1) return " in step " + std::to_string(from + 1);
  if (count < last - from + 1) return " in " + std::to_string(count) + " steps, the first " + std::to_string(from + 1);
  if (last + 1 == bad.size()) return " from step " + std::to_string(from + 1) + " on";
  return " in steps " + std::to_string(from + 1) + " to " + std::to_string(last + 1);
}

Verdict of(double value, double fine, double doubtful) {  // what is no number is outside
  return value <= fine ? Verdict::kFine : value <= doubtful ? Verdict::kDoubtful : Verdict::kOutside;
}

// To two digits: "0.75 %", "17 %".
std::string percent(std::int64_t part, std::int64_t of) {
  const double value = 100.0 * double(part) / double(std::max<std::int64_t>(of, 1));
  const double unit = value > 0 ? std::pow(10, std::floor(std::log10(value)) - 1) : 1;
  return short_text(std::min(unit, 1.0) * std::round(value / std::min(unit, 1.0))) + " %";
}

}  // namespace

struct DomainJudge::Parts {
  double step = 0, total = 0, angle = 0;
  Verdict size = Verdict::kFine, sum = Verdict::kFine, direction = Verdict::kFine, free = Verdict::kFine;
  double measure = 0;  // DomainJudge::measure
  Verdict worst() const { return std::max({size, sum, direction, free}); }
};

DomainJudge::Direction DomainJudge::direction_of(const LoadStep& load) {
  const LoadStep l = completed(load);
  Direction d;
  const double mean = (l.L[0] + l.L[4] + l.L[8]) / 3;
  double size = 0;
  for (std::size_t c = 0; c < 9; ++c) {
    d.E[c] = 0.5 * (l.L[c] + l.L[c % 3 * 3 + c / 3]) - (c % 4 == 0 ? mean : 0);
    size += d.E[c] * d.E[c];
    d.free[c] = !load.prescribed[c];
  }
  if (int(d.free[0]) + int(d.free[4]) + int(d.free[8]) == 1) d.free[0] = d.free[4] = d.free[8] = false;
  d.any = !(size <= 1e-24);
  if (d.any)
    for (double& e : d.E) e /= std::sqrt(size);
  return d;
}

// The smallest angle to a direction that leaves the same components free, over the rotations of the cube, and that direction;
// negative where there is none. `but`: one that does not count.
std::pair<double, int> DomainJudge::nearest_seen(const Direction& d, int but) const {
  double best = -2;
  int which = -1;
  for (const Turn& t : turns()) {
    Direction r = d;
    for (std::size_t i = 0; i < 3; ++i)
      for (std::size_t j = 0; j < 3; ++j) {
        r.E[3 * t.axis[i] + t.axis[j]] = t.sign[i] * t.sign[j] * d.E[3 * i + j];
        r.free[3 * t.axis[i] + t.axis[j]] = d.free[3 * i + j];
      }
    for (std::size_t k = 0; k < seen_.size(); ++k) {
      const Direction& o = seen_[k];
      if (int(k) == but || o.free != r.free) continue;
      double dot = 0;
      for (std::size_t c = 0; c < 9; ++c) dot += o.E[c] * r.E[c];
      if (!(dot <= best)) best = dot, which = int(k);
    }
  }
  return {which < 0 ? -1 : std::acos(std::clamp(best, -1.0, 1.0)), which};
}

DomainJudge::DomainJudge(const ModelSpec& spec) : domain_(training_domain(spec)) {
  for (const LoadStep& load : domain_.loads)
    if (const Direction d = direction_of(load); d.any) seen_.push_back(d);
  // Where many directions with the same free components were trained on, a new one may lie as far from them as one of them
  // does from the others.
  std::vector<double> apart;
  std::vector<int> kin(seen_.size(), 0);
  for (std::size_t k = 0; k < seen_.size(); ++k) {
    apart.push_back(nearest_seen(seen_[k], int(k)).first);
    for (const Direction& o : seen_) kin[k] += o.free == seen_[k].free;
  }
  for (std::size_t k = 0; k < seen_.size(); ++k) {
    Margin margin = Margins::kDirection;
    for (std::size_t j = 0; j < seen_.size() && kin[k] >= Margins::kManyDirections; ++j)
      if (seen_[j].free == seen_[k].free && apart[j] > margin.fine) margin = {apart[j], apart[j] + Margins::kDirection.doubtful - Margins::kDirection.fine};
    direction_.push_back(margin);
  }
  const auto& ranges = domain_.orientations;
  const std::size_t phases = spec.family == Family::kNonlocal ? spec.nonlocal.phases.size() : 1;
  for (std::size_t p = 0; p < phases; ++p) {
    const bool local = spec.family == Family::kLocal;
    const auto found = std::ranges::find_if(ranges, [&](const TrainingDomain::Orientations& o) {
      return local ? o.point_group == spec.point_group
                   : o.phase == spec.nonlocal.phases[p].name && o.point_group == spec.nonlocal.phases[p].point_group;
    });
    range_.push_back(found == ranges.end() ? -1 : int(found - ranges.begin()));
  }
  if (spec.family == Family::kNonlocal) phases_ = spec.nonlocal.phases;
  if (spec.family != Family::kNonlocal || domain_.resolved.empty() || phases > VoxelVerdicts{}.resolved_sum.size()) return;
  for (const PhaseSpec& phase : spec.nonlocal.phases) {
    const auto found = std::ranges::find(domain_.resolved, phase.name, &TrainingDomain::Resolved::phase);
    resolved_.push_back(found == domain_.resolved.end() ? -1 : int(found - domain_.resolved.begin()));
    slip_.push_back(found == domain_.resolved.end() ? std::vector<std::array<double, 5>>() : slip_maps(phase).P);
  }
}

DomainJudge::Parts DomainJudge::parts(const LoadStep& load, double strain) const {
  Parts p;
  p.step = completed(load).von_mises();
  p.total = strain + p.step;
  if (const auto [low, high] = domain_.step_strain; high > 0) {
    const auto within = [&](double slack) { return p.step >= low * (1 - slack) && p.step <= high * (1 + slack); };
    p.size = within(Margins::kStepStrain.fine)       ? Verdict::kFine
             : within(Margins::kStepStrain.doubtful) ? Verdict::kDoubtful
                                                     : Verdict::kOutside;
    const double beyond = std::max(low > 0 ? (low - p.step) / low : 0.0, (p.step - high) / high);
    p.measure = measure_of(std::max(beyond, 0.0), Margins::kStepStrain);
  }
  if (const double most = domain_.total_strain; most > 0) {
    p.sum = of(p.total, most * (1 + Margins::kTotalStrain.fine), most * (1 + Margins::kTotalStrain.doubtful));
    p.measure = std::max(p.measure, measure_of(std::max(p.total / most - 1, 0.0), Margins::kTotalStrain));
  }
  const Direction d = direction_of(load);
  if (!d.any || seen_.empty()) return p;
  const auto [angle, which] = nearest_seen(d, -1);
  p.angle = angle;
  if (which < 0) {
    p.free = Verdict::kOutside;
    p.measure = std::max(p.measure, kOutsideMeasure);
    return p;
  }
  const Margin margin = direction_[std::size_t(which)];
  p.direction = of(angle, margin.fine, margin.doubtful);
  p.measure = std::max(p.measure, measure_of(angle, margin));
  return p;
}

double DomainJudge::load_measure(const LoadStep& load, double strain) const { return parts(load, strain).measure; }

StepJudgement DomainJudge::load(const LoadStep& load, double strain) const { return step(load, strain, {}); }

StepJudgement DomainJudge::step(const LoadStep& load, double strain, const VoxelVerdicts& voxels) const {
  const Parts p = parts(load, strain);
  const DomainJudgement told = tell({&p, 1}, {&voxels, 1});
  StepJudgement out{told.verdict, p.worst(), voxels, p.total, ""};
  for (const auto* list : {&told.reasons, &told.doubts})
    for (const std::string& reason : *list) out.reason += (out.reason.empty() ? "" : "; ") + reason;
  return out;
}

DomainJudgement DomainJudge::run(const std::vector<LoadStep>& loads, std::span<const VoxelVerdicts> voxels) const {
  std::vector<Parts> all;
  for (const LoadStep& load : loads) all.push_back(parts(load, all.empty() ? 0 : all.back().total));
  return tell(all, voxels);
}

DomainJudgement DomainJudge::tell(std::span<const Parts> steps, std::span<const VoxelVerdicts> voxels) const {
  DomainJudgement out;
  out.stated = stated();
  for (std::size_t k = 0; k < steps.size(); ++k) {
    out.steps.push_back(std::max(steps[k].worst(), crystal_));
    if (k < voxels.size()) out.steps.back() = std::max({out.steps.back(), voxels[k].verdict(), beyond_resolved(voxels[k]).verdict()});
    out.verdict = std::max(out.verdict, out.steps.back());
  }
  // One kind of trouble: the steps where it is outside, or, where there are none, those where it is doubtful. `what`
  // is told of these.
  const auto add = [&](auto&& verdict_of, auto&& what) {
    for (const Verdict level : {Verdict::kOutside, Verdict::kDoubtful}) {
      std::vector<bool> bad(steps.size());
      std::vector<std::size_t> which;
      for (std::size_t k = 0; k < steps.size(); ++k)
        if (verdict_of(k) == level) bad[k] = true, which.push_back(k);
      if (which.empty()) continue;
      (level == Verdict::kOutside ? out.reasons : out.doubts).push_back(what(which) + where(bad));
      return;
    }
  };
  using Which = std::vector<std::size_t>;
  add([&](std::size_t) { return crystal_; }, [&](const Which&) { return crystal_reason_; });
  add([&](std::size_t k) { return steps[k].sum; },
      [&](const Which&) { return "total strain " + short_text(steps.back().total) + " > " + short_text(domain_.total_strain); });
  add([&](std::size_t k) { return steps[k].size; },
      [&](const Which& which) {
        double low = steps[which[0]].step, high = low;
        for (const std::size_t k : which) low = std::min(low, steps[k].step), high = std::max(high, steps[k].step);
        return "step strain " + short_text(low) + (high > low * 1.01 ? " to " + short_text(high) : "") + " outside " +
               (domain_.step_strain[1] > 1.001 * domain_.step_strain[0] ? short_text(domain_.step_strain[0]) + " to " : "") +
               short_text(domain_.step_strain[1]);
      });
  add([&](std::size_t k) { return steps[k].direction; },
      [&](const Which& which) {
        double farthest = 0;
        for (const std::size_t k : which) farthest = std::max(farthest, steps[k].angle);
        return "straining in a direction " + short_text(std::round(farthest / Margins::kDegree)) +
               " degrees from the nearest one trained on";
      });
  add([&](std::size_t k) { return steps[k].free; },
      [](const Which&) { return std::string("free components as in no load trained on"); });

  // Voxels: a reason is told where it is that of at least half a percent of them, and of a tenth of those that are not fine.
  const auto told_of = [&](std::size_t k, std::int64_t count) {
    const VoxelVerdicts& v = voxels[k];
    return 200 * count >= v.voxels && 10 * count >= v.doubtful + v.outside ? v.verdict() : Verdict::kFine;
  };
  const auto share = [&](std::size_t k, std::int64_t VoxelVerdicts::* count) {
    return k < voxels.size() ? told_of(k, voxels[k].*count) : Verdict::kFine;
  };
  const auto most = [&](const Which& which, auto VoxelVerdicts::* member) {
    std::size_t worst = which[0];
    for (const std::size_t k : which)
      if (voxels[k].*member > voxels[worst].*member) worst = k;
    return worst;
  };
  add([&](std::size_t k) { return share(k, &VoxelVerdicts::orientation); },
      [&](const Which& which) {
        const auto& v = voxels[most(which, &VoxelVerdicts::orientation)];
        const double beyond = voxels[most(which, &VoxelVerdicts::orientation_beyond)].orientation_beyond;
        return percent(v.orientation, v.voxels) + " of the voxels with orientations up to " +
               short_text(beyond / Margins::kDegree) + " degrees from the range trained on";
      });
  add([&](std::size_t k) { return share(k, &VoxelVerdicts::increment); },
      [&](const Which& which) {
        const auto& v = voxels[most(which, &VoxelVerdicts::increment)];
        const double largest = voxels[most(which, &VoxelVerdicts::increment_largest)].increment_largest;
        return percent(v.increment, v.voxels) + " of the voxels turning by up to " + short_text(largest / Margins::kDegree) +
               " degrees a step (in training at most " + short_text(domain_.increment / Margins::kDegree) + ")";
      });
  for (std::size_t what = 0; what < 3; ++what) {
    const auto count = [&](std::size_t k) { return voxels[k].surroundings[what]; };
    add([&](std::size_t k) { return k < voxels.size() ? told_of(k, count(k)) : Verdict::kFine; },
        [&](const Which& which) {
          const std::size_t worst = *std::ranges::max_element(which, {}, count);
          constexpr const char* kWhat[3] = {"in surroundings that stand to the load as none trained on",
                                            "in coarser grains than trained on", "among grains more alike than trained on"};
          return percent(count(worst), voxels[worst].voxels) + " of the voxels " + kWhat[what];
        });
  }
  add([&](std::size_t k) { return k < voxels.size() ? beyond_resolved(voxels[k]).verdict() : Verdict::kFine; },
      [&](const Which& which) {
        Beyond worst;
        for (const std::size_t k : which)
          if (const Beyond b = beyond_resolved(voxels[k]); b.by > worst.by) worst = b;
        const TrainingDomain::Resolved& seen = domain_.resolved[std::size_t(resolved_[std::size_t(worst.phase)])];
        return "a texture that stands to the load as none trained on (largest resolved shear " + short_text(worst.mean) +
               " in the mean, in training " + short_text(seen.low) + " to " + short_text(seen.high) + ")";
      });
  return out;
}

std::string text(const DomainJudgement& judgement) {
  if (!judgement.stated) return "";
  std::string out;
  for (const auto* list : {&judgement.reasons, &judgement.doubts})
    for (const std::string& reason : *list) out += (out.empty() ? ": " : "; ") + reason;
  return (judgement.verdict == Verdict::kOutside    ? "outside the domain of training"
          : judgement.verdict == Verdict::kDoubtful ? "near the edge of the domain of training"
                                                    : "inside the domain of training") +
         out;
}

DomainJudgement judge_loads(const ModelSpec& spec, const std::vector<LoadStep>& loads) { return DomainJudge(spec).run(loads); }

}  // namespace grainspin
