// Without free components every grain is solved on its own. With them all stresses s_g and the free strain
// rate y are found together, as the minimum over stresses whose mean has no power on the free directions of
//   Phi = sum_g w_g sum_s gdot_s tau_s/(n_s+1) - fixed . <s>,       y the multiplier of that constraint.
// (The free directions are deviators of the free components, so with the pressure at choice the mean stress
// vanishes there.) A Newton on y alone would see stress ~ |rate|^(1/n) of every system that changes its sense.
#include "src/taylor_polycrystal.h"

#include <algorithm>
#include <string>

#include "src/parallel_for.h"

namespace grainspin::taylor_detail {

namespace {

bool free_pair(const LoadStep& load, int i, int j) {
  return !load.prescribed[std::size_t(3 * i + j)] || !load.prescribed[std::size_t(3 * j + i)];
}

Mat3<double> product(const Mat3<double>& a, const Mat3<double>& b, bool a_transposed, bool b_transposed) {
  Mat3<double> c;
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 3; ++j)
      for (int k = 0; k < 3; ++k) c(i, j) += (a_transposed ? a(k, i) : a(i, k)) * (b_transposed ? b(j, k) : b(k, j));
  return c;
}

void add(Dev& a, double factor, const Dev& b) {
  for (std::size_t k = 0; k < 5; ++k) a[k] += factor * b[k];
}

}  // namespace

Dev to_crystal(const Mat3<double>& R, const Dev& d) {
  return deviator(product(product(R, tensor(d), true, false), R, false, false));
}
Dev to_sample(const Mat3<double>& R, const Dev& d) {
  return deviator(product(product(R, tensor(d), false, false), R, false, true));
}

SplitLoad split(const LoadStep& load) {
  SplitLoad out;
  Mat3<double> D;
  double trace = 0;
  int free_diagonal = 0;
  for (int i = 0; i < 3; ++i) {
    for (int j = 0; j < 3; ++j)
      if (!free_pair(load, i, j)) D(i, j) = 0.5 * (load.L[std::size_t(3 * i + j)] + load.L[std::size_t(3 * j + i)]);
    trace += D(i, i);
    free_diagonal += free_pair(load, i, i);
  }
  // Constant volume fixes the sum of the free diagonal components.
  for (int i = 0; i < 3; ++i)
    if (free_pair(load, i, i)) D(i, i) = -trace / free_diagonal;
  out.fixed = deviator(D);  // drops the trace where all three are prescribed

  const auto direction = [&](const Mat3<double>& e) {
    Dev d = deviator(e);
    for (const Dev& o : out.free) add(d, -dot(d, o), o);
    const double size = std::sqrt(dot(d, d));
    if (size < 1e-12) return;
    for (double& x : d) x /= size;
    out.free.push_back(d);
  };
  for (int i = 0; i < 3; ++i)
    for (int j = i + 1; j < 3; ++j) {
      Mat3<double> shear, stretch;
      shear(i, j) = shear(j, i) = 1;
      stretch(i, i) = 1, stretch(j, j) = -1;
      if (free_pair(load, i, j)) direction(shear);
      if (free_pair(load, i, i) && free_pair(load, j, j)) direction(stretch);
    }
  return out;
}

Mat3<double> velocity_gradient(const LoadStep& load, const Dev& D) {
  const Mat3<double> d = tensor(D);
  Mat3<double> L;
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 3; ++j) {
      const std::size_t at = std::size_t(3 * i + j), across = std::size_t(3 * j + i);
      if (i == j || (!load.prescribed[at] && !load.prescribed[across])) {
        L(i, j) = d(i, j);
      } else {
        L(i, j) = load.prescribed[at] ? load.L[at] : 2 * d(i, j) - load.L[across];
      }
    }
  return L;
}

void Polycrystal::forget() {
  y.clear();
  for (Grain& g : grains) g.warm = false;
}

Dev Polycrystal::mean_stress(const std::vector<Mat3<double>>& R) const {
  Dev mean{};
  for (std::size_t g = 0; g < grains.size(); ++g) add(mean, weights[g], to_sample(R[g], grains[g].stress));
  return mean;
}

void Polycrystal::solve_each(const Dev& D, const std::vector<Mat3<double>>& R,
                             const std::vector<std::vector<double>>& xi, int step) {
  parallel_for(std::int64_t(grains.size()), threads, 24, [&](std::int64_t begin, std::int64_t end) {
    for (std::size_t g = std::size_t(begin); g < std::size_t(end); ++g)
      require(taylor_detail::solve(of(g), to_crystal(R[g], D), xi[g], grains[g]), Errc::kConvergence,
              "Taylor: grain " + std::to_string(g) + " did not converge in step " + std::to_string(step));
  });
}

Dev Polycrystal::solve(const SplitLoad& rates, const std::vector<Mat3<double>>& R,
                       const std::vector<std::vector<double>>& xi, int step) {
  const std::size_t m = rates.free.size(), n = grains.size();
  if (y.size() != m) {  // the isotropic answer: the least strain rate
    y.assign(m, 0);
    for (std::size_t f = 0; f < m; ++f) y[f] = -dot(rates.fixed, rates.free[f]);
  }
  const auto D_of = [&](const std::vector<double>& at) {
    Dev D = rates.fixed;
    for (std::size_t f = 0; f < m; ++f) add(D, at[f], rates.free[f]);
    return D;
  };
  if (m == 0 || std::any_of(grains.begin(), grains.end(), [](const Grain& g) { return !g.warm; })) solve_each(D_of(y), R, xi, step);
  if (m == 0) return D_of(y);
  const double size = std::sqrt(dot(rates.fixed, rates.fixed));
  if (size == 0) return D_of(y);

  parallel_for(std::int64_t(n), threads, 48, [&](std::int64_t begin, std::int64_t end) {
    for (std::size_t g = std::size_t(begin); g < std::size_t(end); ++g) rescale(of(g), to_crystal(R[g], D_of(y)), xi[g], grains[g]);
  });

  // Onto the constraint; every Newton step stays on it.
  const Dev mean = mean_stress(R);
  Dev shift{};
  for (const Dev& f : rates.free) add(shift, -dot(mean, f), f);
  std::vector<Dev> stress(n), move(n);
  for (std::size_t g = 0; g < n; ++g) {
    stress[g] = grains[g].stress;
    add(stress[g], 1, to_crystal(R[g], shift));
  }

  // Sets the grains' stresses to stress + alpha move and linearises there.
  struct State {
    double potential = 0, residual = 0;
    bool finite = true;
  };
  const auto at = [&](double alpha, const std::vector<double>& y_at) {
    const Dev D = D_of(y_at);
    std::vector<char> finite(n, 1);
    parallel_for(std::int64_t(n), threads, 48, [&](std::int64_t begin, std::int64_t end) {
      for (std::size_t g = std::size_t(begin); g < std::size_t(end); ++g) {
        grains[g].stress = stress[g];
        if (alpha > 0) add(grains[g].stress, alpha, move[g]);
        finite[g] = linearise(of(g), to_crystal(R[g], D), xi[g], grains[g]);
      }
    });
    State s;
    for (std::size_t g = 0; g < n; ++g) {
      s.finite = s.finite && finite[g];
      s.potential += weights[g] * (grains[g].potential - dot(rates.fixed, to_sample(R[g], grains[g].stress)));
      s.residual = std::max(s.residual, std::sqrt(dot(grains[g].residual, grains[g].residual)));
    }
    return s;
  };

  // One factor for all stresses keeps the constraint: that of the least potential, A c^(n+1) - B c.
  double exponent = 1;
  for (const Systems& sys : systems)
    for (const double e : sys.n) exponent = std::max(exponent, e);
  State now = at(0, y);
  for (int it = 0; it < 40; ++it) {
    double B = 0;
    for (std::size_t g = 0; g < n; ++g) B += weights[g] * dot(rates.fixed, to_sample(R[g], stress[g]));
    const double A = now.potential + B;
    if (now.finite && !(B > 0)) break;
    const double c = now.finite ? std::clamp(std::pow(B / ((exponent + 1) * A), 1 / exponent), 0.1, 10.0) : 0.5;
    if (std::abs(c - 1) < 0.02) break;
    for (Dev& s : stress)
      for (double& x : s) x *= c;
    now = at(0, y);
  }

  for (int it = 0; it < 400; ++it) {
    require(now.finite, Errc::kConvergence, "Taylor: stresses out of range in step " + std::to_string(step));
    if (now.residual <= 1e-10 * size) break;
    double stiffness[15] = {};
    Dev pull{};
    for (std::size_t f = m; f < 5; ++f) stiffness[f * (f + 1) / 2 + f] = 1;  // unused rows
    std::vector<Dev> free_c(m);
    for (std::size_t g = 0; g < n; ++g) {
      const Dev a = grains[g].tangent.solve(grains[g].residual);
      for (std::size_t f = 0; f < m; ++f) {
        free_c[f] = to_crystal(R[g], rates.free[f]);
        pull[f] += weights[g] * dot(a, free_c[f]);
        const Dev x = grains[g].tangent.solve(free_c[f]);
        for (std::size_t e = 0; e <= f; ++e) stiffness[f * (f + 1) / 2 + e] += weights[g] * dot(x, free_c[e]);
      }
    }
    Factor factor;
    require(factor.factor(stiffness), Errc::kConvergence, "Taylor: singular mean stiffness in step " + std::to_string(step));
    const Dev dy = factor.solve(pull);
    double slope = 0;
    for (std::size_t g = 0; g < n; ++g) {
      Dev drive = grains[g].residual;
      for (double& x : drive) x = -x;
      for (std::size_t f = 0; f < m; ++f) add(drive, dy[f], to_crystal(R[g], rates.free[f]));
      move[g] = grains[g].tangent.solve(drive);
      stress[g] = grains[g].stress;
      slope += weights[g] * dot(grains[g].residual, move[g]);
    }
    double alpha = 1;
    for (int cut = 0;; ++cut) {
      std::vector<double> next = y;
      for (std::size_t f = 0; f < m; ++f) next[f] += alpha * dy[f];
      const State trial = at(alpha, next);
      // In the last steps the potential changes by less than its rounding: there the residual decides.
      if (trial.finite && (trial.potential <= now.potential + 1e-4 * alpha * slope ||
                           (trial.potential <= now.potential + 1e-12 * std::abs(now.potential) &&
                            trial.residual < 0.7 * now.residual))) {
        y = next;
        now = trial;
        break;
      }
      if (cut == 40) {  // rounding: no step is better
        require(now.residual <= 1e-6 * size, Errc::kConvergence,
                "Taylor: the free strain components did not converge in step " + std::to_string(step));
        at(0, y);
        return D_of(y);
      }
      alpha /= trial.finite ? 2 : 4;
    }
  }
  require(now.residual <= 1e-6 * size, Errc::kConvergence,
          "Taylor: the free strain components did not converge in step " + std::to_string(step));
  return D_of(y);
}

}  // namespace grainspin::taylor_detail
