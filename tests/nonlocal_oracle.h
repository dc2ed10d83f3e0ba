// The nonlocal cell written out from its definition (nonlocal.h) in double precision: loops over voxels, 3x3 matrices,
// the Fourier transform as its sum. Shares with an engine slip systems, orbits and quaternions, which have tests of
// their own.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <string>
#include <vector>

#include "grainspin/model.h"
#include "grainspin/orbits.h"
#include "grainspin/orientation.h"
#include "grainspin/slip_systems.h"
#include "grainspin/surrogate.h"
#include "nonlocal_models.h"

namespace grainspin::testing {

using Tensor2 = std::array<double, 9>;  // row-major 3x3

inline Tensor2 times(const Tensor2& a, const Tensor2& b) {
  Tensor2 c{};
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 3; ++j)
      for (int k = 0; k < 3; ++k) c[3 * i + j] += a[3 * i + k] * b[3 * k + j];
  return c;
}
inline Tensor2 flipped(const Tensor2& a) { return {a[0], a[3], a[6], a[1], a[4], a[7], a[2], a[5], a[8]}; }
inline Tensor2 part(const Tensor2& a, double sign) {  // symmetric (+1), antisymmetric (-1)
  Tensor2 c;
  for (int i = 0; i < 9; ++i) c[i] = (a[i] + sign * flipped(a)[i]) / 2;
  return c;
}
inline Tensor2 deviatoric(Tensor2 a) {
  const double mean = (a[0] + a[4] + a[8]) / 3;
  for (int i : {0, 4, 8}) a[i] -= mean;
  return a;
}
inline double dot(const Tensor2& a, const Tensor2& b) {
  double s = 0;
  for (int i = 0; i < 9; ++i) s += a[i] * b[i];
  return s;
}
inline std::array<double, 3> axial_of(const Tensor2& a) { return {a[7], a[2], a[3]}; }

struct OracleStep {
  std::vector<double> orientation, increment, stress;  // of the inner part
  std::vector<double> x_square, h_square;              // [voxel][channel] of it: means over the slip systems
  Tensor2 L{};
};

class NonlocalOracle {
 public:
  NonlocalOracle(const Model& model, const Region& region, const std::uint8_t* mask) : m(model), region(region), s(m.spec.nonlocal) {
    const int n[3] = {region.shape.nx, region.shape.ny, region.shape.nz};
    for (int a = 0; a < 3; ++a) {
      pad[a] = region.edge[a][0] == Edge::kFace ? std::min(region.padding, n[a]) : 0;
      cell[a] = n[a] + 2 * pad[a];
    }
    for (int z = 0; z < cell[2]; ++z)
      for (int y = 0; y < cell[1]; ++y)
        for (int x = 0; x < cell[0]; ++x) {
          int at[3] = {x - pad[0], y - pad[1], z - pad[2]};
          bool image = false;
          for (int a = 0; a < 3; ++a) {
            image = image || at[a] < 0 || at[a] >= n[a];
            if (at[a] < 0) at[a] = -at[a] - 1;             // layer -1 is the image of layer 0
            if (at[a] >= n[a]) at[a] = 2 * n[a] - 1 - at[a];
          }
          const std::int64_t from = (std::int64_t(at[2]) * n[1] + at[1]) * n[0] + at[0];
          source.push_back(from);
          real.push_back(!image);
          phase.push_back(region.phase ? region.phase[from] : 0);
          shown.push_back(!mask || mask[from]);
        }
    V = int(source.size());
    for (const PhaseSpec& p : s.phases) {
      Phase f;
      const SlipSet set = slip_set(p.slip_families, p.c_over_a);
      f.N = set.count();
      for (const SlipSystem& sys : set.systems) {
        const double b[3] = {sys.b.x, sys.b.y, sys.b.z}, nn[3] = {sys.n.x, sys.n.y, sys.n.z};
        Tensor2 M;
        for (int i = 0; i < 9; ++i) M[i] = b[i / 3] * nn[i % 3];
        f.P.push_back(part(M, 1));
        f.a.push_back(axial_of(part(M, -1)));
      }
      const SlipAction action = slip_action(set, PointGroup::named(p.point_group));
      f.odd = signed_pair_orbits(action);
      f.even = pair_orbits(action);
      phases.push_back(std::move(f));
    }
  }

  std::vector<OracleStep> run(const float* q0, const float* teacher, const std::vector<LoadStep>& loads) {
    std::vector<OracleStep> results;
    std::vector<Quatd> q;
    const auto take = [&](const float* from) {
      q.clear();
      for (int v = 0; v < V; ++v) {
        const float* f = from + source[v] * 4;
        q.push_back({f[0], f[1], f[2], f[3]});
      }
    };
    take(q0);
    x.resize(V), h.resize(V), w_sum.resize(V), pi.resize(V);
    for (int v = 0; v < V; ++v) {
      x[v].assign(std::size_t(s.channels * phases[phase[v]].N), 0);
      h[v].assign(std::size_t(s.memory * phases[phase[v]].N), 0);
    }
    if (teacher) take(teacher);
    if (s.carried)
      for (int i = 0; i < s.warmup; ++i) passes(q, loads[0]);
    for (std::size_t t = 0; t < loads.size(); ++t) {
      if (teacher) take(teacher + std::int64_t(t) * region.shape.voxels() * 4);
      passes(q, loads[t]);
      results.push_back(finish(q));
    }
    return results;
  }

 private:
  struct Phase {
    int N;
    std::vector<Tensor2> P;
    std::vector<std::array<double, 3>> a;
    SignedOrbits odd;
    Orbits even;
  };
  using Field = std::vector<double>;  // [channels N] of a voxel
  const Tensor& tensor(const std::string& name) const { return m.tensors.at(name); }
  std::string of(int v) const { return "phase" + std::to_string(phase[v]) + "."; }

  Field map(const Phase& f, const Tensor& w, const Field& A, bool odd) const {
    const int D = int(w.shape[0]), C = int(w.shape[1]), O = int(w.shape[2]), N = f.N;
    Field out(std::size_t(D * N), 0);
    for (int d = 0; d < D; ++d)
      for (int i = 0; i < N; ++i)
        for (int c = 0; c < C; ++c)
          for (int j = 0; j < N; ++j) {
            const int o = odd ? f.odd.of[i * N + j] : f.even.of[i * N + j];
            if (o < 0) continue;
            const double sign = odd ? f.odd.sign[i * N + j] : 1;
            out[d * N + i] += double(w.values[(d * C + c) * O + o]) * sign * A[c * N + j];
          }
    return out;
  }
  static Field stacked(const Field& A, const Field& h) {
    Field y;
    for (double v : A) y.push_back(std::abs(v));
    y.insert(y.end(), h.begin(), h.end());
    return y;
  }
  static double sigmoid(double g) { return 1 / (1 + std::exp(-g)); }
  Field gated(int v, const std::string& name, const Field& A) const {
    const Phase& f = phases[phase[v]];
    Field u = map(f, tensor(name + ".odd"), A, true);
    if (s.gated) {
      const Field g = map(f, tensor(name + ".even"), stacked(A, h[v]), false);
      for (int d = 0; d < s.width; ++d)
        for (int i = 0; i < f.N; ++i)
          u[d * f.N + i] *= sigmoid(g[d * f.N + i] + tensor(name + ".bias").values[d] + tensor(name + ".rate").values[d] * r);
    }
    return map(f, tensor(name + ".out"), u, true);
  }
  static void append(Field& A, const Field& more) { A.insert(A.end(), more.begin(), more.end()); }
  // 3 P_s : Q^T e Q
  Field shear(int v, const Tensor2& e) const {
    const Tensor2 c = times(times(flipped(R[v]), e), R[v]);
    Field out;
    for (const Tensor2& P : phases[phase[v]].P) out.push_back(3 * dot(P, c));
    return out;
  }
  Field turn(int v, const std::array<double, 3>& w) const {
    Field out;
    for (const auto& a : phases[phase[v]].a) {
      double sum = 0;
      for (int i = 0; i < 3; ++i)
        for (int j = 0; j < 3; ++j) sum += 3 * a[i] * R[v][3 * j + i] * w[j];
      out.push_back(sum);
    }
    return out;
  }
  // Q (sum_s y_s P_s) Q^T of channel c
  Tensor2 strained(int v, const Field& y, int c) const {
    Tensor2 sum{};
    const Phase& f = phases[phase[v]];
    for (int i = 0; i < f.N; ++i)
      for (int k = 0; k < 9; ++k) sum[k] += y[c * f.N + i] * f.P[i][k];
    return times(times(R[v], sum), flipped(R[v]));
  }

  double k_of(int i, int axis) const {
    const int n = cell[axis], j = 2 * i <= n ? i : i - n;
    if (2 * i == n) return 0;
    const double angle = 2 * std::acos(-1.0) * j / n;
    return (s.frequencies == Frequencies::kSine ? std::sin(angle) : angle) / region.spacing[axis];
  }

  void green(const std::vector<Tensor2>& p, double beta, std::vector<Tensor2>& H, std::vector<double>& g) const {
    using Complex = std::complex<double>;
    H.assign(V, Tensor2{});
    g.assign(V, 0);
    const double two_pi = 2 * std::acos(-1.0);
    for (int f = 0; f < V; ++f) {
      const int at[3] = {f % cell[0], f / cell[0] % cell[1], f / cell[0] / cell[1]};
      double n[3], length = 0;
      for (int a = 0; a < 3; ++a) n[a] = k_of(at[a], a), length += n[a] * n[a];
      if (length == 0) continue;
      for (double& c : n) c /= std::sqrt(length);
      const auto phase_of = [&](int v) {
        const int x[3] = {v % cell[0], v / cell[0] % cell[1], v / cell[0] / cell[1]};
        double angle = 0;
        for (int a = 0; a < 3; ++a) angle += two_pi * double(at[a] * x[a] % cell[a]) / cell[a];
        return angle;
      };
      std::array<Complex, 9> hat{};
      for (int v = 0; v < V; ++v) {
        const Complex e = std::polar(1.0, -phase_of(v));
        for (int i = 0; i < 9; ++i) hat[i] += p[v][i] * e;
      }
      Complex t[3]{}, nt = 0;
      for (int i = 0; i < 3; ++i)
        for (int j = 0; j < 3; ++j) t[i] += hat[3 * i + j] * n[j];
      for (int i = 0; i < 3; ++i) nt += n[i] * t[i];
      for (int v = 0; v < V; ++v) {
        const Complex e = std::polar(1.0 / V, phase_of(v));
        for (int i = 0; i < 3; ++i)
          for (int j = 0; j < 3; ++j) H[v][3 * i + j] += ((t[i] - beta * n[i] * nt) * n[j] * e).real();
        g[v] += (nt * e).real();
      }
    }
  }

  Tensor2 free_part_of(const Tensor2& mean) const {
    Tensor2 D{};
    double trace = 0;
    int count = 0;
    for (int i = 0; i < 9; ++i)
      if (free[i]) D[i] = mean[i];
    for (int i : {0, 4, 8})
      if (free[i]) trace += D[i], ++count;
    for (int i : {0, 4, 8})
      if (free[i]) D[i] -= trace / count;
    return D;
  }

  // Start and passes of a step.
  void passes(const std::vector<Quatd>& q, const LoadStep& load) {
    R.clear();
    for (const Quatd& o : q) {
      const Mat3<double> a = matrix(o);
      R.push_back({a.m[0], a.m[1], a.m[2], a.m[3], a.m[4], a.m[5], a.m[6], a.m[7], a.m[8]});
    }
    double trace = 0;
    int count = 0;
    for (int i = 0; i < 9; ++i) free[i] = !load.prescribed[i], L[i] = free[i] ? 0 : load.L[i];
    for (int i : {0, 4, 8}) trace += L[i], count += free[i];
    for (int i : {0, 4, 8})
      if (free[i]) L[i] = -trace / count;
    Tensor2 E0 = deviatoric(part(L, 1));
    size = std::sqrt(2.0 / 3.0 * dot(E0, E0));
    r = size < 1e-12 ? 0 : std::log(size / 0.01);
    for (double& e : E0) e = size < 1e-12 ? 0 : e / size;
    for (int v = 0; v < V; ++v) {
      Field A = shear(v, E0);
      if (s.carried) append(A, x[v]);
      Field y = gated(v, of(v) + "in", A);
      const int N = phases[phase[v]].N;
      if (s.carried)
        for (int c = 0; c < s.channels; ++c)
          for (int i = 0; i < N; ++i) y[c * N + i] += double(tensor(of(v) + "carry").values[c]) * x[v][c * N + i];
      x[v] = y;
      w_sum[v] = {};
      pi[v] = 0;
    }
    for (int k = 0; k < s.passes; ++k) {
      const std::string name = "pass" + std::to_string(k);
      std::vector<std::vector<Tensor2>> p(s.polarisations, std::vector<Tensor2>(V, Tensor2{})), H(s.polarisations);
      std::vector<Tensor2> D;
      for (int v = 0; v < V; ++v) {
        if (!shown[v]) continue;
        const Field y = map(phases[phase[v]], tensor(of(v) + name + ".polarise"), x[v], true);
        for (int j = 0; j < s.polarisations; ++j) p[j][v] = strained(v, y, j);
      }
      for (int j = 0; j < s.polarisations; ++j) {
        const std::size_t km = std::size_t(k * s.polarisations + j);
        const double beta = s.green == Green::kIncompressible ? 1 : s.green == Green::kCompressible ? s.beta : tensor("beta").values[km];
        std::vector<double> g;
        green(p[j], beta, H[j], g);
        Tensor2 mean{};
        for (int v = 0; v < V; ++v)
          for (int i = 0; i < 9; ++i) mean[i] += p[j][v][i] / V;
        D.push_back(free_part_of(mean));
        for (int i = 0; i < 9; ++i) L[i] += size * double(tensor("free").values[km]) * D[j][i];
        for (int v = 0; v < V; ++v) {
          for (int a = 0; a < 3; ++a) w_sum[v][a] += double(tensor("spin").values[km]) * axial_of(part(H[j][v], -1))[a];
          if (s.stress) pi[v] += double(tensor("pressure").values[km]) * g[v];
        }
      }
      for (int v = 0; v < V; ++v) {
        Field A = x[v];
        for (int j = 0; j < s.polarisations; ++j) {
          Tensor2 e = deviatoric(part(H[j][v], 1));
          for (int i = 0; i < 9; ++i) e[i] += deviatoric(part(D[j], 1))[i];
          append(A, shear(v, e));
        }
        for (int j = 0; j < s.polarisations; ++j) {
          std::array<double, 3> w = axial_of(part(H[j][v], -1));
          for (int a = 0; a < 3; ++a) w[a] += axial_of(part(D[j], -1))[a];
          append(A, turn(v, w));
        }
        const Field y = gated(v, of(v) + name, A);
        for (std::size_t i = 0; i < y.size(); ++i) x[v][i] += y[i];
      }
    }
  }

  OracleStep finish(std::vector<Quatd>& q) {
    OracleStep out;
    out.L = L;
    const std::array<double, 3> W = axial_of(part(L, -1));
    std::vector<Tensor2> stress(V, Tensor2{});
    double level = 0;
    int unmasked = 0, free_diagonals = free[0] + free[4] + free[8];
    std::vector<std::array<double, 3>> w(V);
    for (int v = 0; v < V; ++v) {
      const Phase& f = phases[phase[v]];
      const Field y = gated(v, of(v) + "head", x[v]);
      for (int a = 0; a < 3; ++a) {
        double sum = 0;
        for (int i = 0; i < f.N; ++i)
          for (int b = 0; b < 3; ++b) sum += R[v][3 * a + b] * f.a[i][b] * y[i];
        w[v][a] = shown[v] ? W[a] + size * (sum + w_sum[v][a]) : 0;
      }
      if (s.stress && shown[v]) {
        stress[v] = strained(v, y, 1);
        for (int i : {0, 4, 8}) stress[v][i] += pi[v];
        for (int i : {0, 4, 8}) level += free[i] ? stress[v][i] / free_diagonals : 0;
        ++unmasked;
      }
      if (s.memory > 0) {
        const Field A = stacked(x[v], h[v]);
        const Field up = map(f, tensor(of(v) + "memory.update"), A, false), candidate = map(f, tensor(of(v) + "memory.candidate"), A, false);
        for (int d = 0; d < s.memory; ++d)
          for (int i = 0; i < f.N; ++i) {
            double& state = h[v][d * f.N + i];
            const double z = 1 - std::pow(1 - sigmoid(up[d * f.N + i] + tensor(of(v) + "memory.update_bias").values[d]), size / 0.01);
            state += z * (std::tanh(candidate[d * f.N + i] + tensor(of(v) + "memory.candidate_bias").values[d]) - state);
          }
      }
      if (shown[v]) q[v] = normalised(exp(Vec3<double>{w[v][0], w[v][1], w[v][2]}) * q[v]);
    }
    for (int v = 0; v < V; ++v) {
      if (!real[v]) continue;
      for (double c : {q[v].w, q[v].x, q[v].y, q[v].z}) out.orientation.push_back(c);
      for (double c : w[v]) out.increment.push_back(c);
      const auto mean_squares = [&](const Field& state, int channels, std::vector<double>& to) {
        const int N = phases[phase[v]].N;
        for (int c = 0; c < channels; ++c) {
          double sum = 0;
          for (int i = 0; i < N; ++i) sum += state[c * N + i] * state[c * N + i];
          to.push_back(sum / N);
        }
      };
      mean_squares(x[v], s.channels, out.x_square);
      mean_squares(h[v], s.memory, out.h_square);
      if (!s.stress) continue;
      if (shown[v] && free_diagonals > 0)
        for (int i : {0, 4, 8}) stress[v][i] -= level / unmasked;
      for (int i : {0, 4, 8, 5, 2, 1}) out.stress.push_back(double(m.spec.stress_scale[0]) * stress[v][i]);
    }
    return out;
  }

  const Model& m;
  Region region;
  const NonlocalSpec& s;
  int pad[3], cell[3], V = 0;
  std::vector<std::int64_t> source;
  std::vector<bool> real, shown;
  std::vector<int> phase;
  std::vector<Phase> phases;
  std::vector<Tensor2> R;
  std::vector<Field> x, h;
  std::vector<std::array<double, 3>> w_sum;
  std::vector<double> pi;
  Tensor2 L{};
  bool free[9]{};
  double size = 0, r = 0;
};

}  // namespace grainspin::testing
