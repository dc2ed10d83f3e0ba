// nonlocal_kernels.h for one instruction set. Included once by each nonlocal_<set>.cpp, which defines
//   GRAINSPIN_LANES   floats of a vector       GRAINSPIN_ROWS  rows of a product's tile, times two vectors of voxels:
//                                              the accumulators that stay in registers
//   GRAINSPIN_RECIPROCAL(x)  an estimate of 1/x to 11 bits or better, which two Newton steps make exact to rounding
// Everything is static, and templates of other headers are used with this set's vector type only: code of a larger
// instruction set must not reach the rest of the program through the linker's choice among equal inline functions.
// What binds: the FMA units; weights and a block's rows lie in L1 and L2.
#include "nonlocal_vector.h"

namespace grainspin {
namespace {

void copy(int rows, const float* from, float* to) {
  for (int i = 0; i < rows * V; i += kLanes) store(to + i, load(from + i));
}
void magnitude(int rows, const float* from, float* to) {
  for (int i = 0; i < rows * V; i += kLanes) {
    const Vec x = load(from + i);
    store(to + i, x < 0.0f ? -x : x);
  }
}

// ---- the cell's parts ---------------------------------------------------------------------------------------------

// Rows of a block's scratch. `adapted` and `slip` hold the inputs of a gated map in both coordinates.
struct Scratch {
  float *small, *adapted, *slip, *even, *u, *v, *g, *out;
  explicit Scratch(const BlockView& b) {
    const PhaseView& p = *b.phase;
    const int inputs = 1 + p.channels + 2 * p.polarisations, n = p.systems;
    const int side = p.width > p.memory ? p.width : p.memory;  // the memory's update works there too
    small = b.scratch;
    adapted = small + 8 * p.polarisations * V;
    slip = adapted + inputs * n * V;
    even = slip + inputs * n * V;
    u = even + (inputs + p.memory) * n * V;
    v = u + side * n * V;
    g = v + side * n * V;
    out = g + side * n * V;
  }
};

// |slip| and h in the even coordinates, channels side by side.
void even_inputs(const BlockView& b, const Scratch& s, int inputs) {
  const PhaseView& p = *b.phase;
  const int n = p.systems;
  if (p.even_natural) {
    magnitude(inputs * n, s.slip, s.even);
  } else {
    magnitude(inputs * n, s.slip, s.slip);
    each(p.to_even, inputs, n, s.slip, s.even);
  }
  copy(p.memory * n, b.h, s.even + inputs * n * V);
}

// s.out = gated of the inputs in s.adapted (and s.even).
void gated(const BlockView& b, const Scratch& s, const GatedView& map) {
  const PhaseView& p = *b.phase;
  const int n = p.systems;
  apply(map.odd, s.adapted, s.u);
  if (!p.gated) return apply(map.out, s.u, s.out);
  float* u = s.u;
  float* g = s.g;
  if (!p.odd_natural) {
    each(p.from_odd, p.width, n, s.u, s.v);
    u = s.v;
  }
  // The gates in slip coordinates take the place that is free.
  apply(map.even, s.even, s.g);
  if (!p.even_natural) {
    float* const to = u == s.u ? s.v : s.u;
    each(p.from_even, p.width, n, s.g, to);
    g = to;
  }
  const float* bias = b.step->bias + map.bias;
  for (int d = 0; d < p.width; ++d)
    for (int i = d * n * V; i < (d + 1) * n * V; i += kLanes)
      store(u + i, load(u + i) * sigmoid(load(g + i) + bias[d]));
  if (!p.odd_natural) {
    each(p.to_odd, p.width, n, u, s.g);
    u = s.g;
  }
  apply(map.out, u, s.out);
}

// R(q) and the rotation of deviators of lanes i .. of a block.
inline void rotations(const BlockView& b, int i, Vec* R, Vec* D) {
  const Vec q[4] = {load(b.q + i), load(b.q + V + i), load(b.q + 2 * V + i), load(b.q + 3 * V + i)};
  rotation_of<Vec, float>(q, R);
  deviator_rotation<Vec, float>(R, D);
}

// The state on slip systems, where the adapted coordinates are others.
void x_on_slip(const BlockView& b, float* to) {
  const PhaseView& p = *b.phase;
  if (p.odd_natural)
    copy(p.channels * p.systems, b.x, to);
  else
    each(p.from_odd, p.channels, p.systems, b.x, to);
}

void begin(const BlockView& b) {
  const PhaseView& p = *b.phase;
  const Scratch s(b);
  const int n = p.systems, inputs = p.carried ? 1 + p.channels : 1;
  for (int i = 0; i < V; i += kLanes) {
    Vec R[9], D[25];
    rotations(b, i, R, D);
    for (int c = 0; c < 5; ++c) {
      Vec e{};
      for (int a = 0; a < 5; ++a) e += D[5 * a + c] * b.step->E0[a];
      store(s.small + c * V + i, e);
    }
  }
  product(p.shear_adapted, s.small, s.adapted);
  if (p.carried) copy(p.channels * n, b.x, s.adapted + n * V);
  if (p.gated) {
    product(p.shear, s.small, s.slip);
    if (p.carried) x_on_slip(b, s.slip + n * V);
    even_inputs(b, s, inputs);
  }
  gated(b, s, p.in);
  for (int c = 0; c < p.channels; ++c) {
    const float carry = p.carried ? p.carry[c] : 0.0f;
    for (int i = c * n * V; i < (c + 1) * n * V; i += kLanes)
      store(b.x + i, p.carried ? load(s.out + i) + load(b.x + i) * carry : load(s.out + i));
  }
}

void polarise(const BlockView& b, int pass) {
  const PhaseView& p = *b.phase;
  const Scratch s(b);
  const int n = p.systems, m = p.polarisations;
  apply(p.polarise[pass], b.x, s.adapted);
  for (int j = 0; j < m; ++j) product(p.strain, s.adapted + j * n * V, s.small + 5 * j * V);
  for (int i = 0; i < V; i += kLanes) {
    Vec R[9], D[25];
    rotations(b, i, R, D);
    for (int j = 0; j < m; ++j) {
      Vec c[5];
      for (int a = 0; a < 5; ++a) c[a] = load(s.small + (5 * j + a) * V + i);
      for (int a = 0; a < 5; ++a) {
        Vec t{};
        for (int k = 0; k < 5; ++k) t += D[5 * a + k] * c[k];
        store(s.small + (5 * j + a) * V + i, t);
      }
    }
  }
  for (int j = 0; j < 5 * m; ++j) {
    const float* from = s.small + j * V;
    float* to = b.field + j * b.stride;
    double sum = 0;
    for (int i = 0; i < b.count; ++i) sum += double(from[i]);
    b.sums[j] = sum;
    if (b.contiguous && b.count == V)
      for (int i = 0; i < V; i += kLanes) *reinterpret_cast<Loose*>(to + b.at[0] + i) = load(from + i);
    else
      for (int i = 0; i < b.count; ++i) to[b.at[i]] = from[i];
  }
}

void pass(const BlockView& b, int k) {
  const PhaseView& p = *b.phase;
  const Scratch s(b);
  const int n = p.systems, c0 = p.channels, m = p.polarisations;
  for (int j = 0; j < 8 * m; ++j) {
    const float* from = b.field + j * b.stride;
    float* to = s.small + j * V;
    if (b.contiguous)
      for (int i = 0; i < V; i += kLanes) store(to + i, *reinterpret_cast<const Loose*>(from + b.at[0] + i));
    else
      for (int i = 0; i < V; ++i) to[i] = from[b.at[i]];
  }
  for (int i = 0; i < V; i += kLanes) {
    Vec R[9], D[25], spin[3];
    rotations(b, i, R, D);
    for (int a = 0; a < 3; ++a) spin[a] = k == 0 ? Vec{} : load(b.spin + a * V + i);
    for (int j = 0; j < m; ++j) {
      float* rows = s.small + 8 * j * V + i;
      const float* mean = b.step->mean + 8 * j;
      Vec e[5], w[3];
      for (int a = 0; a < 5; ++a) e[a] = load(rows + a * V) + mean[a];
      for (int a = 0; a < 3; ++a) {
        w[a] = load(rows + (5 + a) * V);
        spin[a] += w[a] * b.step->spin[j];
        w[a] += mean[5 + a];
      }
      for (int a = 0; a < 5; ++a) {
        Vec t{};
        for (int c = 0; c < 5; ++c) t += D[5 * c + a] * e[c];
        store(rows + a * V, t);
      }
      for (int a = 0; a < 3; ++a) store(rows + (5 + a) * V, R[a] * w[0] + R[3 + a] * w[1] + R[6 + a] * w[2]);
    }
    for (int a = 0; a < 3; ++a) store(b.spin + a * V + i, spin[a]);
  }
  const auto drives = [&](const ProductView& shear, const ProductView& turn, float* to) {
    for (int j = 0; j < m; ++j) product(shear, s.small + 8 * j * V, to + (c0 + j) * n * V);
    for (int j = 0; j < m; ++j) product(turn, s.small + (8 * j + 5) * V, to + (c0 + m + j) * n * V);
  };
  copy(c0 * n, b.x, s.adapted);
  drives(p.shear_adapted, p.turn_adapted, s.adapted);
  if (p.gated) {
    x_on_slip(b, s.slip);
    drives(p.shear, p.turn, s.slip);
    even_inputs(b, s, c0 + 2 * m);
  }
  gated(b, s, p.pass[k]);
  for (int i = 0; i < c0 * n * V; i += kLanes) store(b.x + i, load(b.x + i) + load(s.out + i));
}

void end(const BlockView& b, float* omega, float* dev) {
  const PhaseView& p = *b.phase;
  const Scratch s(b);
  const int n = p.systems;
  copy(p.channels * n, b.x, s.adapted);
  if (p.gated) {
    x_on_slip(b, s.slip);
    even_inputs(b, s, p.channels);
  }
  gated(b, s, p.head);
  product(p.axial, s.out, s.small);
  if (p.stress) product(p.strain, s.out + n * V, s.small + 3 * V);
  for (int i = 0; i < V; i += kLanes) {
    Vec R[9], D[25], a[3], t[5];
    rotations(b, i, R, D);
    for (int j = 0; j < 3; ++j) a[j] = load(s.small + j * V + i);
    for (int j = 0; j < 3; ++j)
      store(omega + j * V + i, R[3 * j] * a[0] + R[3 * j + 1] * a[1] + R[3 * j + 2] * a[2] + load(b.spin + j * V + i));
    if (!p.stress) continue;
    for (int j = 0; j < 5; ++j) t[j] = load(s.small + (3 + j) * V + i);
    for (int j = 0; j < 5; ++j) {
      Vec d{};
      for (int k = 0; k < 5; ++k) d += D[5 * j + k] * t[k];
      store(dev + j * V + i, d);
    }
  }
  if (!p.gated || p.memory == 0) return;  // memory is read by gates alone
  apply(p.update, s.even, s.u);
  apply(p.candidate, s.even, s.v);
  float *z = s.u, *c = s.v;
  if (!p.even_natural) {
    each(p.from_even, p.memory, n, s.u, s.g);
    each(p.from_even, p.memory, n, s.v, s.u);
    z = s.g, c = s.u;
  }
  // h on slip systems is wanted for the update alone: z differs from system to system.
  float* h = s.slip;
  if (p.even_natural)
    copy(p.memory * n, b.h, h);
  else
    each(p.from_even, p.memory, n, b.h, h);
  for (int d = 0; d < p.memory; ++d)
    for (int i = d * n * V; i < (d + 1) * n * V; i += kLanes) {
      const Vec before = load(h + i);
      const Vec gate = power_gate(load(z + i) + p.update_bias[d], b.step->exponent);
      store(h + i, before + gate * (tanh_of(load(c + i) + p.candidate_bias[d]) - before));
    }
  if (p.even_natural)
    copy(p.memory * n, h, b.h);
  else
    each(p.to_even, p.memory, n, h, b.h);
}

// ---- one pencil ---------------------------------------------------------------------------------------------------

void green_pencil(int nz, int lanes, int polarisations, const float* kx, const float* ky, const float* kz, float scale,
                  const float* beta, float* lines, const float* weight, float* pressure) {
  const int width = 2 * lanes;
  for (int z = 0; z < nz; ++z, lines += 8 * polarisations * width)
    for (int i = 0; i < width; i += kLanes) {
      const Vec k[3] = {load(kx + i), load(ky + i), Vec{} + kz[z]};
      const Vec square = k[0] * k[0] + k[1] * k[1] + k[2] * k[2];
      const Vec inverse = square > 0.0f ? 1.0f / square : Vec{};
      Vec p[8 * 5];
      for (int j = 0; j < 5 * polarisations; ++j) p[j] = load(lines + j * width + i) * scale;
      Vec sum{};
      for (int j = 0; j < polarisations; ++j) {
        Vec e[5], w[3], g;
        green<Vec, float>(k, inverse, Vec{} + beta[j], p + 5 * j, e, w, g);
        float* to = lines + 8 * j * width + i;
        for (int a = 0; a < 5; ++a) store(to + a * width, e[a]);
        for (int a = 0; a < 3; ++a) store(to + (5 + a) * width, w[a]);
        if (pressure) sum += g * weight[j];
      }
      if (pressure) store(pressure + z * width + i, load(pressure + z * width + i) + sum);
    }
}

void sigmoid_of_many(std::int64_t n, const float* x, float* out) {
  for (std::int64_t i = 0; i < n; i += kLanes) store(out + i, sigmoid(load(x + i)));
}
void power_of_many(std::int64_t n, float exponent, const float* x, float* out) {
  for (std::int64_t i = 0; i < n; i += kLanes) store(out + i, power_gate(load(x + i), exponent));
}

}  // namespace

extern const NonlocalKernels GRAINSPIN_KERNELS;
const NonlocalKernels GRAINSPIN_KERNELS{GRAINSPIN_NAME, kRows, begin,           polarise,       pass,
                                        end,            green_pencil, sigmoid_of_many, power_of_many};

}  // namespace grainspin
