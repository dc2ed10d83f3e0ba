#include "grainspin/surroundings.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "grainspin/domain.h"
#include "parallel_for.h"

namespace grainspin {
namespace {

using Sums = std::vector<std::int64_t>;

// Several sums in one number. Resolved shears in units of 2^-20 above their count: a cube holds at most 343 of at most 2.
constexpr int kCountBits = 10;
constexpr double kShearUnit = 1 << 20;
// Contrasts in units of 2^-16 above the pairs across a boundary, and these above all pairs: at most 343 * 26 < 2^14 of each.
constexpr int kPairBits = 14;
constexpr double kContrastUnit = 1 << 16;

// Every value the sum over a window along one axis of [outer][n][inner].
void sum_along(Sums& values, std::int64_t outer, int n, std::int64_t inner, bool periodic, int threads) {
  const int radius = std::min(Surroundings::kWindow / 2, (n - 1) / 2);
  if (radius == 0) return;
  constexpr std::int64_t kLanes = 64;
  const std::int64_t blocks = (inner + kLanes - 1) / kLanes;
  parallel_for(outer * blocks, threads, std::max<std::int64_t>(1, (1 << 14) / (n * std::min(inner, kLanes))), [&](std::int64_t begin, std::int64_t end) {
    Sums line(std::size_t(n * kLanes));
    std::array<std::int64_t, kLanes> sum;
    for (std::int64_t block = begin; block < end; ++block) {
      const std::int64_t first = block % blocks * kLanes, lanes = std::min(kLanes, inner - first);
      std::int64_t* const at = values.data() + (block / blocks * n) * inner + first;
      for (int k = 0; k < n; ++k) std::copy_n(at + k * inner, lanes, line.data() + k * lanes);
      const auto add = [&](int k, int sign) {
        if (periodic) k = (k + n) % n;
        if (k < 0 || k >= n) return;
        for (std::int64_t i = 0; i < lanes; ++i) sum[std::size_t(i)] += sign * line[std::size_t(k * lanes + i)];
      };
      sum.fill(0);
      for (int k = -radius; k < radius; ++k) add(k, 1);
      for (int k = 0; k < n; ++k) {
        add(k + radius, 1);
        std::copy_n(sum.data(), lanes, at + k * inner);
        add(k - radius, -1);
      }
    }
  });
}

void sum_over_window(Sums& values, Shape s, Boundaries b, int threads) {
  sum_along(values, std::int64_t(s.ny) * s.nz, s.nx, 1, b.x == Boundary::kPeriodic, threads);
  sum_along(values, s.nz, s.ny, s.nx, b.y == Boundary::kPeriodic, threads);
  sum_along(values, 1, s.nz, std::int64_t(s.nx) * s.ny, b.z == Boundary::kPeriodic, threads);
}

// The neighbour's index along an axis, -1 beyond a face.
int neighbour(int i, int n, Boundary boundary) {
  if (boundary == Boundary::kClamped && (i < 0 || i >= n)) return -1;
  return (i + n) % n;
}

// A plane of embeddings [ny][C][1 + nx + 1], rows with the neighbours beyond their ends; not a number where a voxel does not
// count or is not there.
struct Plane {
  int z = std::numeric_limits<int>::min();
  std::vector<float> e;
};

// Pairs of the voxels of a row with those around them.
class RowPairs {
 public:
  RowPairs(Shape shape, Boundaries boundaries, int numbers, double squared_size)
      : shape_(shape), boundaries_(boundaries), numbers_(numbers), inverse_(float(1 / squared_size)),
        beyond_(float(0.5 * Surroundings::kBoundaryAngle * Surroundings::kBoundaryAngle / squared_size)),
        dot_(std::size_t(shape.nx)), all_(dot_.size()), across_(dot_.size()), contrast_(dot_.size()) {}

  // planes: below, own, above; null where there is none. Packed into sums[nx].
  void add(const std::array<const Plane*, 3>& planes, int y, std::int64_t* sums) {
    const std::int64_t width = shape_.nx + 2, row = width * numbers_;
    const float* const own = planes[1]->e.data() + y * row + 1;
    for (auto* v : {&all_, &across_, &contrast_}) std::ranges::fill(*v, 0);
    for (int dz = 0; dz < 3; ++dz)
      for (int dy = -1; dy <= 1; ++dy) {
        const int yy = neighbour(y + dy, shape_.ny, boundaries_.y);
        if (yy < 0 || !planes[std::size_t(dz)]) continue;
        for (int dx = -1; dx <= 1; ++dx)
          if (dz != 1 || dy != 0 || dx != 0) pair(own, planes[std::size_t(dz)]->e.data() + yy * row + 1 + dx);
      }
    for (std::size_t i = 0; i < dot_.size(); ++i)
      sums[i] = (std::int64_t(contrast_[i]) << (2 * kPairBits)) + (std::int64_t(across_[i]) << kPairBits) + all_[i];
  }

 private:
  void pair(const float* e, const float* o) {
    const int width = shape_.nx + 2, nx = shape_.nx;
    std::ranges::fill(dot_, 0.0f);
    for (int c = 0; c < numbers_; ++c, e += width, o += width)
      for (int i = 0; i < nx; ++i) dot_[std::size_t(i)] += e[i] * o[i];
    for (std::size_t i = 0; i < dot_.size(); ++i) {
      const float apart = 1 - dot_[i] * inverse_;  // half the squared distance over the squared size
      const bool far = apart > beyond_;            // false for what is not a number
      all_[i] += apart == apart;
      across_[i] += far;
      contrast_[i] += far ? std::int32_t(std::min(apart, 2.0f) * float(kContrastUnit)) : 0;
    }
  }

  Shape shape_;
  Boundaries boundaries_;
  int numbers_;
  float inverse_, beyond_;
  std::vector<float> dot_;
  std::vector<std::int32_t> all_, across_, contrast_;
};

}  // namespace

Surroundings surroundings(Shape shape, Boundaries boundaries, const EmbeddingSpec& embedding,
                          std::span<const std::array<double, 5>> P, const std::array<double, 5>& E0, const float* q,
                          const std::int32_t* phase, std::int32_t which, const std::uint8_t* mask, int threads) {
  const std::int64_t n = shape.voxels(), layer = std::int64_t(shape.nx) * shape.ny;
  const int C = embedding.size;
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  const auto counts = [&](std::int64_t i) { return (!phase || phase[i] == which) && (!mask || mask[i] != 0); };
  Surroundings out;
  for (auto* field : {&out.resolved, &out.boundary, &out.contrast}) field->assign(std::size_t(n), nan);

  float one[EmbeddingSpec::kMaxSize];  // all embeddings of a group have one size
  embed(embedding, Quat{1, 0, 0, 0}, one);
  double squared_size = 0;
  for (int c = 0; c < C; ++c) squared_size += double(one[c]) * one[c];

  Sums sums(static_cast<std::size_t>(n));
  parallel_for(shape.nz, threads, std::max<std::int64_t>(1, (1 << 12) / layer), [&](std::int64_t begin, std::int64_t end) {
    const int nx = shape.nx, width = nx + 2;
    std::vector<float> row(std::size_t(nx) * std::size_t(C));
    std::array<Plane, 3> planes;
    const auto plane = [&](int z) -> const Plane* {
      const int zz = neighbour(z, shape.nz, boundaries.z);
      if (zz < 0) return nullptr;
      Plane& p = planes[std::size_t((z + 3) % 3)];  // three that follow each other have a place each
      if (p.z == z) return &p;
      p.z = z;
      p.e.assign(std::size_t(shape.ny) * std::size_t(C) * std::size_t(width), nan);
      for (int y = 0; y < shape.ny; ++y) {
        const std::int64_t first = zz * layer + std::int64_t(y) * nx;
        float* const to = p.e.data() + std::int64_t(y) * C * width;
        embed(embedding, nx, q + 4 * first, row.data());
        for (int x = 0; x < nx; ++x)
          for (int c = 0; c < C && counts(first + x); ++c) to[c * width + 1 + x] = row[std::size_t(x * C + c)];
        for (int c = 0; c < C && boundaries.x == Boundary::kPeriodic; ++c) {
          to[c * width] = to[c * width + nx];
          to[c * width + nx + 1] = to[c * width + 1];
        }
      }
      return &p;
    };
    RowPairs pairs(shape, boundaries, C, squared_size);
    for (int z = int(begin); z < int(end); ++z) {
      const std::array<const Plane*, 3> three{plane(z - 1), plane(z), plane(z + 1)};
      for (int y = 0; y < shape.ny; ++y) pairs.add(three, y, &sums[std::size_t(z * layer + std::int64_t(y) * nx)]);
    }
  });
  sum_over_window(sums, shape, boundaries, threads);
  for (std::int64_t i = 0; i < n; ++i) {
    constexpr std::int64_t kBits = (1 << kPairBits) - 1;
    const std::int64_t sum = sums[std::size_t(i)];
    const double all = double(sum & kBits), across = double((sum >> kPairBits) & kBits);
    if (!counts(i) || all == 0) continue;
    out.boundary[std::size_t(i)] = float(across / all);
    if (across >= Surroundings::kPairs) out.contrast[std::size_t(i)] = float(double(sum >> (2 * kPairBits)) / kContrastUnit / across);
  }

  if (P.empty() || std::ranges::all_of(E0, [](double e) { return e == 0; })) return out;
  resolved_shear(P, E0, n, q, out.resolved.data());
  for (std::int64_t i = 0; i < n; ++i) {
    const float shear = out.resolved[std::size_t(i)];
    sums[std::size_t(i)] = counts(i) && std::isfinite(shear) ? (std::int64_t(double(shear) * kShearUnit) << kCountBits) + 1 : 0;
  }
  sum_over_window(sums, shape, boundaries, threads);
  for (std::int64_t i = 0; i < n; ++i) {
    const std::int64_t count = sums[std::size_t(i)] & ((1 << kCountBits) - 1);
    out.resolved[std::size_t(i)] =
        counts(i) && count > 0 ? float(double(sums[std::size_t(i)] >> kCountBits) / kShearUnit / double(count)) : nan;
  }
  return out;
}

}  // namespace grainspin
