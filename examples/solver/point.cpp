#include "point.h"

#include <cmath>
#include <cstring>

namespace cp {
namespace {

constexpr int kFewPasses = 24, kPasses = 60, kTurns = 8;

// Gauss elimination without pivoting of rows x rows, `columns` right-hand sides in place. The matrices here
// are the identity plus a part that grows with the step.
template <int rows, int columns>
void solve(std::array<std::array<Pack, rows>, rows>& A, std::array<std::array<Pack, columns>, rows>& b) {
  for (int p = 0; p < rows; ++p) {
    const Pack pivot = 1.0 / A[p][p];
    for (int i = p + 1; i < rows; ++i) {
      const Pack f = A[i][p] * pivot;
      for (int j = p + 1; j < rows; ++j) A[i][j] -= f * A[p][j];
      for (int j = 0; j < columns; ++j) b[i][j] -= f * b[p][j];
    }
    A[p][p] = pivot;
  }
  for (int p = rows - 1; p >= 0; --p)
    for (int j = 0; j < columns; ++j) {
      for (int i = p + 1; i < rows; ++i) b[p][j] -= A[p][i] * b[i][j];
      b[p][j] *= A[p][p];
    }
}

// C : E of a symmetric E given in full.
std::array<Pack, 6> hooke(const Material& law, const PackMatrix& E) {
  const Pack trace = law.C12 * (E[0] + E[4] + E[8]);
  const double d = law.C11 - law.C12;
  return {d * E[0] + trace,        d * E[4] + trace,        d * E[8] + trace,
          law.C44 * (E[5] + E[7]), law.C44 * (E[2] + E[6]), law.C44 * (E[1] + E[3])};
}

PackMatrix full(const std::array<Pack, 6>& S) {
  return {S[0], S[5], S[4], S[5], S[1], S[3], S[4], S[3], S[2]};
}

// The law at one (S, xi): slip of the step and the residuals of both equations.
struct Evaluation {
  std::array<Pack, kSystems> slip, stiff, sign, factor, ease;
  // dg; d dg/d tau; sgn(dg); q = h0 |1 - xi/xi_inf|^a sgn(1 - xi/xi_inf); 1/(1 - dq/dxi sum h |dg|)
  PackMatrix B, AB;  // Fp_inverse = Fp_inverse_0 B; A B, A the trial Ce
  std::array<Pack, 6> r_stress;
  std::array<Pack, kSystems> r_xi;
  Pack norm2;

  // `frozen`: the resistances are kept, and their equation is not looked at.
  void at(const Crystal& crystal, double dt, const PackMatrix& A, const PointStep& step, bool frozen) {
    const Material& law = crystal.law;
    std::array<Pack, kSystems> hardening;
    double left_power[kSystems * kLanes];
    for (int s = 0; s < kSystems; ++s)
      for (int l = 0; l < kLanes; ++l) left_power[kLanes * s + l] = std::abs(1 - step.xi[s][l] / law.xi_inf);
    powers(left_power, kSystems * kLanes, law.a);
    B = {broadcast(1), Pack{}, Pack{}, Pack{}, broadcast(1), Pack{}, Pack{}, Pack{}, broadcast(1)};
    for (int s = 0; s < kSystems; ++s) {
      Pack tau{};
      for (int v = 0; v < 6; ++v) tau += crystal.stress_weight[s][v] * step.S[v];
      const Pack over_xi = 1.0 / step.xi[s], ratio = tau * over_xi, size = magnitude(ratio);
      Pack rate = law.rate * dt * power(size, crystal.whole_n ? crystal.whole_n - 1 : 0);
      if (!crystal.whole_n) {
        double each[kLanes];
        for (int l = 0; l < kLanes; ++l) each[l] = size[l];
        powers(each, kLanes, law.n - 1);
        for (int l = 0; l < kLanes; ++l) rate[l] *= each[l];
      }
      slip[s] = rate * ratio;
      stiff[s] = law.n * rate * over_xi;
      hardening[s] = magnitude(slip[s]);
      sign[s] = ratio < 0.0 ? broadcast(-1) : broadcast(1);
      for (int i = 0; i < 3; ++i) {
        const Pack along = slip[s] * crystal.m[s][i];
        for (int j = 0; j < 3; ++j) B[3 * i + j] -= along * crystal.n[s][j];
      }
    }
    AB = product(A, B);
    PackMatrix E = product(transposed(B), AB);
    for (int i = 0; i < 9; ++i) E[i] = 0.5 * (E[i] - kIdentity[i]);
    const auto S = hooke(law, E);
    norm2 = Pack{};
    for (int v = 0; v < 6; ++v) {
      r_stress[v] = step.S[v] - S[v];
      norm2 += r_stress[v] * r_stress[v];
    }
    for (int s = 0; s < kSystems; ++s) {
      Pack slips{};
      for (int t = 0; t < kSystems; ++t) slips += crystal.h[s][t] * hardening[t];
      const Pack left = 1.0 - step.xi[s] * (1 / law.xi_inf);
      Pack q;
      std::memcpy(&q, left_power + kLanes * s, sizeof q);
      q *= law.h_0;
      factor[s] = left < 0.0 ? -q : q;
      r_xi[s] = step.xi[s] - step.xi_0[s] - factor[s] * slips;
      ease[s] = 1.0 / (1.0 + q * (law.a / law.xi_inf) * slips / larger(magnitude(left), broadcast(1e-12)));
      if (!frozen) norm2 += r_xi[s] * r_xi[s];
    }
  }
};

// The linearised law: d slip = by_stress dS + rest, and the six equations that are left for dS.
struct Linear {
  std::array<std::array<Pack, 7>, kSystems> slip;  // [system][6 columns for dS, one for the residual of xi]
  std::array<std::array<Pack, 6>, 6> J;            // dS + C:sym(B^T A dL)
  std::array<std::array<Pack, 6>, kSystems> y;     // C : sym(B^T A m x n)

  void at(const Crystal& crystal, const Evaluation& e, const PointStep& step, bool frozen) {
    std::array<std::array<Pack, kSystems>, kSystems> T;
    for (int s = 0; s < kSystems; ++s) {
      const Pack soft = frozen ? Pack{} : crystal.law.n * e.slip[s] / step.xi[s];
      for (int t = 0; t < kSystems; ++t)
        T[s][t] = soft * e.ease[s] * e.factor[s] * crystal.h[s][t] * e.sign[t];
      T[s][s] += 1.0;
      for (int v = 0; v < 6; ++v) slip[s][v] = e.stiff[s] * crystal.stress_weight[s][v];
      slip[s][6] = soft * e.ease[s] * e.r_xi[s];
    }
    if (!frozen) solve<kSystems, 7>(T, slip);
    for (auto& row : J) row.fill(Pack{});
    for (int v = 0; v < 6; ++v) J[v][v] = broadcast(1);
    for (int s = 0; s < kSystems; ++s) {
      std::array<Pack, 3> w;  // B^T A m
      for (int i = 0; i < 3; ++i)
        w[i] = e.AB[i] * crystal.m[s][0] + e.AB[3 + i] * crystal.m[s][1] + e.AB[6 + i] * crystal.m[s][2];
      PackMatrix E;
      for (int i = 0; i < 9; ++i)
        E[i] = 0.5 * (w[i / 3] * crystal.n[s][i % 3] + w[i % 3] * crystal.n[s][i / 3]);
      y[s] = hooke(crystal.law, E);
      for (int v = 0; v < 6; ++v)
        for (int u = 0; u < 6; ++u) J[v][u] += y[s][v] * slip[s][u];
    }
  }
};

void differentiate(const Crystal& crystal, const PackMatrix& Fe_trial, Linear& linear, const PointStep& step,
                   PackTangent& K) {
  const PackMatrix& G = step.Fp_inverse;
  const PackMatrix Fe = product(step.F, G), S = full(step.S);
  const PackMatrix SGt = product(S, transposed(G)), FeS = product(Fe, S), GSGt = product(G, SGt);
  // dS for each component of dF: J dS = C : sym(Fe^T dF G)
  std::array<std::array<Pack, 9>, 6> dS;
  for (int c = 0; c < 9; ++c) {
    const int k = c / 3, l = c % 3;
    PackMatrix E;
    for (int i = 0; i < 9; ++i)
      E[i] = 0.5 * (Fe[3 * k + i / 3] * G[3 * l + i % 3] + Fe[3 * k + i % 3] * G[3 * l + i / 3]);
    const auto column = hooke(crystal.law, E);
    for (int v = 0; v < 6; ++v) dS[v][c] = column[v];
  }
  solve<6, 9>(linear.J, dS);
  // dP for each component of dS: the stress itself, and the slip that follows it
  std::array<std::array<Pack, 6>, 9> dP;
  for (int v = 0; v < 6; ++v) {
    PackMatrix dL{};
    for (int s = 0; s < kSystems; ++s)
      for (int i = 0; i < 9; ++i) dL[i] += linear.slip[s][v] * crystal.schmid[s][i];
    const PackMatrix first = product(product(Fe_trial, dL), SGt);
    const PackMatrix third = product(FeS, transposed(product(step.Fp_inverse_0, dL)));
    const auto [p, q] = kVoigt[v];
    for (int i = 0; i < 3; ++i)
      for (int j = 0; j < 3; ++j) {
        Pack second = Fe[3 * i + p] * G[3 * j + q];
        if (p != q) second += Fe[3 * i + q] * G[3 * j + p];
        dP[3 * i + j][v] = second - first[3 * i + j] - third[3 * i + j];
      }
  }
  for (int r = 0; r < 9; ++r)
    for (int c = 0; c < 9; ++c) {
      Pack sum{};
      for (int v = 0; v < 6; ++v) sum += dP[r][v] * dS[v][c];
      if (r / 3 == c / 3) sum += GSGt[3 * (c % 3) + r % 3];
      K[9 * r + c] = sum;
    }
}

// A resistance's step: never to less than half, and from below saturation, where the law's slope has no
// bound, most of the way there at most (it is never reached).
Pack within(const Material& law, const Pack& xi, const Pack& change) {
  const Pack most = xi < law.xi_inf ? law.xi_inf - 0.1 * (law.xi_inf - xi) : broadcast(INFINITY);
  return smaller(larger(xi + change, 0.5 * xi), most);
}

// Newton's method with step halving from step.S and step.xi; leaves `e` (and `linear` where wanted) at the
// solution.
Mask newton(const Crystal& crystal, double dt, const PackMatrix& A, double tolerance, int passes, bool frozen,
            bool want_linear, PointStep& step, Evaluation& e, Linear& linear) {
  Pack best = broadcast(INFINITY), fraction = broadcast(1);
  std::array<Pack, 6> S = step.S, dS{};
  std::array<Pack, kSystems> xi = step.xi, dxi{};
  for (int pass = 1;; ++pass) {
    ++step.passes;
    e.at(crystal, dt, A, step, frozen);
    const Mask open = ~(e.norm2 <= tolerance * tolerance);
    const bool last = !any(open) || pass == passes;
    if (!last || want_linear) linear.at(crystal, e, step, frozen);
    if (last) return open;
    std::array<std::array<Pack, 1>, 6> d;
    for (int v = 0; v < 6; ++v) {
      d[v][0] = -e.r_stress[v];
      for (int s = 0; s < kSystems; ++s) d[v][0] -= linear.y[s][v] * linear.slip[s][6];
    }
    auto J = linear.J;
    solve<6, 1>(J, d);
    std::array<Pack, kSystems> hardening;
    for (int s = 0; s < kSystems; ++s) {
      Pack slip = linear.slip[s][6];
      for (int v = 0; v < 6; ++v) slip += linear.slip[s][v] * d[v][0];
      hardening[s] = e.sign[s] * slip;
    }
    // Where the residual fell the step stands and the new direction is taken; elsewhere the step is halved.
    const Mask better = e.norm2 < best;
    best = better ? e.norm2 : best;
    fraction = better ? broadcast(1) : 0.5 * fraction;
    for (int v = 0; v < 6; ++v) {
      S[v] = better ? step.S[v] : S[v];
      dS[v] = better ? d[v][0] : dS[v];
      step.S[v] = open ? S[v] + fraction * dS[v] : step.S[v];
    }
    for (int s = 0; s < kSystems && !frozen; ++s) {
      Pack change = -e.r_xi[s];
      for (int t = 0; t < kSystems; ++t) change += e.factor[s] * crystal.h[s][t] * hardening[t];
      change *= e.ease[s];
      xi[s] = better ? step.xi[s] : xi[s];
      dxi[s] = better ? change : dxi[s];
      step.xi[s] = open ? within(crystal.law, xi[s], fraction * dxi[s]) : step.xi[s];
    }
  }
}

}  // namespace

bool integrate(const Crystal& crystal, double dt, PointStep& step, PackTangent* tangent) {
  const PackMatrix Fe_trial = product(step.F, step.Fp_inverse_0);
  const PackMatrix A = product(transposed(Fe_trial), Fe_trial);
  const double tolerance = 1e-9 * crystal.law.xi_inf;
  const auto S = step.S;
  Evaluation e;
  Linear linear;
  step.passes = 0;
  Mask open = newton(crystal, dt, A, tolerance, kFewPasses, false, tangent, step, e, linear);
  // A far guess is approached by turns: stress at fixed resistances, resistances at fixed slip.
  for (int turns = kTurns; any(open) && turns <= 4 * kTurns; turns *= 2) {
    step.S = S;
    step.xi = step.xi_0;
    for (int turn = 0; turn < turns; ++turn) {
      newton(crystal, dt, A, 1e5 * tolerance, kPasses, true, false, step, e, linear);
      for (int s = 0; s < kSystems; ++s)
        step.xi[s] =
            within(crystal.law, step.xi[s], -0.5 * e.ease[s] * e.r_xi[s]);  // half: slip overreacts to them
    }
    open = newton(crystal, dt, A, tolerance, kPasses, false, tangent, step, e, linear);
  }
  step.slip = Pack{};
  for (int s = 0; s < kSystems; ++s) step.slip += magnitude(e.slip[s]);
  // The second-order part of the volume of 1 - dt Lp is taken out.
  const Pack det = determinant(e.B);
  Pack scale{};
  for (int l = 0; l < kLanes; ++l) scale[l] = 1 / std::cbrt(det[l]);
  step.Fp_inverse = product(step.Fp_inverse_0, e.B);
  for (auto& x : step.Fp_inverse) x *= scale;
  step.P = product(product(step.F, step.Fp_inverse), product(full(step.S), transposed(step.Fp_inverse)));
  if (tangent) differentiate(crystal, Fe_trial, linear, step, *tangent);
  return !any(open);
}

}  // namespace cp
