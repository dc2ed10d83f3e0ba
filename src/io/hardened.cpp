#include "src/io/hardened.h"

#include <algorithm>
#include <cmath>

#include "src/io/kinematics.h"
#include "src/parallel_for.h"
#include "src/taylor_grain.h"

namespace grainspin {
namespace {

using taylor_detail::Dev;
using taylor_detail::Grain;
using taylor_detail::Systems;

constexpr std::int64_t kSlab = 1 << 18;
constexpr double kSubstep = 5e-4;    // von Mises strain of a midpoint step
constexpr double kHardening = 0.05;  // and the part of itself that a resistance may change by

// One stretch of the path: from state to state, or to the first one.
struct Leg {
  Dev D{};          // 1/s, sample frame
  double time = 0;  // s
  double strain = 0;
};

Leg leg_of(const LoadStep& load, double time) {
  Leg leg;
  leg.strain = load.von_mises();
  leg.time = time > 0 ? time : std::max(leg.strain, 1e-12) / 1e-3;
  Mat3<double> L;
  for (int k = 0; k < 9; ++k) L.m[k] = load.L[std::size_t(k)] / leg.time;
  leg.D = taylor_detail::deviator(L);
  return leg;
}

// With its free components where the file has them.
LoadStep whole(const LoadStep& load) {
  for (std::size_t k = 0; k < 9; ++k)
    if (!load.prescribed[k] && load.L[k] != 0) return load;
  return completed(load);
}

Dev in_crystal(const Quatd& q, const Dev& D) {
  const Mat3<double> R = matrix(q), d = taylor_detail::tensor(D);
  Mat3<double> turned;
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 3; ++j)
      for (int k = 0; k < 3; ++k)
        for (int l = 0; l < 3; ++l) turned(i, j) += R(k, i) * d(k, l) * R(l, j);
  return taylor_detail::deviator(turned);
}

// Between two orientations, `part` of the way; neighbours on the path, so that the chord is as good as the arc.
Quatd between(const float* a, const float* b, double part) {
  const double dot = double(a[0]) * b[0] + double(a[1]) * b[1] + double(a[2]) * b[2] + double(a[3]) * b[3];
  const double to = dot < 0 ? -part : part;
  const auto mixed = [&](int c) { return (1 - part) * a[c] + to * b[c]; };
  return normalised(Quatd{mixed(0), mixed(1), mixed(2), mixed(3)});
}

// A voxel's resistances after the leg.
void harden(const Systems& systems, const Leg& leg, const float* from, const float* to, std::vector<double>& xi, Grain& grain) {
  const Hardening& law = *systems.hardening;
  std::vector<double> rate(xi.size()), middle(xi.size());
  const auto rates = [&](double at, const std::vector<double>& resistances) {
    require(taylor_detail::solve(systems, in_crystal(between(from, to, at / leg.time), leg.D), resistances, grain),
            Errc::kConvergence, "hardening along the path: the slip of a voxel was not found");
    law.rate(resistances.data(), grain.gdot.data(), rate.data());
  };
  const double longest = leg.time / std::ceil(std::max(leg.strain / kSubstep, 1.0));
  for (double t = 0; t < leg.time * (1 - 1e-12);) {
    rates(t, xi);
    const double h = std::min({longest, leg.time - t, kHardening / std::max(law.speed(xi.data(), rate.data()), 1e-300)});
    for (std::size_t s = 0; s < xi.size(); ++s) middle[s] = xi[s] + 0.5 * h * rate[s];
    rates(t + 0.5 * h, middle);
    for (std::size_t s = 0; s < xi.size(); ++s) xi[s] += h * rate[s];
    law.admit(xi.data());
    t += h;
  }
}

// Every `every`-th voxel's of a state.
std::vector<float> orientations(FieldReader& in, int step, std::int64_t every) {
  const std::int64_t n = in.info().shape.voxels();
  std::vector<float> slab, out;
  for (std::int64_t begin = 0; begin < n; begin += kSlab) {
    const std::int64_t count = std::min(kSlab, n - begin);
    slab.resize(std::size_t(count) * 4);
    in.orientation(step, begin, count, slab.data());
    for (std::int64_t v = (begin + every - 1) / every * every; v < begin + count; v += every)
      out.insert(out.end(), slab.begin() + (v - begin) * 4, slab.begin() + (v - begin) * 4 + 4);
  }
  return out;
}

}  // namespace

Hardened hardened(FieldReader& in, int step, const std::vector<PhaseInfo>& phases, std::int64_t sample) {
  const ArchiveInfo& info = in.info();
  const std::int64_t n = info.shape.voxels(), every = (n + sample - 1) / sample;
  require(info.loads.size() >= std::size_t(step), Errc::kFormat,
          info.path + ": does not tell the loads of its steps, from which resistances are reconstructed");
  std::vector<Systems> systems;
  for (const PhaseInfo& p : phases) {
    require(p.law.has_value(), Errc::kArgument,
            "phase '" + p.name + "' states no phenopowerlaw: what its slip resistances have become cannot be reconstructed");
    systems.emplace_back(taylor_material(p));
  }
  std::vector<std::int32_t> phase(static_cast<std::size_t>(n));
  in.phase(0, n, phase.data());

  Hardened out;
  std::vector<Leg> legs;
  const auto leg = [&](const LoadStep& load, double time) {
    legs.push_back(leg_of(load, time));
    out.strain += legs.back().strain;
  };
  const auto duration = [&](int t) { return info.steps[std::size_t(t)].time - info.steps[std::size_t(t - 1)].time; };
  if (const auto F = mean_deformation(info, 0)) {
    LoadStep before;
    before.L = load_between({1, 0, 0, 0, 1, 0, 0, 0, 1}, *F);
    if (before.von_mises() > 1e-6) {  // at the rate of what follows
      const double size = step > 0 ? whole(info.loads[0]).von_mises() : 0;
      leg(before, size > 0 && duration(1) > 0 ? duration(1) * before.von_mises() / size : 0);
    }
  }
  const std::size_t first = legs.size();
  for (int t = 1; t <= step; ++t) leg(whole(info.loads[std::size_t(t - 1)]), duration(t));

  std::vector<float> from = orientations(in, 0, every), to;
  const std::int64_t count = std::int64_t(from.size() / 4);
  const auto of = [&](std::int64_t i) -> const Systems& { return systems[std::size_t(phase[std::size_t(i * every)])]; };
  std::vector<std::vector<double>> xi(static_cast<std::size_t>(count));
  std::vector<Grain> grains(xi.size());
  for (std::int64_t i = 0; i < count; ++i) {
    xi[std::size_t(i)].resize(std::size_t(of(i).count));
    of(i).hardening->initial(xi[std::size_t(i)].data());
  }
  for (std::size_t l = 0; l < legs.size(); ++l) {
    to = l < first ? from : orientations(in, int(l - first) + 1, every);
    parallel_for(count, 0, 16, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i)
        harden(of(i), legs[l], &from[std::size_t(4 * i)], &to[std::size_t(4 * i)], xi[std::size_t(i)], grains[std::size_t(i)]);
    });
    from = std::move(to);
  }

  for (std::size_t p = 0; p < phases.size(); ++p) {
    const Phenopowerlaw& law = *phases[p].law;
    const SlipSet slip = taylor_material(phases[p]).slip;
    std::vector<std::size_t> entry;  // of N_sl, of each family that has systems
    for (std::size_t k = 0; k < law.N_sl.size(); ++k)
      if (law.N_sl[k] > 0) entry.push_back(k);
    std::vector<double> sum(law.xi0.size(), 0), weight(law.xi0.size(), 0);
    for (std::int64_t i = 0; i < count; ++i) {
      if (std::size_t(phase[std::size_t(i * every)]) != p) continue;
      for (std::size_t s = 0; s < xi[std::size_t(i)].size(); ++s) {
        const std::size_t k = entry[std::size_t(slip.systems[s].family)];
        sum[k] += xi[std::size_t(i)][s], weight[k] += 1;
      }
    }
    std::vector<double>& mean = out.xi.emplace_back(law.xi0);
    for (std::size_t k = 0; k < mean.size(); ++k)
      if (weight[k] > 0) mean[k] = sum[k] / weight[k];
  }
  return out;
}

}  // namespace grainspin
