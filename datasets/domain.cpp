#include "datasets/domain.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <nlohmann/json.hpp>

#include "grainspin/domain.h"
#include "grainspin/nonlocal.h"
#include "grainspin/surroundings.h"
#include "grainspin/symmetry.h"

namespace grainspin {

namespace {

constexpr std::size_t kMostDirections = 1024;
constexpr double kSame = 0.01;     // of directions whose von Mises size is 1
constexpr double kNoSize = 1e-12;  // a step below it has no direction

// Of surroundings.h: none is above 2.
constexpr double kPerUnit = 1024;
constexpr std::size_t kUnits = 2 * 1024 + 1;

// Where a part of the counts lies below, within a unit.
double quantile(const std::vector<std::int64_t>& counts, double part) {
  double sum = 0, all = 0;
  for (const std::int64_t n : counts) all += double(n);
  for (std::size_t k = 0; k < counts.size(); ++k)
    if ((sum += double(counts[k])) >= part * all && sum > 0) return double(k) / kPerUnit;
  return 0;
}

// The range that 98 of 100 values of n runs lie in, as wide as it would be with many: n values of a uniform distribution span
// (n - 1) / (n + 1) of its width in the mean (Lloyd 1952, Biometrika 39:88).
std::array<double, 2> range_of(const std::vector<std::int64_t>& counts, int n) {
  const double low = quantile(counts, 0.01), high = quantile(counts, 0.99);
  const double middle = 0.5 * (low + high), half = 0.5 * (high - low) * (n + 1) / (n - 1);
  return {std::max(0.0, middle - half), middle + half};
}

const EmbeddingSpec* embedding_of(const std::string& point_group) {
  try {
    return &embedding(PointGroup::named(point_group));
  } catch (const Error&) {
    return nullptr;
  }
}

}  // namespace

std::vector<DomainRanges::Phase> domain_phases(const ModelSpec& spec) {
  if (spec.family == Family::kLocal) return {{"", spec.point_group, {}}};
  std::vector<DomainRanges::Phase> phases;
  for (const PhaseSpec& p : spec.nonlocal.phases) phases.push_back({p.name, p.point_group, slip_maps(p).P});
  return phases;
}

DomainRanges::DomainRanges(std::vector<Phase> phases) : phases_(std::move(phases)) {
  constexpr float inf = std::numeric_limits<float>::infinity();
  for (const Phase& phase : phases_) {
    Range range{embedding_of(phase.point_group), {}, {}};
    if (range.embedding) {
      range.low.assign(std::size_t(range.embedding->size), inf);
      range.high.assign(std::size_t(range.embedding->size), -inf);
    }
    ranges_.push_back(std::move(range));
  }
}

void DomainRanges::add(const Run& run) { add(run.loads, run.voxels(), nullptr, run.q, run.w); }

void DomainRanges::add(const GridRun& run) {
  add(run.loads, run.voxels(), run.phase.empty() ? nullptr : run.phase.data(), run.q, run.w);
  add_resolved(run);
  add_surroundings(run);
}

// Every state likewise.
void DomainRanges::add_surroundings(const GridRun& run) {
  const std::int64_t n = run.voxels();
  for (int t = 0; t <= run.steps(); ++t) {
    const CellLoad load = cell_load(run.loads[std::size_t(std::max(t - 1, 0))]);
    for (std::size_t p = 0; p < phases_.size(); ++p) {
      if (phases_[p].P.empty() || !ranges_[p].embedding) continue;
      if (!run.phase.empty() && std::ranges::find(run.phase, std::int32_t(p)) == run.phase.end()) continue;
      ranges_[p].surrounded += t == 0;
      const Surroundings s =
          surroundings(run.shape, run.boundaries, *ranges_[p].embedding, phases_[p].P, load.size > kNoSize ? load.E0 : Deviator{},
                       &run.q[std::size_t(t * n * 4)], run.phase.empty() ? nullptr : run.phase.data(), std::int32_t(p), nullptr, 0);
      for (std::size_t k = 0; k < 3; ++k) {
        auto& counts = ranges_[p].surroundings[k];
        counts.resize(kUnits);
        for (const float value : *std::array{&s.resolved, &s.boundary, &s.contrast}[k])
          if (!std::isnan(value)) ++counts[std::min(std::size_t(value * kPerUnit + 0.5), kUnits - 1)];
      }
    }
  }
}

// Every state under the load that led to it; the initial one under the first.
void DomainRanges::add_resolved(const GridRun& run) {
  const std::int64_t n = run.voxels();
  std::vector<float> shear(static_cast<std::size_t>(n));
  for (int t = 0; t <= run.steps(); ++t) {
    const CellLoad load = cell_load(run.loads[std::size_t(std::max(t - 1, 0))]);
    if (load.size <= kNoSize) continue;
    for (std::size_t p = 0; p < phases_.size(); ++p) {
      if (phases_[p].P.empty()) continue;
      resolved_shear(phases_[p].P, load.E0, n, &run.q[std::size_t(t * n * 4)], shear.data());
      Range& range = ranges_[p];
      double sum = 0, count = 0;
      for (std::int64_t i = 0; i < n; ++i) {
        if (!run.phase.empty() && std::size_t(run.phase[std::size_t(i)]) != p) continue;
        sum += shear[std::size_t(i)], count += 1;
        range.squares += double(shear[std::size_t(i)]) * shear[std::size_t(i)];
      }
      if (count == 0) continue;
      range.sum += sum, range.count += count;
      range.least = std::min(range.least, sum / count), range.most = std::max(range.most, sum / count);
    }
  }
}

void DomainRanges::add(const std::vector<LoadStep>& loads, std::int64_t voxels, const std::int32_t* phase,
                       const std::vector<float>& q, const std::vector<float>& w) {
  add_loads(loads);
  float e[EmbeddingSpec::kMaxSize];
  for (std::int64_t i = 0; i < std::int64_t(q.size()) / 4; ++i) {
    Range& range = ranges_[phase ? std::size_t(phase[i % voxels]) : 0];
    if (!range.embedding) continue;
    embed(*range.embedding, 1, &q[std::size_t(4 * i)], e);
    for (std::size_t c = 0; c < range.low.size(); ++c) {
      range.low[c] = std::min(range.low[c], e[c]);
      range.high[c] = std::max(range.high[c], e[c]);
    }
  }
  for (std::size_t i = 0; i < w.size(); i += 3) {
    const double squared = double(w[i]) * w[i] + double(w[i + 1]) * w[i + 1] + double(w[i + 2]) * w[i + 2];
    largest_ = std::max(largest_, squared);
    squares_ += squared;
  }
  increments_ += std::int64_t(w.size() / 3);
  voxels_ += voxels;
  ++runs_;
}

void DomainRanges::add_loads(const std::vector<LoadStep>& loads) {
  double strain = 0;
  for (std::size_t k = 0; k < loads.size(); ++k) {
    LoadStep direction = completed(loads[k]);
    const double size = direction.von_mises();
    least_ = runs_ == 0 && k == 0 ? size : std::min(least_, size);
    most_ = std::max(most_, size);
    strain += size;
    if (size <= kNoSize || directions_.size() == kMostDirections) continue;
    for (double& v : direction.L) v /= size;
    const bool seen = std::any_of(directions_.begin(), directions_.end(), [&](const LoadStep& d) {
      for (std::size_t i = 0; i < 9; ++i)
        if (d.prescribed[i] != direction.prescribed[i] || std::abs(d.L[i] - direction.L[i]) > kSame) return false;
      return true;
    });
    if (!seen) directions_.push_back(direction);
  }
  total_ = std::max(total_, strain);
  steps_ = std::max(steps_, int(loads.size()));
}

std::string DomainRanges::json(const std::string& kept) const {
  nlohmann::json json = nlohmann::json::parse(kept);
  for (const char* older : {"load", "strain_per_step", "resolved", "surroundings"}) json.erase(older);
  json["step_strain"] = {least_, most_};
  json["total_strain"] = {0.0, total_};
  json["steps"] = steps_;
  json["increment_rad"] = {{"rms", std::sqrt(squares_ / double(std::max<std::int64_t>(increments_, 1)))}, {"max", std::sqrt(largest_)}};
  json["loads"] = nlohmann::json::array();
  for (const LoadStep& d : directions_) json["loads"].push_back({{"L", d.L}, {"prescribed", d.prescribed}});
  json["embedding"] = nlohmann::json::array();
  for (std::size_t p = 0; p < phases_.size(); ++p)
    if (const Range& r = ranges_[p]; r.embedding && r.low[0] <= r.high[0])
      json["embedding"].push_back(
          {{"phase", phases_[p].name}, {"point_group", phases_[p].point_group}, {"low", r.low}, {"high", r.high}});
  json["resolved"] = nlohmann::json::array();
  for (std::size_t p = 0; p < phases_.size(); ++p)
    if (const Range& r = ranges_[p]; r.count > 0)
      json["resolved"].push_back({{"phase", phases_[p].name},
                                  {"low", r.least},
                                  {"high", r.most},
                                  {"spread", std::sqrt(std::max(0.0, r.squares / r.count - r.sum / r.count * r.sum / r.count))}});
  json["surroundings"] = nlohmann::json::array();
  for (std::size_t p = 0; p < phases_.size(); ++p) {
    if (ranges_[p].surrounded < 2) continue;  // one run tells nothing of others
    nlohmann::json item{{"phase", phases_[p].name}};
    for (std::size_t k = 0; k < 3; ++k)
      item[std::array{"resolved", "boundary", "contrast"}[k]] = range_of(ranges_[p].surroundings[k], ranges_[p].surrounded);
    json["surroundings"].push_back(item);
  }
  json["runs"] = runs_;
  json["voxels"] = voxels_;
  return json.dump();
}

}  // namespace grainspin
