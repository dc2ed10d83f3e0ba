#include "grainspin/embedding.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <string>

namespace grainspin {
namespace {

using Term = EmbeddingSpec::Term;

Term term(int rank, std::initializer_list<std::array<double, 4>> directions) {
  Term t;
  t.rank = rank;
  t.weight = 1;
  for (const auto& d : directions) {
    t.v[t.directions][0] = d[0], t.v[t.directions][1] = d[1], t.v[t.directions][2] = d[2];
    t.c[t.directions++] = d[3];
  }
  return t;
}

// P_l'(t) and P_l''(t) by the recurrences P_n' = n P_(n-1) + t P_(n-1)', P_n'' = (n+1) P_(n-1)' + t
// P_(n-1)''.
std::array<double, 2> legendre_derivatives(int l, double t) {
  double before = 0, p = 1, d = 0, dd = 0;  // P_(n-1), P_n and the derivatives at n = 0
  for (int n = 1; n <= l; ++n) {
    const double next = ((2 * n - 1) * t * p - (n - 1) * before) / n;
    dd = (n + 1) * d + t * dd;
    d = n * p + t * d;
    before = p, p = next;
  }
  return {d, dd};
}

// |d e_t / d angle|^2 for a rotation about the crystal axis x (0), y (1) or z (2), weight 1: minus the
// second derivative of K(angle) = sum_ij c_i c_j P_l(v_i . R(angle) v_j) at 0 (addition theorem).
double stiffness(const Term& t, int axis) {
  double sum = 0;
  for (int i = 0; i < t.directions; ++i) {
    for (int j = 0; j < t.directions; ++j) {
      const double *u = t.v[i], *v = t.v[j];
      const int a = (axis + 1) % 3, b = (axis + 2) % 3;
      const double cosine = u[0] * v[0] + u[1] * v[1] + u[2] * v[2];
      const double first = u[b] * v[a] - u[a] * v[b], second = -(u[a] * v[a] + u[b] * v[b]);
      const auto [d, dd] = legendre_derivatives(t.rank, cosine);
      sum -= t.c[i] * t.c[j] * (dd * first * first + d * second);
    }
  }
  return sum;
}

// Weights for which the embedding's metric at q is the identity. By symmetry it is diagonal with equal
// entries for x and y (all three for one cubic term), so one or two equations fix the squared weights.
EmbeddingSpec weighted(std::initializer_list<Term> terms) {
  EmbeddingSpec spec;
  for (const Term& t : terms) {
    spec.term[spec.terms++] = t;
    spec.size += 2 * t.rank + 1;
  }
  Term &first = spec.term[0], &second = spec.term[1];
  if (spec.terms == 1) {
    first.weight = 1 / std::sqrt(stiffness(first, 2));
  } else {  // the first, over c alone, does not change in a rotation about c
    const double square = 1 / stiffness(second, 2);
    second.weight = std::sqrt(square);
    first.weight = std::sqrt((1 - square * stiffness(second, 0)) / stiffness(first, 0));
  }
  return spec;
}

const std::map<std::string, EmbeddingSpec, std::less<>>& all() {
  static const std::map<std::string, EmbeddingSpec, std::less<>> specs = [] {
    const double h = 0.5, r = 0.86602540378443864676;
    const std::array<double, 4> x{1, 0, 0, 1}, y{0, 1, 0, 1}, z{0, 0, 1, 1};
    std::map<std::string, EmbeddingSpec, std::less<>> m;
    m["432"] = weighted({term(4, {x, y, z})});
    m["432"].cubic = true;
    m["622"] = weighted({term(2, {z}), term(6, {x, {h, r, 0, 1}, {-h, r, 0, 1}})});
    m["422"] = weighted({term(2, {z}), term(4, {x, y})});
    m["32"] = weighted({term(2, {z}), term(3, {x, {-h, r, 0, 1}, {-h, -r, 0, 1}})});
    m["222"] = weighted({term(2, {z}), term(2, {x, {0, 1, 0, -1}})});
    return m;
  }();
  return specs;
}

// Arrays are worked on in blocks, component by component, so that the loops over a block vectorise.
constexpr int kBlock = 32;

// One term of embed() for the matrices R[9][block]: adds to e[2 Rank + 1][block].
template <int Rank>
void add_term(const Term& term, const float (&R)[9][kBlock], float (*e)[kBlock]) {
  for (int d = 0; d < term.directions; ++d) {
    const float a = float(term.v[d][0]), b = float(term.v[d][1]), c = float(term.v[d][2]);
    const float weight = float(term.weight) * float(term.c[d]);
    for (int i = 0; i < kBlock; ++i) {
      const float x = R[0][i] * a + R[1][i] * b + R[2][i] * c;
      const float y = R[3][i] * a + R[4][i] * b + R[5][i] * c;
      const float z = R[6][i] * a + R[7][i] * b + R[8][i] * c;
      float h[2 * Rank + 1] = {};
      if constexpr (Rank == 2) add_harmonics_2(weight, x, y, z, h);
      if constexpr (Rank == 3) add_harmonics_3(weight, x, y, z, h);
      if constexpr (Rank == 4) add_harmonics_4(weight, x, y, z, h);
      if constexpr (Rank == 6) add_harmonics_6(weight, x, y, z, h);
      for (int k = 0; k <= 2 * Rank; ++k) e[k][i] += h[k];
    }
  }
}

}  // namespace

const EmbeddingSpec& embedding(const PointGroup& group) {
  const auto found = all().find(group.name());
  if (found == all().end()) {
    throw Error(Errc::kArgument, "no embedding for point group " + group.name() +
                                     ": shown invariant and injective are 432, 622, 422, 32 and 222");
  }
  return found->second;
}

void embed(const EmbeddingSpec& spec, std::int64_t n, const float* q, float* out) {
  if (spec.cubic) {
    for (std::int64_t i = 0; i < n; ++i) {
      embed_432(Quat{q[4 * i], q[4 * i + 1], q[4 * i + 2], q[4 * i + 3]}, out + 9 * i);
    }
    return;
  }
  for (std::int64_t first = 0; first < n; first += kBlock) {
    const int count = int(std::min<std::int64_t>(n - first, kBlock));
    float R[9][kBlock], e[EmbeddingSpec::kMaxSize][kBlock] = {};
    for (int i = 0; i < kBlock; ++i) {  // the tail repeats the last one
      const float* p = q + 4 * (first + std::min(i, count - 1));
      const Mat3<float> M = matrix(Quat{p[0], p[1], p[2], p[3]});
      for (int k = 0; k < 9; ++k) R[k][i] = M.m[k];
    }
    int at = 0;
    for (int t = 0; t < spec.terms; ++t) {
      switch (spec.term[t].rank) {
        case 2:
          add_term<2>(spec.term[t], R, e + at);
          break;
        case 3:
          add_term<3>(spec.term[t], R, e + at);
          break;
        case 4:
          add_term<4>(spec.term[t], R, e + at);
          break;
        default:
          add_term<6>(spec.term[t], R, e + at);
          break;
      }
      at += 2 * spec.term[t].rank + 1;
    }
    for (int i = 0; i < count; ++i) {
      for (int k = 0; k < spec.size; ++k) out[(first + i) * spec.size + k] = e[k][i];
    }
  }
}

}  // namespace grainspin
