#include "grainspin/input.h"

#include <algorithm>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace grainspin {

InputSpec input_spec(const ModelSpec& spec) {
  InputSpec input;
  input.embedding = embedding(PointGroup::named(spec.point_group));
  const std::size_t size = std::size_t(input.embedding.size);
  require(spec.input_mean.size() == size && spec.input_scale.size() == size, Errc::kShape,
          "the normaliser has " + std::to_string(spec.input_mean.size()) + " and " +
              std::to_string(spec.input_scale.size()) + " numbers, the embedding of " + spec.point_group + " has " +
              std::to_string(size));
  std::copy(spec.input_mean.begin(), spec.input_mean.end(), input.mean);
  std::copy(spec.input_scale.begin(), spec.input_scale.end(), input.scale);
  return input;
}

namespace {

// Rows along x of the embedded field, the least recently used one replaced. Neighbouring centres ask for the
// same rows again, so each voxel is embedded about once a plane of centres instead of once a tap.
class EmbeddedRows {
 public:
  EmbeddedRows(const Neighbourhood& hood, const InputSpec& spec, const float* q)
      : shape_(hood.shape), spec_(spec), q_(q) {
    const int side = 2 * hood.radius + 1;
    slots_.resize(std::size_t(2 * side * side));
    for (auto& s : slots_) s.values.resize(std::size_t(shape_.nx) * std::size_t(spec.embedding.size));
  }
  // Row number z * ny + y, [nx, size]. Stays valid for as many calls as a cube has rows.
  const float* row(std::int64_t number) {
    Slot* oldest = &slots_[0];
    for (Slot& s : slots_) {
      if (s.number == number) {
        s.used = ++clock_;
        return s.values.data();
      }
      if (s.used < oldest->used) oldest = &s;
    }
    oldest->number = number;
    oldest->used = ++clock_;
    const float* q = q_ + number * shape_.nx * 4;
    float* e = oldest->values.data();
    embed(spec_.embedding, shape_.nx, q, e);  // the vectorised form; the bits are those of one voxel at a time
    const int size = spec_.embedding.size;
    for (int x = 0; x < shape_.nx; ++x, e += size)
      for (int c = 0; c < size; ++c) e[c] = (e[c] - spec_.mean[c]) / spec_.scale[c];
    return oldest->values.data();
  }

 private:
  struct Slot {
    std::int64_t number = -1, used = 0;
    std::vector<float> values;
  };
  Shape shape_;
  const InputSpec& spec_;
  const float* q_;
  std::vector<Slot> slots_;
  std::int64_t clock_ = 0;
};

// One voxel of a list: its neighbours are nobody else's, so each tap is embedded where it goes.
void embed_one(const Neighbourhood& hood, const InputSpec& spec, const float* q, std::int64_t v, float* patch) {
  const Shape s = hood.shape;
  const int x = int(v % s.nx), y = int(v / s.nx % s.ny), z = int(v / s.nx / s.ny);
  for (int k = 0; k < taps(hood.radius); ++k, patch += spec.embedding.size) {
    const float* p = q + 4 * tap(hood, x, y, z, k);
    embed_input(spec, Quat{p[0], p[1], p[2], p[3]}, patch);
  }
}

void embed_range(const Neighbourhood& hood, const InputSpec& spec, const float* q, std::int64_t n, std::int64_t first,
                 float* patches) {
  const Shape s = hood.shape;
  const int r = hood.radius, side = 2 * r + 1, size = spec.embedding.size;
  EmbeddedRows rows(hood, spec, q);
  std::vector<const float*> near(std::size_t(side * side));
  std::int64_t current = -1;
  for (std::int64_t v = first; v < first + n; ++v) {
    const int x = int(v % s.nx);
    const std::int64_t line = v / s.nx;
    const int y = int(line % s.ny), z = int(line / s.ny);
    if (line != std::exchange(current, line))
      for (int d = 0; d < side * side; ++d)
        near[std::size_t(d)] = rows.row(std::int64_t(fold(z + d / side - r, s.nz, hood.boundaries.z)) * s.ny +
                                        fold(y + d % side - r, s.ny, hood.boundaries.y));
    if (!hood.mask && x >= r && x + r < s.nx) {  // whole rows of the cube
      for (const float* row : near) patches = std::copy_n(row + (x - r) * size, side * size, patches);
      continue;
    }
    for (int k = 0; k < taps(r); ++k, patches += size) {
      const float* from = near[std::size_t(k / side)] + fold(x + k % side - r, s.nx, hood.boundaries.x) * size;
      if (hood.mask && !hood.mask[tap(s, hood.boundaries, x, y, z, r, k)])
        from = near[std::size_t(side * side / 2)] + x * size;
      std::copy_n(from, size, patches);
    }
  }
}

}  // namespace

void gather_embedded(const Neighbourhood& hood, const InputSpec& spec, const float* q, std::int64_t n,
                     const std::int64_t* centres, std::int64_t first, float* patches, int threads) {
  check(hood);
  require(n >= 0 && (centres || (first >= 0 && first + n <= hood.shape.voxels())), Errc::kShape,
          "the voxels asked for are not all in the grid");
  const std::int64_t size = std::int64_t(taps(hood.radius)) * spec.embedding.size;
  const std::int64_t parts = std::clamp<std::int64_t>(threads, 1, std::max<std::int64_t>(1, n / 1024));
  std::vector<std::jthread> workers;
  for (std::int64_t p = parts - 1; p >= 0; --p) {
    const std::int64_t lo = n * p / parts, hi = n * (p + 1) / parts;
    const auto part = [=, &hood, &spec] {
      if (!centres) return embed_range(hood, spec, q, hi - lo, first + lo, patches + lo * size);
      for (std::int64_t i = lo; i < hi; ++i) embed_one(hood, spec, q, centres[i], patches + i * size);
    };
    if (p) workers.emplace_back(part);
    else part();
  }
}

}  // namespace grainspin
