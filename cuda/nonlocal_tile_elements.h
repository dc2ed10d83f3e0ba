// What a block of threads does with one tile of the nonlocal cell (nonlocal_tile.h): a template over the team, so that it runs
// without a GPU too, on one thread or on a thread a warp (tests/host_cuda_nonlocal.cpp). The formulas are those of
// grainspin/nonlocal_inline.h.
//
// A team has kTileWarps warps. each_warp(f) calls f(w) for those that the caller is, lanes(f) calls f(v) for the lanes that it
// is, sum(f) adds f(v) over the lanes of the calling warp, sync() waits for all warps. Between two sync() a warp reads what
// earlier phases wrote and writes what no other warp of its phase reads or writes.
//
// What binds: the FMA units. A task of three columns reads three numbers of shared memory and three quadruples of weights,
// the same for the whole warp, for 36 multiply-adds a lane; with 12 systems the changes of coordinates have their
// coefficients in the constant bank and their numbers in registers. 864 rows at C = D = 12, M = 4: 108 KB, two
// blocks a processor of sm_90, so that one's memory runs beside the other's arithmetic.
#pragma once

#include "cuda/half.h"
#include "cuda/nonlocal_elements.h"
#include "cuda/nonlocal_launchers.h"
#include "cuda/nonlocal_tile_task.h"

namespace grainspin::cuda {

// One tile: its scratch and what the launcher says.
template <int kN, bool kHalf, class Team>
class TileSweep {
 public:
  GRAINSPIN_HD TileSweep(const SweepStep& s, const CellBasis<kN>& basis, const Team& team, std::int64_t tile, float* scratch)
      : s_(s), b_(basis), team_(team), tile_(tile), rows_(s.shape), at_(scratch) {}

  GRAINSPIN_HD void run() const {
    load();
    team_.sync();
    if (s_.start) turn_drive();
    else turn_fields();
    team_.sync();
    gated(s_.map, s_.start ? Stage::kStart : Stage::kPass);  // x stands
    if (s_.polarise) {
      maps(s_.polarisation);
      team_.sync();
      polarise();
    }
    if (s_.end) {
      gated(s_.head, Stage::kHead);
      turn();
    }
    store(s_.shape.channels * systems(), rows_.x, s_.x);
    team_.sync();  // the next tile overwrites
  }

 private:
  enum class Stage { kStart, kPass, kHead };

  GRAINSPIN_HD constexpr int systems() const { return kN ? kN : s_.shape.systems; }
  GRAINSPIN_HD float* row(int r, int v) const { return at_ + r * kTile + v; }
  GRAINSPIN_HD float& number(int r, int v) const { return at_[r * kTile + v]; }
  GRAINSPIN_HD float* temp(int warp, int v) const { return row(rows_.temp + warp * systems(), v); }
  GRAINSPIN_HD bool there(int v) const { return tile_ * kTile + v < s_.tiles.n; }
  // Lanes beyond the last voxel are copies of it.
  GRAINSPIN_HD std::int64_t voxel(int v) const {
    const std::int64_t i = tile_ * kTile + v, last = s_.tiles.n - 1, at = s_.tiles.first + (i < last ? i : last);
    return s_.tiles.voxels ? s_.tiles.voxels[at] : at;
  }
  GRAINSPIN_HD Mat3<float> rotation(int v) const {
    const float q[4] = {number(rows_.q, v), number(rows_.q + 1, v), number(rows_.q + 2, v), number(rows_.q + 3, v)};
    Mat3<float> R;
    rotation_of(q, R.m);
    return R;
  }
  // f(i, warp) for i of 0 .. n - 1, shared among warps.
  template <class F>
  GRAINSPIN_HD void items(int n, const F& f) const {
    team_.each_warp([&](int w) {
      for (int i = w; i < n; i += kTileWarps) f(i, w);
    });
  }

  GRAINSPIN_HD void load() const {
    const int n = s_.shape.channels * systems();
    if (s_.start && !s_.shape.carried) {
      items(n, [&](int i, int) { team_.lanes([&](int v) { number(rows_.x + i, v) = 0; }); });
    } else {
      fetch(n, s_.x, rows_.x);
    }
    items(4, [&](int k, int) { team_.lanes([&](int v) { number(rows_.q + k, v) = s_.q[4 * voxel(v) + k]; }); });
  }
  // n rows of this tile's state, four numbers a lane at once.
  GRAINSPIN_HD void fetch(int n, const void* state, int to) const {
    const std::int64_t from = tile_ * n * kTile;
    team_.each(n * kTile / 4, [&](int i) {
      float* out = at_ + to * kTile + 4 * i;
      if constexpr (kHalf) {
        const Quad<std::uint16_t> v = reinterpret_cast<const Quad<std::uint16_t>*>(static_cast<const std::uint16_t*>(state) + from)[i];
        for (int k = 0; k < 4; ++k) out[k] = from_half(v.v[k]);
      } else {
        *reinterpret_cast<Quad<float>*>(out) = reinterpret_cast<const Quad<float>*>(static_cast<const float*>(state) + from)[i];
      }
    });
  }
  GRAINSPIN_HD void store(int n, int from, void* state) const {
    const std::int64_t to = tile_ * n * kTile;
    team_.each(n * kTile / 4, [&](int i) {
      const float* in = at_ + from * kTile + 4 * i;
      if constexpr (kHalf) {
        Quad<std::uint16_t> v;
        for (int k = 0; k < 4; ++k) v.v[k] = to_half(in[k]);
        reinterpret_cast<Quad<std::uint16_t>*>(static_cast<std::uint16_t*>(state) + to)[i] = v;
      } else {
        reinterpret_cast<Quad<float>*>(static_cast<float*>(state) + to)[i] = *reinterpret_cast<const Quad<float>*>(in);
      }
    });
  }
  // Memory of channel c, coordinate j.
  GRAINSPIN_HD std::int64_t memory_at(int c, int j, int v) const {
    return ((tile_ * s_.shape.memory + c) * systems() + j) * kTile + v;
  }
  GRAINSPIN_HD float memory(std::int64_t at) const {
    if constexpr (kHalf) return from_half(static_cast<const std::uint16_t*>(s_.h)[at]);
    else return static_cast<const float*>(s_.h)[at];
  }
  GRAINSPIN_HD void set_memory(std::int64_t at, float value) const {
    if constexpr (kHalf) static_cast<std::uint16_t*>(s_.h)[at] = to_half(value);
    else static_cast<float*>(s_.h)[at] = value;
  }

  // E0 in the crystal's frame.
  GRAINSPIN_HD void turn_drive() const {
    items(1, [&](int, int) {
      team_.lanes([&](int v) {
        float E[5];
        to_crystal(rotation(v), s_.load->drive, E);
        for (int k = 0; k < 5; ++k) number(rows_.small + k, v) = E[k];
      });
    });
  }
  // e_m and w_m likewise, with the D terms; the spins without them summed.
  GRAINSPIN_HD void turn_fields() const {
    const int M = s_.shape.polarisations;
    const std::int64_t channel = s_.spectrum.channel();
    items(M + 1, [&](int m, int) {
      team_.lanes([&](int v) {
        const std::int64_t at = voxel(v), place = s_.spectrum.place(at);
        if (m == M) {
          if (!there(v)) return;
          const std::int64_t n = s_.spectrum.voxels();
          for (int k = 0; k < 3; ++k) {
            float sum = s_.first_pass ? 0.0f : s_.spin_sum[k * n + at];
            for (int i = 0; i < M; ++i) sum += s_.spin[i] * s_.fields[(8 * i + 5 + k) * channel + place];
            s_.spin_sum[k * n + at] = sum;
          }
          return;
        }
        const float *from = s_.fields + 8 * m * channel + place, *D = s_.mean_gradient + 9 * m;
        const Mat3<float> R = rotation(v);
        float e[5], E[5], w[3];
        deviator_of(D, e);
        axial_of(D, w);
        for (int k = 0; k < 5; ++k) e[k] += from[k * channel];
        for (int k = 0; k < 3; ++k) w[k] += from[(5 + k) * channel];
        to_crystal(R, e, E);
        for (int k = 0; k < 5; ++k) number(rows_.small + 8 * m + k, v) = E[k];
        for (int k = 0; k < 3; ++k)
          number(rows_.small + 8 * m + 5 + k, v) = R(0, k) * w[0] + R(1, k) * w[1] + R(2, k) * w[2];
      });
    });
  }

  // Row i of U times a column, and of its transpose.
  GRAINSPIN_HD float adapted(const float* U, int i, const Column<kN>& from) const {
    float sum = 0;
    GRAINSPIN_UNROLL
    for (int j = 0; j < systems(); ++j) sum += U[i * systems() + j] * from[j];
    return sum;
  }
  GRAINSPIN_HD float natural(const float* U, int i, const Column<kN>& from) const {
    float sum = 0;
    GRAINSPIN_UNROLL
    for (int j = 0; j < systems(); ++j) sum += U[j * systems() + i] * from[j];
    return sum;
  }
  GRAINSPIN_HD const float* odd() const { return b_.numbers; }
  GRAINSPIN_HD const float* even() const { return b_.numbers + BasisPlaces(systems()).even; }
  GRAINSPIN_HD void set_rows(int first, int v, const float* U, const Column<kN>& from) const {
    GRAINSPIN_UNROLL
    for (int i = 0; i < systems(); ++i) number(first + i, v) = adapted(U, i, from);
  }

  // |x| of channel c into channel `to` of the gates' inputs.
  GRAINSPIN_HD void magnitude(int c, int to, int warp, int v) const {
    const int N = systems();
    const Column<kN> x = Column<kN>::of(row(rows_.x + c * N, v));
    Column<kN> t = Column<kN>::room(temp(warp, v));
    GRAINSPIN_UNROLL
    for (int i = 0; i < N; ++i) t.set(i, std::fabs(natural(odd(), i, x)));
    set_rows(rows_.even + to * N, v, even(), t);
  }
  // 3 P_s : of kNumbers = 5 or 3 a_s . of 3 numbers in the crystal's frame: adapted rows `out`, and the gates' channel `to`.
  template <int kNumbers>
  GRAINSPIN_HD void shears(int from, int out, int to, int warp, int v) const {
    const int N = systems();
    const BasisPlaces places(N);
    const float* on_slip = b_.numbers + (kNumbers == 5 ? places.P : places.a);
    const float* on_adapted = b_.numbers + (kNumbers == 5 ? places.P_adapted : places.a_adapted);
    float S[kNumbers];
    for (int k = 0; k < kNumbers; ++k) S[k] = number(from + k, v);
    Column<kN> t = Column<kN>::room(temp(warp, v));
    GRAINSPIN_UNROLL
    for (int i = 0; i < N; ++i) {
      float slip = 0, other = 0;
      GRAINSPIN_UNROLL
      for (int k = 0; k < kNumbers; ++k) slip += on_slip[i * kNumbers + k] * S[k], other += on_adapted[i * kNumbers + k] * S[k];
      number(out + i, v) = other;
      t.set(i, std::fabs(slip));
    }
    if (s_.shape.gated) set_rows(rows_.even + to * N, v, even(), t);
  }
  // What the maps of a stage read, channels in nonlocal.h's order: drives first in the start, last in a pass.
  GRAINSPIN_HD void inputs(Stage stage) const {
    const int N = systems(), M = s_.shape.polarisations, C = s_.shape.channels;
    const bool gates = s_.shape.gated;
    const int drives = stage == Stage::kStart ? 1 : stage == Stage::kPass ? 2 * M : 0;
    const int states = !gates || (stage == Stage::kStart && !s_.shape.carried) ? 0 : C, memories = gates ? s_.shape.memory : 0;
    const int first_state = stage == Stage::kStart ? 1 : 0, first_memory = drives + states;
    items(drives + states + memories, [&](int i, int warp) {
      team_.lanes([&](int v) {
        if (i < drives) {
          if (stage == Stage::kStart) shears<5>(rows_.small, rows_.drive, 0, warp, v);
          else if (i < M) shears<5>(rows_.small + 8 * i, rows_.extra + i * N, C + i, warp, v);
          else shears<3>(rows_.small + 8 * (i - M) + 5, rows_.extra + i * N, C + i, warp, v);
        } else if (i < first_memory) {
          magnitude(i - drives, first_state + i - drives, warp, v);
        } else {
          for (int j = 0; j < N; ++j) number(rows_.even + i * N + j, v) = memory(memory_at(i - first_memory, j, v));
        }
      });
    });
  }

  GRAINSPIN_HD void maps(const MapList& list) const {
    team_.each_warp([&](int w) {
      for (int i = list.begin[w]; i < list.begin[w + 1]; ++i) {
        const MapTask t = list.tasks[i];
        team_.lanes([&](int v) { map_task(t, s_.weights, s_.indices, at_ + v); });
      }
    });
  }

  // x += (of a start: x = carry x +) gated(..); of the head its numbers into `small`.
  GRAINSPIN_HD void gated(const GatedMap& map, Stage stage) const {
    const int N = systems(), D = s_.shape.width;
    inputs(stage);
    team_.sync();
    maps(map.first);
    team_.sync();
    const int gates = s_.shape.gated ? D : 0, scaled = stage == Stage::kStart && s_.shape.carried ? s_.shape.channels : 0;
    const int memories = stage == Stage::kHead && s_.shape.gated ? s_.shape.memory : 0;
    items(gates + scaled + memories, [&](int i, int warp) {
      team_.lanes([&](int v) {
        if (i < gates) {
          gate(map, i, warp, v);
        } else if (i < gates + scaled) {  // the maps have read it
          const int c = i - gates;
          for (int j = 0; j < N; ++j) number(rows_.x + c * N + j, v) *= s_.carry[c];
        } else {
          remember(i - gates - scaled, warp, v);
        }
      });
    });
    team_.sync();
    maps(map.out);
    team_.sync();
  }
  GRAINSPIN_HD void gate(const GatedMap& map, int d, int warp, int v) const {
    const int N = systems();
    const float shift = map.bias[d] + map.rate[d] * s_.load->log_size;
    const Column<kN> u = Column<kN>::of(row(rows_.u + d * N, v)), g = Column<kN>::of(row(rows_.gate + d * N, v));
    Column<kN> t = Column<kN>::room(temp(warp, v));
    GRAINSPIN_UNROLL
    for (int i = 0; i < N; ++i) t.set(i, natural(odd(), i, u) * sigmoid(natural(even(), i, g) + shift));
    set_rows(rows_.u + d * N, v, odd(), t);
  }
  GRAINSPIN_HD void remember(int c, int warp, int v) const {
    const int N = systems(), H = s_.shape.memory;
    const float steps = s_.load->size / 0.01f;
    const Column<kN> h = Column<kN>::of(row(rows_.even + (s_.shape.channels + c) * N, v)),
                     update = Column<kN>::of(row(rows_.extra + c * N, v)),
                     candidate = Column<kN>::of(row(rows_.extra + (H + c) * N, v));
    Column<kN> t = Column<kN>::room(temp(warp, v));
    for (int i = 0; i < N; ++i) {
      // (1 - sigmoid(u))^t = exp(-t ln(1 + exp(u))), without overflow
      const float u = natural(even(), i, update) + s_.update_bias[c], before = natural(even(), i, h);
      const float z = -std::expm1(-steps * ((u > 0 ? u : 0.0f) + std::log1p(std::exp(-std::fabs(u)))));
      t.set(i, before + z * (std::tanh(natural(even(), i, candidate) + s_.candidate_bias[c]) - before));
    }
    for (int i = 0; i < N; ++i) set_memory(memory_at(c, i, v), adapted(even(), i, t));
  }

  // p_m of the crystal's frame in `small` turned into the fields, and its sums over the tile.
  GRAINSPIN_HD void polarise() const {
    const int M = s_.shape.polarisations;
    const std::int64_t channel = s_.spectrum.channel();
    items(M, [&](int m, int) {
      const int first = rows_.small + 5 * m;
      team_.lanes([&](int v) {
        float crystal[5], p[5];
        for (int k = 0; k < 5; ++k) crystal[k] = number(first + k, v);
        to_sample(rotation(v), crystal, p);
        for (int k = 0; k < 5; ++k) number(first + k, v) = p[k];
        if (!there(v)) return;
        float* to = s_.fields + 8 * m * channel + s_.spectrum.place(voxel(v));
        for (int k = 0; k < 5; ++k) to[k * channel] = p[k];
      });
      for (int k = 0; k < 5; ++k) {
        const double sum = team_.sum([&](int v) { return there(v) ? double(number(first + k, v)) : 0.0; });
        team_.once([&] { s_.sums[tile_ * 5 * M + 5 * m + k] = sum; });
      }
    });
  }

  // Orientations turned; stress in units of its scale. `small`: sum_s gamma_s a_s, then sum_s tau_s P_s.
  GRAINSPIN_HD void turn() const {
    items(s_.stress ? 2 : 1, [&](int what, int) {
      team_.lanes([&](int v) {
        if (!there(v)) return;
        const std::int64_t at = voxel(v);
        const Mat3<float> R = rotation(v);
        const auto small = [&](int k) { return number(rows_.small + k, v); };
        if (what == 0) {
          const Vec3<float> slip = R * Vec3<float>{small(0), small(1), small(2)};
          float w[3] = {slip.x, slip.y, slip.z};
          for (int k = 0; k < 3; ++k) {
            if (s_.spin_sum) w[k] += s_.spin_sum[k * s_.spectrum.voxels() + at];
            w[k] = s_.load->spin[k] + s_.load->size * w[k];
            s_.increment[3 * at + k] = w[k];
          }
          const Quat q = turned(Quat{number(rows_.q, v), number(rows_.q + 1, v), number(rows_.q + 2, v), number(rows_.q + 3, v)},
                                Vec3<float>{w[0], w[1], w[2]});
          float* out = s_.q + 4 * at;
          out[0] = q.w, out[1] = q.x, out[2] = q.y, out[3] = q.z;
          return;
        }
        const float crystal[5] = {small(3), small(4), small(5), small(6), small(7)};
        float t[5], T[9];
        to_sample(R, crystal, t);
        tensor_from(t, T);
        const float pressure =
            s_.pressure ? s_.fields[8 * s_.shape.polarisations * s_.spectrum.channel() + s_.spectrum.place(at)] : 0.0f;
        float* out = s_.stress + 6 * at;  // xx yy zz yz xz xy
        out[0] = T[0] + pressure, out[1] = T[4] + pressure, out[2] = T[8] + pressure;
        out[3] = T[5], out[4] = T[2], out[5] = T[1];
      });
    });
  }

  const SweepStep& s_;
  const CellBasis<kN>& b_;
  const Team& team_;
  std::int64_t tile_;
  TileRows rows_;
  float* at_;
};

}  // namespace grainspin::cuda
