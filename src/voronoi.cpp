#include "grainspin/voronoi.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>
#include <random>

#include "grainspin/core.h"

namespace grainspin {
namespace {

// Own distributions on a standard generator: those of the library differ between implementations.
class Random {
 public:
  explicit Random(std::uint64_t seed) : bits_(seed) {}
  double uniform() { return double(bits_() >> 11) * 0x1p-53; }  // [0, 1)
  double normal() {                                             // Box & Muller 1958
    const double radius = std::sqrt(-2 * std::log(1 - uniform()));
    return radius * std::cos(2 * std::numbers::pi * uniform());
  }
  Quatd rotation() {  // Shoemake 1992
    const double u = uniform(), a = 2 * std::numbers::pi * uniform(), b = 2 * std::numbers::pi * uniform();
    const double s = std::sqrt(1 - u), t = std::sqrt(u);
    return {t * std::cos(b), s * std::sin(a), s * std::cos(a), t * std::sin(b)};
  }

 private:
  std::mt19937_64 bits_;
};

Vec3<double> unit(const std::array<double, 3>& v, const char* what) {
  const double n = std::hypot(v[0], v[1], v[2]);
  require(std::isfinite(n) && n > 0, Errc::kArgument, std::string(what) + " has no direction");
  return {v[0] / n, v[1] / n, v[2] / n};
}

// The shortest rotation from a to b.
Quatd between(const Vec3<double>& a, const Vec3<double>& b) {
  const double cosine = a.x * b.x + a.y * b.y + a.z * b.z;
  if (cosine < -1 + 1e-12) {  // half a turn about any axis across a
    const Vec3<double> across = std::abs(a.x) < 0.9 ? Vec3<double>{0, -a.z, a.y} : Vec3<double>{-a.y, a.x, 0};
    return normalised(Quatd{0, across.x, across.y, across.z});
  }
  return normalised(Quatd{1 + cosine, a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x});
}

}  // namespace

std::vector<Quatd> draw_texture(const Texture& texture, std::int64_t count, std::uint64_t seed) {
  require(std::isfinite(texture.spread) && texture.spread >= 0, Errc::kArgument,
          "the spread of a texture is negative");
  const Vec3<double> crystal = unit(texture.crystal, "the crystal direction of a fibre");
  const Vec3<double> sample = unit(texture.sample, "the sample direction of a fibre");
  const Quatd aligned = between(crystal, sample);
  Random random(seed ^ 0x9e3779b97f4a7c15);  // another stream than the seeds' places
  std::vector<Quatd> all;
  for (std::int64_t i = 0; i < count; ++i) {
    Quatd q;
    if (texture.kind == TextureKind::kRandom) q = random.rotation();
    if (texture.kind == TextureKind::kFibre) {
      const double angle = 2 * std::numbers::pi * random.uniform();
      q = exp(Vec3<double>{angle * sample.x, angle * sample.y, angle * sample.z}) * aligned;
    }
    if (texture.spread > 0) {
      const double x = random.normal(), y = random.normal(), z = random.normal();
      q = exp(Vec3<double>{texture.spread * x, texture.spread * y, texture.spread * z}) * q;
    }
    all.push_back(normalised(q));
  }
  return all;
}

Voronoi::Voronoi(Shape shape, int grains, std::uint64_t seed) : shape_(shape) {
  require(shape.nx >= 1 && shape.ny >= 1 && shape.nz >= 1, Errc::kArgument, "the grid has no voxels");
  require(grains >= 1 && grains <= shape.voxels(), Errc::kArgument,
          std::to_string(grains) + " grains: wanted 1 to " + std::to_string(shape.voxels()) +
              ", the number of voxels");
  Random random(seed);
  const double n[3] = {double(shape.nx), double(shape.ny), double(shape.nz)};
  std::vector<std::array<double, 3>> seeds;
  for (int i = 0; i < grains; ++i) {
    const double x = n[0] * random.uniform(), y = n[1] * random.uniform(), z = n[2] * random.uniform();
    seeds.push_back({x, y, z});
  }
  // About two seeds a bin.
  const double edge = std::cbrt(2 * n[0] * n[1] * n[2] / grains);
  for (int a = 0; a < 3; ++a) bins_[a] = std::max(1, int(n[a] / edge));
  const auto bin = [&](const std::array<double, 3>& s) {
    return (bin_of(2, s[2]) * bins_[1] + bin_of(1, s[1])) * bins_[0] + bin_of(0, s[0]);
  };
  std::stable_sort(seeds.begin(), seeds.end(), [&](const auto& a, const auto& b) { return bin(a) < bin(b); });
  seeds_ = std::move(seeds);
  first_.assign(std::size_t(bins_[0]) * bins_[1] * bins_[2] + 1, 0);
  for (const auto& s : seeds_) ++first_[std::size_t(bin(s)) + 1];
  std::partial_sum(first_.begin(), first_.end(), first_.begin());

  id_.resize(seeds_.size());
  std::iota(id_.begin(), id_.end(), 0);
  std::vector<std::int64_t> owned(seeds_.size(), 0);
  std::vector<std::int32_t> row(std::size_t(shape.nx));
  for (std::int64_t at = 0; at < shape.voxels(); at += shape.nx) {
    grain(at, shape.nx, row.data());
    for (std::int32_t g : row) ++owned[std::size_t(g)];
  }
  for (std::size_t s = 0; s < seeds_.size(); ++s) {
    id_[s] = owned[s] > 0 ? std::int32_t(voxels_.size()) : -1;
    if (owned[s] > 0) voxels_.push_back(owned[s]);
  }
}

int Voronoi::bin_of(int axis, double at) const {
  const int n = axis == 0 ? shape_.nx : axis == 1 ? shape_.ny : shape_.nz;
  return std::min(bins_[axis] - 1, int(at / n * bins_[axis]));
}

// The seed nearest to a point; `guess` is any seed, a near one saves work. Ties: the lower place.
int Voronoi::nearest(double x, double y, double z, int guess) const {
  const double n[3] = {double(shape_.nx), double(shape_.ny), double(shape_.nz)}, p[3] = {x, y, z};
  const auto distance2 = [&](int s) {
    double sum = 0;
    for (int a = 0; a < 3; ++a) {
      const double d = std::abs(p[a] - seeds_[s][a]), image = std::min(d, n[a] - d);
      sum += image * image;
    }
    return sum;
  };
  int best = guess;
  double best2 = distance2(guess);
  // All bins that the sphere through the guess touches; whole axes where it closes on itself.
  const double radius = std::sqrt(best2);
  int lo[3], count[3];
  for (int a = 0; a < 3; ++a) {
    const double margin = radius + 1e-9 * n[a], per = bins_[a] / n[a];  // the margin is for rounding
    const int low = int(std::floor((p[a] - margin) * per)), high = int(std::floor((p[a] + margin) * per));
    count[a] = std::min(bins_[a], high - low + 1);
    lo[a] = (low % bins_[a] + bins_[a]) % bins_[a];
  }
  for (int k = 0, bz = lo[2]; k < count[2]; ++k, bz = bz + 1 < bins_[2] ? bz + 1 : 0)
    for (int j = 0, by = lo[1]; j < count[1]; ++j, by = by + 1 < bins_[1] ? by + 1 : 0)
      for (int i = 0, bx = lo[0]; i < count[0]; ++i, bx = bx + 1 < bins_[0] ? bx + 1 : 0) {
        const int bin = (bz * bins_[1] + by) * bins_[0] + bx;
        for (int s = first_[bin]; s < first_[bin + 1]; ++s) {
          const double d2 = distance2(s);
          if (d2 < best2 || (d2 == best2 && s < best)) {
            best2 = d2;
            best = s;
          }
        }
      }
  return best;
}

void Voronoi::grain(std::int64_t begin, std::int64_t count, std::int32_t* grain) const {
  int guess = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t v = begin + i;
    const int x = int(v % shape_.nx), y = int(v / shape_.nx % shape_.ny), z = int(v / shape_.nx / shape_.ny);
    guess = nearest(x + 0.5, y + 0.5, z + 0.5, guess);
    grain[i] = id_[std::size_t(guess)];
  }
}

}  // namespace grainspin
