#include "grainspin/load_domain.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numbers>

#include "grainspin/core.h"
#include "load_text.h"

namespace grainspin {
namespace {

using nlohmann::json;

constexpr double kDegree = std::numbers::pi / 180;
constexpr double kNearest = 15 * kDegree, kStepSlack = 0.05, kTotalSlack = 0.01;

// A load's direction: its strain deviator of Frobenius norm 1, and which components are free.
struct Direction {
  std::array<double, 9> E{};
  std::array<bool, 9> free{};
  bool any = false;  // false: no strain at all
};

Direction direction_of(const LoadStep& load) {
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
  d.any = size > 1e-24;
  if (d.any)
    for (double& e : d.E) e /= std::sqrt(size);
  return d;
}

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

Direction turned(const Direction& d, const Turn& t) {
  Direction out = d;
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t j = 0; j < 3; ++j) {
      out.E[3 * t.axis[i] + t.axis[j]] = t.sign[i] * t.sign[j] * d.E[3 * i + j];
      out.free[3 * t.axis[i] + t.axis[j]] = d.free[3 * i + j];
    }
  return out;
}

// All that were seen, turned, each once.
std::vector<Direction> seen_directions(const json& loads) {
  std::vector<Direction> out;
  for (const json& item : loads) {
    LoadStep load;
    item.at("L").get_to(load.L);
    for (std::size_t c = 0; c < 9; ++c) {
      const json& p = item.at("prescribed").at(c);
      load.prescribed[c] = p.is_boolean() ? p.get<bool>() : p.get<double>() != 0;
    }
    const Direction d = direction_of(load);
    if (!d.any) continue;
    for (const Turn& t : turns()) {
      const Direction r = turned(d, t);
      const bool known = std::ranges::any_of(out, [&](const Direction& o) {
        double difference = 0;
        for (std::size_t c = 0; c < 9; ++c) difference = std::max(difference, std::abs(o.E[c] - r.E[c]));
        return o.free == r.free && difference < 1e-6;
      });
      if (!known) out.push_back(r);
    }
  }
  return out;
}

double angle_to(const Direction& d, const std::vector<Direction>& seen) {
  double best = 10;  // none with these free components
  for (const Direction& o : seen) {
    if (o.free != d.free) continue;
    double dot = 0;
    for (std::size_t c = 0; c < 9; ++c) dot += o.E[c] * d.E[c];
    best = std::min(best, std::acos(std::clamp(dot, -1.0, 1.0)));
  }
  return best;
}

// "from step 14 on", "in step 3", "in steps 2 to 5", "in 4 steps from step 2 on".
std::string where(const std::vector<bool>& bad) {
  const auto first = std::ranges::find(bad, true);
  const std::size_t from = std::size_t(first - bad.begin());
  const auto count = std::size_t(std::ranges::count(bad, true));
  const auto last = std::size_t(bad.rend() - std::ranges::find(bad.rbegin(), bad.rend(), true)) - 1;
  if (count == bad.size()) return "in all steps";
  if (count == 1) return "in step " + std::to_string(from + 1);
  if (count < last - from + 1) return "in " + std::to_string(count) + " steps, the first " + std::to_string(from + 1);
  if (last + 1 == bad.size()) return "from step " + std::to_string(from + 1) + " on";
  return "in steps " + std::to_string(from + 1) + " to " + std::to_string(last + 1);
}

struct Domain {
  std::array<double, 2> step{0, 0};
  double total = 0;
  std::vector<Direction> seen;
};

Domain parse_domain(const std::string& text) {
  Domain out;
  try {
    const json d = json::parse(text);
    if (d.contains("step_strain")) d.at("step_strain").get_to(out.step);
    if (d.contains("total_strain"))
      out.total = d.at("total_strain").is_array() ? d.at("total_strain").at(1).get<double>()
                                                  : d.at("total_strain").get<double>();
    if (d.contains("loads")) out.seen = seen_directions(d.at("loads"));
  } catch (const json::exception& e) {
    throw Error(Errc::kFormat, std::string("the model's domain of training is not as this version writes it: ") + e.what());
  }
  return out;
}

}  // namespace

DomainJudgement judge_loads(const ModelSpec& spec, const std::vector<LoadStep>& loads) {
  const Domain domain = parse_domain(spec.domain);
  DomainJudgement out;
  out.steps.assign(loads.size(), Verdict::kFine);
  out.stated = domain.step[1] > 0 || domain.total > 0 || !domain.seen.empty();
  std::vector<bool> size(loads.size()), total(loads.size()), turned(loads.size()), mask(loads.size());
  double sum = 0, smallest = 1e300, largest = 0, farthest = 0;
  for (std::size_t k = 0; k < loads.size(); ++k) {
    const double step = completed(loads[k]).von_mises();
    sum += step;
    size[k] = domain.step[1] > 0 && (step < domain.step[0] * (1 - kStepSlack) || step > domain.step[1] * (1 + kStepSlack));
    if (size[k]) smallest = std::min(smallest, step), largest = std::max(largest, step);
    total[k] = domain.total > 0 && sum > domain.total * (1 + kTotalSlack);
    if (const Direction d = direction_of(loads[k]); d.any && !domain.seen.empty()) {
      const double angle = angle_to(d, domain.seen);
      mask[k] = angle > 4;
      turned[k] = !mask[k] && angle > kNearest;
      if (turned[k]) farthest = std::max(farthest, angle);
    }
    if (size[k] || total[k] || mask[k] || turned[k]) out.steps[k] = Verdict::kOutside;
  }
  const auto tell = [&](const std::vector<bool>& bad, const std::string& what) {
    if (std::ranges::find(bad, true) != bad.end()) out.reasons.push_back(what + " " + where(bad));
  };
  tell(total, "total strain " + short_text(sum) + " > " + short_text(domain.total));
  tell(size, "step strain " + short_text(smallest) + (largest > smallest * 1.01 ? " to " + short_text(largest) : "") +
                 " outside " + short_text(domain.step[0]) + " to " + short_text(domain.step[1]));
  tell(turned, "straining in a direction " + short_text(std::round(farthest / kDegree)) +
                   " degrees from the nearest one trained on");
  tell(mask, "free components as in no load trained on");
  return out;
}

}  // namespace grainspin
