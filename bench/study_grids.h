// Runs as the comparison networks read them: whole grids in one of four descriptions of an orientation.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include <torch/torch.h>

#include "datasets/batch.h"
#include "datasets/operations.h"
#include "datasets/run.h"
#include "grainspin/embedding.h"
#include "grainspin/symmetry.h"

namespace grainspin::bench {

enum class Input { kEmbedding, kQuaternion, kColumns, kEuler };

inline int channels(Input input) {
  switch (input) {
    case Input::kEmbedding:
      return embedding(PointGroup::named("432")).size;
    case Input::kQuaternion:
      return 4;
    case Input::kColumns:
      return 6;
    case Input::kEuler:
      return 3;
  }
  return 0;
}

// q[N, 4] -> [N, channels]: the embedding; the quaternion with w >= 0; the first two columns of the rotation
// matrix (the 6-D description of Zhou et al. 2019); Bunge's angles in radians.
inline torch::Tensor describe(Input input, const torch::Tensor& q) {
  const torch::Tensor in = q.contiguous();
  const std::int64_t n = in.size(0);
  torch::Tensor out = torch::empty({n, channels(input)});
  const float* from = in.data_ptr<float>();
  float* to = out.data_ptr<float>();
  if (input == Input::kEmbedding) {
    embed(embedding(PointGroup::named("432")), n, from, to);
  } else if (input == Input::kEuler) {
    bunge_from_quaternions(n, from, to);
  } else {
    for (std::int64_t i = 0; i < n; ++i) {
      const Quat p = positive(Quat{from[4 * i], from[4 * i + 1], from[4 * i + 2], from[4 * i + 3]});
      if (input == Input::kQuaternion) {
        const std::array<float, 4> v{p.w, p.x, p.y, p.z};
        std::copy(v.begin(), v.end(), to + 4 * i);
      } else {
        const Mat3<float> R = matrix(p);
        for (int c = 0; c < 6; ++c) to[6 * i + c] = R(c % 3, c / 3);
      }
    }
  }
  return out;
}

// One run: q [T + 1, N, 4], w [T, N, 3].
struct Grid {
  std::string path;
  Shape shape;
  std::vector<LoadStep> loads;
  torch::Tensor q, w;
};

// With `scatter` every voxel gets an equivalent orientation of its own, the same at all steps: an archive may
// hold any.
inline Grid read_grid(const std::string& path, bool scatter, std::uint64_t seed) {
  Run run = load_run(path, false);
  const std::int64_t N = run.voxels(), T = run.steps();
  if (scatter) {
    const auto& group = PointGroup::named(run.point_group).operators();
    for (std::int64_t i = 0; i < N; ++i) {
      const Quatd& s = group[std::size_t(mix(seed, std::uint64_t(i)) % group.size())];
      for (std::int64_t t = 0; t <= T; ++t) {
        float* v = run.q.data() + 4 * (t * N + i);
        const Quatd p = Quatd{v[0], v[1], v[2], v[3]} * s;
        v[0] = float(p.w), v[1] = float(p.x), v[2] = float(p.y), v[3] = float(p.z);
      }
    }
  }
  return {path, run.shape, run.loads, torch::tensor(run.q).view({T + 1, N, 4}),
          torch::tensor(run.w).view({T, N, 3})};
}

// One step of a run, turned by an operation of its load. q [N, 4], w [N, 3].
struct Step {
  Shape shape;
  torch::Tensor q, w;
};

inline Step turned_step(const Grid& grid, std::int64_t t, const Operation& op) {
  const torch::Tensor from = torch::tensor(turned_voxels(op, grid.shape));
  const Quatd& p = op.p;
  const torch::Tensor left =
      torch::tensor({p.w, -p.x, -p.y, -p.z, p.x, p.w, -p.z, p.y, p.y, p.z, p.w, -p.x, p.z, -p.y, p.x, p.w},
                    torch::kFloat)
          .view({4, 4});  // p q = left q
  torch::Tensor P = torch::empty({3, 3});
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 3; ++j) P[i][j] = op.det * op.Q(i, j);
  return {turned(op, grid.shape), torch::mm(grid.q[t].index_select(0, from), left.t()),
          torch::mm(grid.w[t].index_select(0, from), P.t())};
}

// exp(w) q of every voxel, unit to rounding.
inline torch::Tensor turn(const torch::Tensor& w, const torch::Tensor& q) {
  const torch::Tensor by = w.contiguous(), from = q.contiguous();
  torch::Tensor out = torch::empty_like(from);
  const float *a = by.data_ptr<float>(), *b = from.data_ptr<float>();
  float* to = out.data_ptr<float>();
  for (std::int64_t i = 0; i < from.size(0); ++i) {
    const Quat before{b[4 * i], b[4 * i + 1], b[4 * i + 2], b[4 * i + 3]};
    const Quat after = normalised(exp(Vec3<float>{a[3 * i], a[3 * i + 1], a[3 * i + 2]}) * before);
    to[4 * i] = after.w, to[4 * i + 1] = after.x, to[4 * i + 2] = after.y, to[4 * i + 3] = after.z;
  }
  return out;
}

// [N, C] of a grid, x fastest <-> [1, C, nz, ny, nx].
inline torch::Tensor to_volume(const torch::Tensor& v, Shape s) {
  return v.t().reshape({1, v.size(1), s.nz, s.ny, s.nx});
}
inline torch::Tensor from_volume(const torch::Tensor& v) {
  return v.flatten(2)[0].t();
}

}  // namespace grainspin::bench
