// What surrounds a voxel, against closed forms and against the definition spelt out.
#include "grainspin/surroundings.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "grainspin/domain.h"
#include "grainspin/nonlocal.h"
#include "nonlocal_models.h"

namespace grainspin {
namespace {

using testing::named_phase;
using testing::tension;

const PointGroup& cubic() { return PointGroup::named("432"); }

std::array<float, 4> about_z(double degrees) {
  const double half = degrees * std::numbers::pi / 360;
  return {float(std::cos(half)), 0, 0, float(std::sin(half))};
}

template <class Of>
std::vector<float> grid_of(Shape s, Of&& of) {
  std::vector<float> q;
  for (int z = 0; z < s.nz; ++z)
    for (int y = 0; y < s.ny; ++y)
      for (int x = 0; x < s.nx; ++x) {
        const std::array<float, 4> one = of(x, y, z);
        q.insert(q.end(), one.begin(), one.end());
      }
  return q;
}

// Where neighbours that share a face or a corner differ and those that share an edge do not, 14 of 26 pairs lie across a
// boundary. The sum of the fourth powers of the cosines between the axes of two cubes, 45 degrees about z apart, is
// 1 + 4/4 = 2; of the traceless parts (2 - 9/5) / (3 - 9/5) = 1/6.
TEST(Surroundings, OfACheckerboard) {
  const Shape s{8, 8, 8};
  const auto q = grid_of(s, [](int x, int y, int z) { return about_z((x + y + z) % 2 ? 45 : 0); });
  const Surroundings out = surroundings(s, {}, embedding(cubic()), {}, {}, q.data(), nullptr, 0, nullptr, 1);
  for (std::size_t i = 0; i < 512; ++i) {
    EXPECT_FLOAT_EQ(out.boundary[i], 14.0f / 26);
    EXPECT_NEAR(out.contrast[i], 5.0 / 6, 1e-4);
    EXPECT_TRUE(std::isnan(out.resolved[i]));
  }
}

// A half turned by 45 degrees: only what is within the window and one voxel of the two faces between the halves sees them; in a
// window of 7 planes, one of the two planes at a face has 9 of 26 pairs across it.
TEST(Surroundings, OfALaminate) {
  const Shape s{20, 7, 7};
  const auto q = grid_of(s, [](int x, int, int) { return about_z(x < 10 ? 0 : 45); });
  const Surroundings out = surroundings(s, {}, embedding(cubic()), {}, {}, q.data(), nullptr, 0, nullptr, 2);
  const auto expected = [](int x) {
    int planes = 0;  // of the window that touch a face
    for (int k = x - 3; k <= x + 3; ++k) {
      const int at = (k + 20) % 20;
      planes += at == 9 || at == 10 || at == 19 || at == 0;
    }
    return planes * 9 / 26.0 / 7;
  };
  for (int x = 0; x < 20; ++x) EXPECT_NEAR(out.boundary[std::size_t(x)], expected(x), 1e-6) << x;
}

// A rotation below the boundary's angle is none.
TEST(Surroundings, SmallAnglesAreNoBoundaries) {
  const Shape s{7, 7, 7};
  for (const auto& [degrees, across] : {std::pair{8.0, false}, {13.0, true}}) {
    const auto q = grid_of(s, [d = degrees](int x, int, int) { return about_z(x < 3 ? 0 : d); });
    const Surroundings out = surroundings(s, {}, embedding(cubic()), {}, {}, q.data(), nullptr, 0, nullptr, 1);
    EXPECT_EQ(*std::ranges::max_element(out.boundary) > 0, across) << degrees;
  }
}

// A random grid with two phases, a mask and faces: the definition, pair by pair.
struct Messy {
  Shape shape{9, 6, 8};
  Boundaries boundaries{Boundary::kClamped, Boundary::kPeriodic, Boundary::kPeriodic};
  std::vector<float> q;
  std::vector<std::int32_t> phase;
  std::vector<std::uint8_t> mask;
  Messy() {
    std::mt19937 random(11);
    std::normal_distribution<float> normal;
    std::uniform_int_distribution<int> few(0, 9);
    std::vector<std::array<float, 4>> grains(6);
    for (auto& g : grains) {
      float size = 0;
      for (float& c : g) c = normal(random), size += c * c;
      for (float& c : g) c /= std::sqrt(size);
    }
    q = grid_of(shape, [&](int, int, int) { return grains[std::size_t(few(random)) % 6]; });
    for (std::int64_t i = 0; i < shape.voxels(); ++i) phase.push_back(few(random) < 3), mask.push_back(few(random) > 0);
  }
};

TEST(Surroundings, AreTheirDefinition) {
  const Messy m;
  const auto P = slip_maps(named_phase("fcc")).P;
  const auto E0 = cell_load(tension(0.01)).E0;
  const std::int64_t n = m.shape.voxels();
  std::vector<float> shear(static_cast<std::size_t>(n)), e(std::size_t(9 * n));
  resolved_shear(P, E0, n, m.q.data(), shear.data());
  embed(embedding(cubic()), n, m.q.data(), e.data());
  const Surroundings out = surroundings(m.shape, m.boundaries, embedding(cubic()), P, E0, m.q.data(), m.phase.data(), 1, m.mask.data(), 1);
  const auto counts = [&](std::int64_t i) { return m.phase[std::size_t(i)] == 1 && m.mask[std::size_t(i)] != 0; };
  // The voxel at (x, y, z), -1 where there is none: beyond a face along x.
  const auto at = [&](int x, int y, int z) -> std::int64_t {
    if (x < 0 || x >= m.shape.nx) return -1;
    return ((z + 80) % m.shape.nz * std::int64_t(m.shape.ny) + (y + 60) % m.shape.ny) * m.shape.nx + x;
  };
  int judged = 0, contrasts = 0;
  for (int z = 0; z < m.shape.nz; ++z)
    for (int y = 0; y < m.shape.ny; ++y)
      for (int x = 0; x < m.shape.nx; ++x) {
        const std::size_t i = std::size_t(at(x, y, z));
        double all = 0, across = 0, contrast = 0, sum = 0, number = 0;
        for (int dz = -3; dz <= 3; ++dz)
          for (int dy = -2; dy <= 2; ++dy)  // 5 of the 6 voxels: never one twice
            for (int dx = -3; dx <= 3; ++dx) {
              const std::int64_t a = at(x + dx, y + dy, z + dz);
              if (a < 0 || !counts(a)) continue;
              sum += double(shear[std::size_t(a)]), number += 1;
              for (int k = 0; k < 27; ++k) {
                const std::int64_t b = at(x + dx + k % 3 - 1, y + dy + k / 3 % 3 - 1, z + dz + k / 9 - 1);
                if (k == 13 || b < 0 || !counts(b)) continue;
                double squared = 0, dot = 0, size = 0;
                for (int c = 0; c < 9; ++c) {
                  const double u = double(e[std::size_t(9 * a + c)]), v = double(e[std::size_t(9 * b + c)]);
                  squared += (u - v) * (u - v), dot += u * v, size += u * u;
                }
                all += 1;
                if (std::sqrt(squared) <= Surroundings::kBoundaryAngle) continue;
                across += 1, contrast += 1 - dot / size;
              }
            }
        if (!counts(std::int64_t(i))) {
          EXPECT_TRUE(std::isnan(out.boundary[i]) && std::isnan(out.contrast[i]) && std::isnan(out.resolved[i]));
          continue;
        }
        ++judged;
        EXPECT_NEAR(out.resolved[i], sum / number, 2e-6);
        if (all > 0) {
          EXPECT_NEAR(out.boundary[i], across / all, 1e-6);
        }
        if (across >= Surroundings::kPairs) {
          EXPECT_NEAR(out.contrast[i], contrast / across, 2e-5);
          ++contrasts;
        } else {
          EXPECT_TRUE(std::isnan(out.contrast[i]));
        }
      }
  EXPECT_GT(judged, 100);
  EXPECT_GT(contrasts, 50);
}

TEST(Surroundings, SameBitsForAnyThreadsAndPlace) {
  const Messy m;
  const auto P = slip_maps(named_phase("fcc")).P;
  const auto E0 = cell_load(tension(0.01)).E0;
  const Shape big{24, 30, 26};
  const auto grid = [&](int shift) {
    return grid_of(big, [&](int x, int y, int z) {
      const std::size_t i = std::size_t(((z + shift) % 26 % 8 * 6 + y % 6) * 9 + (x + shift) % 24 % 9);
      return std::array{m.q[4 * i], m.q[4 * i + 1], m.q[4 * i + 2], m.q[4 * i + 3]};
    });
  };
  const auto run = [&](const std::vector<float>& q, int threads) {
    return surroundings(big, {}, embedding(cubic()), P, E0, q.data(), nullptr, 0, nullptr, threads);
  };
  const auto q = grid(0), moved = grid(5);
  const Surroundings one = run(q, 1), many = run(q, 3), there = run(moved, 2);
  EXPECT_EQ(one.boundary, many.boundary);
  EXPECT_EQ(one.contrast, many.contrast);
  EXPECT_EQ(one.resolved, many.resolved);
  for (int z = 0; z < 26; ++z)
    for (int x = 0; x < 24; ++x) {
      const std::size_t to = std::size_t(z * 30 * 24 + x), from = std::size_t((z + 5) % 26 * 30 * 24 + (x + 5) % 24);
      EXPECT_EQ(there.boundary[to], one.boundary[from]);
      EXPECT_EQ(there.resolved[to], one.resolved[from]);
    }
}

}  // namespace
}  // namespace grainspin
