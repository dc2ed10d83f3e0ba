// The Taylor polycrystal in time: steps cut into midpoint substeps of orientation and hardening state.
#include "grainspin/taylor.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "src/parallel_for.h"
#include "src/taylor_polycrystal.h"

namespace grainspin {

namespace {

using namespace taylor_detail;

Vec3<double> axial(const Mat3<double>& L) {
  return {(L(2, 1) - L(1, 2)) / 2, (L(0, 2) - L(2, 0)) / 2, (L(1, 0) - L(0, 1)) / 2};
}

Vec3<double> lattice_spin(const Systems& sys, const Mat3<double>& R, const std::vector<double>& gdot, const Vec3<double>& W) {
  Vec3<double> p;
  for (int i = 0; i < sys.count; ++i) {
    p.x += gdot[i] * sys.spin[i].x;
    p.y += gdot[i] * sys.spin[i].y;
    p.z += gdot[i] * sys.spin[i].z;
  }
  p = R * p;
  return {W.x - p.x, W.y - p.y, W.z - p.z};
}

Vec3<double> scaled(const Vec3<double>& v, double s) { return {v.x * s, v.y * s, v.z * s}; }

// The state in time, and one midpoint substep of it.
struct Integrator {
  Polycrystal poly;
  using Table = std::vector<std::vector<double>>;
  Table state, state_mid;           // [n][S] of the hardening laws
  Table xi;                         // [n][N] Pa, of the state last looked at
  std::vector<Quatd> start;         // [n] at the start of the substep
  std::vector<Mat3<double>> R;      // [n] where the stresses are solved
  std::vector<double> slip;         // [n] sum |dgamma| of the last advance
  std::size_t columns = 0;          // most systems of a material
  std::vector<double> slips;        // [n, columns] sum dgamma since it was cleared

  std::size_t size() const { return poly.grains.size(); }
  // At the present orientations and this state.
  void look(const Table& at) {
    for (std::size_t g = 0; g < size(); ++g) {
      R[g] = matrix(poly.grains[g].q);
      poly.of(g).hardening->resistance(at[g].data(), xi[g].data());
    }
  }
  // 1/s: the fastest relative change of a resistance at the present slip rates.
  double hardening_speed() const {
    double fastest = 0;
    std::vector<double> rate;
    for (std::size_t g = 0; g < size(); ++g) {
      hardening_rate(poly.of(g), state[g], poly.grains[g].gdot, rate);
      fastest = std::max(fastest, poly.of(g).hardening->speed(state[g].data(), rate.data()));
    }
    return fastest;
  }
  void add_slips(double h) {
    for (std::size_t g = 0; g < size(); ++g)
      for (std::size_t s = 0; s < poly.grains[g].gdot.size(); ++s) slips[g * columns + s] += h * poly.grains[g].gdot[s];
  }
  // From the substep's start over h seconds with the present slip rates, found at the state `at`.
  void advance(const Vec3<double>& W, const Table& at, Table& to, double h) {
    parallel_for(std::int64_t(size()), poly.threads, 64, [&](std::int64_t begin, std::int64_t end) {
      std::vector<double> rate;
      for (std::size_t g = std::size_t(begin); g < std::size_t(end); ++g) {
        Grain& grain = poly.grains[g];
        const Systems& sys = poly.of(g);
        grain.q = normalised(exp(scaled(lattice_spin(sys, R[g], grain.gdot, W), h)) * start[g]);
        hardening_rate(sys, at[g], grain.gdot, rate);
        to[g].resize(state[g].size());
        for (std::size_t i = 0; i < rate.size(); ++i) to[g][i] = state[g][i] + h * rate[i];
        sys.hardening->admit(to[g].data());
        slip[g] = 0;
        for (const double gdot : grain.gdot) slip[g] += std::abs(gdot) * h;
      }
    });
  }
};

Integrator prepare(const std::vector<TaylorMaterial>& materials, std::int64_t n, const std::int32_t* material_of,
                   const float* q0, const std::vector<double>& weights, int threads) {
  Integrator out;
  Polycrystal& poly = out.poly;
  for (const auto& m : materials) poly.systems.emplace_back(m);
  poly.material_of = material_of;
  poly.threads = threads;
  poly.weights.assign(std::size_t(n), 1.0 / double(n));
  if (!weights.empty()) {
    const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
    require(sum > 0, Errc::kArgument, "Taylor: the weights add up to nothing");
    for (std::size_t g = 0; g < std::size_t(n); ++g) poly.weights[g] = weights[g] / sum;
  }
  poly.grains.resize(std::size_t(n));
  out.state.resize(std::size_t(n));
  out.state_mid.resize(std::size_t(n));
  out.xi.resize(std::size_t(n));
  out.start.resize(std::size_t(n));
  out.R.resize(std::size_t(n));
  out.slip.resize(std::size_t(n));
  for (const Systems& s : poly.systems) out.columns = std::max(out.columns, std::size_t(s.count));
  for (std::size_t g = 0; g < std::size_t(n); ++g) {
    require(!material_of || (material_of[g] >= 0 && std::size_t(material_of[g]) < materials.size()), Errc::kArgument,
            "Taylor: grain " + std::to_string(g) + " is of no listed material");
    const float* q = q0 + 4 * g;
    const double size = std::sqrt(double(q[0]) * q[0] + double(q[1]) * q[1] + double(q[2]) * q[2] + double(q[3]) * q[3]);
    require(size > 0.5 && size < 2, Errc::kArgument, "Taylor: grain " + std::to_string(g) + " has no valid orientation");
    poly.grains[g].q = normalised(Quatd{q[0], q[1], q[2], q[3]});
    const Systems& sys = poly.of(g);
    out.state[g].resize(std::size_t(sys.hardening->states()));
    out.xi[g].resize(std::size_t(sys.count));
    sys.hardening->initial(out.state[g].data());
  }
  return out;
}

}  // namespace

std::vector<TaylorStep> taylor(const TaylorMaterial& material, std::int64_t n, const float* q0,
                               const std::vector<double>& weights, const std::vector<LoadStep>& loads,
                               const std::vector<double>& times, const TaylorOptions& options) {
  return taylor(std::vector<TaylorMaterial>{material}, n, nullptr, q0, weights, loads, times, options);
}

std::vector<TaylorStep> taylor(const std::vector<TaylorMaterial>& materials, std::int64_t n,
                               const std::int32_t* material_of, const float* q0, const std::vector<double>& weights,
                               const std::vector<LoadStep>& loads, const std::vector<double>& times,
                               const TaylorOptions& options) {
  require(n > 0 && !materials.empty(), Errc::kArgument, "Taylor: no grains");
  require(weights.empty() || std::int64_t(weights.size()) == n, Errc::kShape, "Taylor: one weight a grain");
  require(times.empty() || times.size() == loads.size(), Errc::kShape, "Taylor: one duration a step");
  require(options.substep > 0 && options.hardening > 0, Errc::kArgument, "Taylor: the substep must be positive");
  Integrator state = prepare(materials, n, material_of, q0, weights, options.threads);
  Polycrystal& poly = state.poly;

  std::vector<TaylorStep> out;
  for (std::size_t k = 0; k < loads.size(); ++k) {
    const int number = int(k) + 1;
    SplitLoad rates = split(loads[k]);
    const double strain_fixed = von_mises_strain(rates.fixed);
    const double time = times.empty() ? std::max(strain_fixed, 1e-12) / 1e-3 : times[k];
    require(time > 0, Errc::kArgument, "Taylor: step " + std::to_string(number) + " has no duration");
    // A change of direction makes the last solutions a bad start.
    if (k > 0) {
      const SplitLoad before = split(loads[k - 1]);
      if (before.free.size() != rates.free.size() ||
          dot(before.fixed, rates.fixed) < 0.99 * 1.5 * strain_fixed * von_mises_strain(before.fixed))
        poly.forget();
    }
    for (double& x : rates.fixed) x /= time;
    const auto gradient = [&](const Dev& D) {  // times time
      Dev strain = D;
      for (double& x : strain) x *= time;
      return velocity_gradient(loads[k], strain);
    };

    TaylorStep step;
    state.slips.assign(std::size_t(n) * state.columns, 0);
    double slip = 0, strain = 0, left = 1;  // left: part of the step still to go
    while (left > 0) {
      if (options.progress && !options.progress((double(number) - left) / double(loads.size()), "Taylor"))
        throw Error(Errc::kInterrupted, "Taylor: stopped");
      for (std::size_t g = 0; g < state.size(); ++g) state.start[g] = poly.grains[g].q;
      state.look(state.state);
      const Dev D1 = poly.solve(rates, state.R, state.xi, number);
      const double wanted = std::max(left * strain_fixed / options.substep, left * time * state.hardening_speed() / options.hardening);
      // Even parts of what is left, so that no sliver remains; at least one in 1e5 of a step.
      const double part = std::max(left / std::max(1.0, std::ceil(wanted - 1e-9)), std::min(left, 1e-5)), h = part * time;
      left = left - part > 1e-9 ? left - part : 0;
      state.advance(scaled(axial(gradient(D1)), 1 / time), state.state, state.state_mid, h / 2);
      state.look(state.state_mid);
      const Dev D2 = poly.solve(rates, state.R, state.xi, number);
      const Mat3<double> L = gradient(D2);
      state.advance(scaled(axial(L), 1 / time), state.state_mid, state.state, h);
      state.add_slips(h);
      for (std::size_t i = 0; i < 9; ++i) step.L[i] += L.m[i] * part;
      strain += von_mises_strain(D2) * h;
      for (std::size_t g = 0; g < state.size(); ++g) slip += poly.weights[g] * state.slip[g];
    }

    state.look(state.state);
    poly.solve(rates, state.R, state.xi, number);
    const Mat3<double> mean = tensor(poly.mean_stress(state.R));
    std::copy_n(mean.m, 9, step.mean_stress.begin());
    step.slip.assign(state.slips.begin(), state.slips.end());
    step.taylor_factor = strain > 0 ? slip / strain : 0;
    for (std::size_t g = 0; g < state.size(); ++g) {
      const Quatd& q = poly.grains[g].q;
      for (const double x : {q.w, q.x, q.y, q.z}) step.orientation.push_back(float(x));
      const Mat3<double> s = tensor(to_sample(state.R[g], poly.grains[g].stress));
      for (const double x : {s(0, 0), s(1, 1), s(2, 2), s(1, 2), s(0, 2), s(0, 1)}) step.stress.push_back(float(x));
    }
    out.push_back(std::move(step));
  }
  return out;
}

}  // namespace grainspin
