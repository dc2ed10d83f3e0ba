// Whole grids against the domain of training: what surrounds a voxel, and one number for how far out it is.
#include <algorithm>
#include <cmath>

#include "domain_margin.h"
#include "grainspin/core.h"
#include "grainspin/domain.h"
#include "grainspin/nonlocal.h"
#include "grainspin/surroundings.h"
#include "grainspin/symmetry.h"
#include "load_text.h"
#include "parallel_for.h"

namespace grainspin {
namespace {

using Margins = DomainMargins;

// Distance from the middle of a range in halves of it; 0 for what is not known.
double from_middle(double value, const std::array<double, 2>& range) {
  const double half = std::max(0.5 * (range[1] - range[0]), 1e-6);
  return std::isnan(value) ? 0 : std::abs(value - 0.5 * (range[0] + range[1])) / half;
}
// Only below the middle. Grains finer than in training were measured to be as well predicted, and neighbours more unlike than
// independent ones do not exist.
double below_middle(double value, const std::array<double, 2>& range) {
  return value < 0.5 * (range[0] + range[1]) ? from_middle(value, range) : 0;
}

constexpr std::array<Margin, 3> kMargins{Margins::kSurroundingShear, Margins::kSurroundingGrains, Margins::kSurroundingContrast};

// The lattice that a family of slip systems belongs to (slip_systems.h); empty where it does not say.
std::string lattice_of(const PhaseSpec& phase) {
  if (phase.slip_families.empty()) return "";
  const std::string& name = phase.slip_families.front();
  return name.starts_with("fcc") ? "cF" : name.starts_with("bcc") ? "cI" : name.starts_with("hcp") ? "hP" : name.starts_with("bct") ? "tI" : "";
}

}  // namespace

const TrainingDomain::Surrounded* DomainJudge::surrounded(std::size_t phase) const {
  if (phase >= phases_.size() || range_[phase] < 0) return nullptr;  // range_: the group has an embedding
  const auto found = std::ranges::find(domain_.surroundings, phases_[phase].name, &TrainingDomain::Surrounded::phase);
  return found == domain_.surroundings.end() ? nullptr : &*found;
}

template <class Fn>
void DomainJudge::surround(const GridFields& f, int threads, const Fn& fn) const {
  const CellLoad load = f.load ? cell_load(*f.load) : CellLoad{};
  for (std::size_t p = 0; p < phases_.size(); ++p) {
    const TrainingDomain::Surrounded* const seen = surrounded(p);
    if (!seen || (!f.phase && p > 0)) continue;
    const std::vector<std::array<double, 5>> P = f.load && load.size > 0 ? slip_maps(phases_[p]).P : std::vector<std::array<double, 5>>();
    const Surroundings s = surroundings(f.shape, f.boundaries, embedding(PointGroup::named(phases_[p].point_group)), P, load.E0, f.q, f.phase,
                                        std::int32_t(p), f.mask, threads);
    for (std::int64_t i = 0; i < f.shape.voxels(); ++i) {
      const std::size_t k = std::size_t(i);
      if (std::isnan(s.boundary[k]) && std::isnan(s.resolved[k])) continue;
      fn(i, std::array<double, 3>{from_middle(s.resolved[k], seen->resolved), below_middle(s.boundary[k], seen->boundary),
                                  below_middle(s.contrast[k], seen->contrast)});
    }
  }
}

VoxelVerdicts DomainJudge::grid(const GridFields& f, std::uint8_t* verdict, int threads) const {
  const std::int64_t n = f.shape.voxels();
  std::vector<std::uint8_t> own;
  if (!verdict) own.resize(std::size_t(n)), verdict = own.data();
  VoxelVerdicts sum = voxels(n, f.q, f.increment, f.phase, f.mask, verdict, threads, f.load);
  if (domain_.surroundings.empty() || !f.q) return sum;
  surround(f, threads, [&](std::int64_t i, const std::array<double, 3>& distance) {
    for (std::size_t k = 0; k < 3; ++k) {
      const Margin m = kMargins[k];
      const int v = distance[k] <= m.fine ? 0 : distance[k] <= m.doubtful ? 1 : 2;
      sum.surroundings[k] += v > 0;
      if (v <= verdict[i]) continue;
      sum.doubtful += (v == 1) - (verdict[i] == 1);
      sum.outside += v == 2;
      verdict[i] = std::uint8_t(v);
    }
  });
  return sum;
}

void DomainJudge::measure(const GridFields& f, double strain, float* measure, int threads) const {
  const double whole = std::max(f.load ? load_measure(*f.load, strain) : 0.0,
                                crystal_ == Verdict::kOutside ? kOutsideMeasure : double(crystal_) * 1.5);
  std::vector<VoxelLimits> limits;
  for (std::size_t p = 0; p < range_.size(); ++p) limits.push_back(this->limits(p));
  parallel_for(f.shape.voxels(), threads, 1 << 12, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      if (f.mask && f.mask[i] == 0) continue;
      const VoxelJudgement j = judge_voxel(limits[f.phase ? std::size_t(f.phase[i]) : 0], f.q + 4 * i, f.increment ? f.increment + 3 * i : nullptr);
      const double turned = measure_of(std::sqrt(double(j.beyond)), Margins::kOrientation);
      const double moved = domain_.increment > 0 ? std::sqrt(double(j.increment)) / domain_.increment : 0.0;
      const double increment = moved <= 1 ? moved : measure_of(moved - 1, {0, Margins::kIncrement.doubtful});
      measure[i] = std::max(measure[i], float(std::max({whole, turned, increment})));
    }
  });
  if (domain_.surroundings.empty()) return;
  surround(f, threads, [&](std::int64_t i, const std::array<double, 3>& distance) {
    for (std::size_t k = 0; k < 3; ++k) measure[i] = std::max(measure[i], float(measure_of(distance[k], kMargins[k])));
  });
}

void DomainJudge::crystal(std::size_t phase, const std::string& name, const std::string& lattice, double c_over_a) {
  const PhaseSpec& own = phases_.at(phase);
  const std::string known = lattice_of(own);
  const auto tell = [&](Verdict verdict, const std::string& what) {
    if (verdict <= crystal_) return;
    crystal_ = verdict;
    crystal_reason_ = "phase '" + name + "' is " + what;
  };
  if (!lattice.empty() && !known.empty() && lattice != known) tell(Verdict::kOutside, "a " + lattice + " crystal, trained on " + known);
  if (!(own.c_over_a > 0 && c_over_a > 0)) return;
  const double off = std::abs(c_over_a / own.c_over_a - 1);
  if (off > 0.01)
    tell(off > 0.03 ? Verdict::kOutside : Verdict::kDoubtful, "of c/a " + short_text(c_over_a) + ", trained on " + short_text(own.c_over_a));
}

}  // namespace grainspin
