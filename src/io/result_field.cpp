#include "src/io/result_field.h"

#include <zlib.h>

#include <algorithm>
#include <cstring>

#include "src/parallel_for.h"

namespace grainspin {
namespace {

constexpr std::int64_t kChunk = std::int64_t(1) << 20;  // bytes, about

// The largest divisor of n that is not above `most` (at least 1).
int divisor(int n, std::int64_t most) {
  int best = 1;
  for (int d = 1; d <= n && d <= most; ++d)
    if (n % d == 0) best = d;
  return best;
}

// Bytes of equal significance together, as HDF5's shuffle filter lays them.
void shuffle(const std::uint8_t* from, std::size_t numbers, std::size_t bytes, std::uint8_t* to) {
  for (std::size_t b = 0; b < bytes; ++b)
    for (std::size_t i = 0; i < numbers; ++i) *to++ = from[i * bytes + b];
}

std::vector<hsize_t> shape_of(hsize_t states, Shape s, int width) {
  std::vector<hsize_t> shape{states, hsize_t(s.nz), hsize_t(s.ny), hsize_t(s.nx)};
  if (width > 1) shape.push_back(hsize_t(width));
  return shape;
}

h5::Layout layout_of(hsize_t states, Shape grid, const FieldKind& kind, const FieldLayout& layout) {
  h5::Layout out;
  out.shape = shape_of(states, grid, kind.width);
  const Shape chunk = chunk_of(grid, kind.voxel_bytes(), layout);
  if (chunk.voxels() > 0) out.chunk = shape_of(1, chunk, kind.width);
  out.compress = layout.compress;
  out.early = layout.early && !layout.compress;
  return out;
}

}  // namespace

Shape chunk_of(Shape grid, int voxel_bytes, const FieldLayout& layout) {
  const Shape tile{std::min(layout.tile.nx, grid.nx), std::min(layout.tile.ny, grid.ny), std::min(layout.tile.nz, grid.nz)};
  if (tile.voxels() == 0) {
    if (!layout.compress) return {};
    const std::int64_t row = std::int64_t(grid.nx) * voxel_bytes;
    const int rows = int(std::clamp<std::int64_t>(kChunk / row, 1, grid.ny));
    return {grid.nx, rows, rows == grid.ny ? int(std::clamp<std::int64_t>(kChunk / (row * grid.ny), 1, grid.nz)) : 1};
  }
  if (!layout.compress && tile.nx == grid.nx) return {};
  const std::int64_t row = std::int64_t(tile.nx) * voxel_bytes;
  const int rows = divisor(tile.ny, kChunk / row);
  return {tile.nx, rows, rows == tile.ny ? divisor(tile.nz, kChunk / (row * rows)) : 1};
}

ResultField::ResultField(h5::File& file, const std::string& name, const FieldKind& kind, Shape grid, hsize_t states,
                         const FieldLayout& layout)
    : data_(file.make_dataset(name, kind.file, layout_of(states, grid, kind, layout))),
      kind_(kind),
      grid_(grid),
      chunk_(chunk_of(grid, kind.voxel_bytes(), layout)),
      compress_(layout.compress),
      threads_(layout.threads) {}

ResultField::ResultField(const h5::File& file, const std::string& name, const FieldKind& kind, Shape grid, const FieldLayout& layout)
    : data_(file.dataset(name)),
      kind_(kind),
      grid_(grid),
      chunk_(chunk_of(grid, kind.voxel_bytes(), layout)),
      compress_(layout.compress),
      threads_(layout.threads) {
  const std::vector<hsize_t> wanted = chunk_.voxels() > 0 ? shape_of(1, chunk_, kind.width) : std::vector<hsize_t>{};
  require(data_.shape() == shape_of(data_.rows(), grid, kind.width) && data_.chunk() == wanted, Errc::kFormat,
          data_.where() + ": is not as this run would have made it");
}

std::vector<hsize_t> ResultField::corner(int state, std::array<int, 3> lo) const {
  std::vector<hsize_t> start{hsize_t(state), hsize_t(lo[2]), hsize_t(lo[1]), hsize_t(lo[0])};
  if (kind_.width > 1) start.push_back(0);
  return start;
}

void ResultField::convert(Source from, std::int64_t first, std::int64_t n, std::uint8_t* to) const {
  if (from.packing == Packing::kNone)
    std::memcpy(to, from.bytes + first * kind_.voxel_bytes(), std::size_t(n * kind_.voxel_bytes()));
  else
    pack_orientations(from.packing, n, reinterpret_cast<const float*>(from.bytes) + first * 4, to);
}

void ResultField::write(int state, std::array<int, 3> lo, Shape extent, const void* from, bool packed) {
  if (extent.voxels() == 0) return;
  const int cells[3] = {chunk_.nx, chunk_.ny, chunk_.nz}, size[3] = {extent.nx, extent.ny, extent.nz},
            all[3] = {grid_.nx, grid_.ny, grid_.nz};
  bool whole = chunk_.voxels() > 0;
  for (std::size_t a = 0; a < 3 && whole; ++a)
    whole = lo[a] % cells[a] == 0 && (size[a] % cells[a] == 0 || lo[a] + size[a] == all[a]);
  const Source source{static_cast<const std::uint8_t*>(from), packed ? Packing::kNone : kind_.packing};
  whole ? write_chunks(state, lo, extent, source) : write_slabs(state, lo, extent, source);
}

void ResultField::write_slabs(int state, std::array<int, 3> lo, Shape extent, Source from) {
  if (from.packing == Packing::kNone) {
    data_.write_as(kind_.memory, from.bytes, corner(state, lo), shape_of(1, extent, kind_.width));
    return;
  }
  const std::int64_t plane = std::int64_t(extent.nx) * extent.ny;
  const int layers = int(std::clamp<std::int64_t>(4 * kChunk / (plane * kind_.voxel_bytes()), 1, extent.nz));
  std::vector<std::uint8_t> packed;
  for (int z = 0; z < extent.nz; z += layers) {
    const Shape part{extent.nx, extent.ny, std::min(layers, extent.nz - z)};
    packed.resize(std::size_t(part.voxels() * kind_.voxel_bytes()));
    parallel_for(part.voxels(), threads_, 1 << 15, [&](std::int64_t begin, std::int64_t end) {
      convert(from, z * plane + begin, end - begin, packed.data() + begin * kind_.voxel_bytes());
    });
    data_.write_as(kind_.memory, packed.data(), corner(state, {lo[0], lo[1], lo[2] + z}), shape_of(1, part, kind_.width));
  }
}

void ResultField::write_chunks(int state, std::array<int, 3> lo, Shape extent, Source from) {
  std::vector<std::array<int, 3>> corners;  // in the box
  for (int z = 0; z < extent.nz; z += chunk_.nz)
    for (int y = 0; y < extent.ny; y += chunk_.ny)
      for (int x = 0; x < extent.nx; x += chunk_.nx) corners.push_back({x, y, z});
  const std::size_t bytes = std::size_t(chunk_.voxels() * kind_.voxel_bytes());
  const std::size_t batch = std::min(corners.size(), std::size_t(thread_count(threads_)));
  std::vector<std::vector<std::uint8_t>> ready(batch), shuffled(batch);
  std::vector<std::size_t> sizes(batch);
  const auto prepare = [&](std::size_t slot, const std::array<int, 3>& at) {
    std::vector<std::uint8_t>& to = ready[slot];
    const Shape part{std::min(chunk_.nx, extent.nx - at[0]), std::min(chunk_.ny, extent.ny - at[1]), std::min(chunk_.nz, extent.nz - at[2])};
    to.assign(bytes, 0);  // a chunk at the grid's end is whole in the file all the same
    for (int z = 0; z < part.nz; ++z)
      for (int y = 0; y < part.ny; ++y)
        convert(from, (std::int64_t(at[2] + z) * extent.ny + at[1] + y) * extent.nx + at[0], part.nx,
                to.data() + (std::int64_t(z) * chunk_.ny + y) * chunk_.nx * kind_.voxel_bytes());
    sizes[slot] = bytes;
    if (!compress_) return;
    shuffled[slot].resize(bytes);
    shuffle(to.data(), bytes / std::size_t(kind_.bytes), std::size_t(kind_.bytes), shuffled[slot].data());
    uLongf size = compressBound(uLong(bytes));
    to.resize(size);
    require(compress2(to.data(), &size, shuffled[slot].data(), uLong(bytes), 6) == Z_OK, Errc::kInternal,
            data_.where() + ": a chunk could not be compressed");
    sizes[slot] = size;
  };
  for (std::size_t first = 0; first < corners.size(); first += batch) {
    const std::size_t n = std::min(batch, corners.size() - first);
    parallel_for(std::int64_t(n), threads_, 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) prepare(std::size_t(i), corners[first + std::size_t(i)]);
    });
    for (std::size_t i = 0; i < n; ++i) {
      const std::array<int, 3>& at = corners[first + i];
      const std::array<int, 3> cell{lo[0] + at[0], lo[1] + at[1], lo[2] + at[2]};
      data_.write_chunk(ready[i].data(), sizes[i], corner(state, cell));
      if (compress_) written_.push_back({std::uint64_t(state), std::uint64_t(cell[0]), std::uint64_t(cell[1]), std::uint64_t(cell[2])});
    }
  }
}

std::vector<std::array<std::uint64_t, 6>> ResultField::places() {
  std::vector<std::array<std::uint64_t, 6>> out;
  for (const auto& w : written_) {
    const auto [at, size] = data_.chunk_place(corner(int(w[0]), {int(w[1]), int(w[2]), int(w[3])}));
    out.push_back({w[0], w[1], w[2], w[3], at, size});
  }
  written_.clear();
  return out;
}

void ResultField::take(const std::array<std::uint64_t, 6>& p, const void* bytes) {
  data_.write_chunk(bytes, std::size_t(p[5]), corner(int(p[0]), {int(p[1]), int(p[2]), int(p[3])}));
  written_.push_back({p[0], p[1], p[2], p[3]});
}

}  // namespace grainspin
