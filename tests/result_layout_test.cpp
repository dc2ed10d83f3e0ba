// How a result file holds its fields: chunks of tiles, compression past HDF5's own filters (which read it back), packed
// orientations, loads where states were left out, and files that another program goes on with.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <random>

#include "dadf5_files.h"
#include "draw.h"
#include "grainspin/archive.h"
#include "src/io/result_field.h"

namespace grainspin {
namespace {

constexpr Shape kGrid{10, 7, 9};
constexpr int kStates = 3;

ArchiveInfo info_of(Shape shape, int states) {
  ArchiveInfo info;
  info.shape = shape;
  info.size = {1, 1, 1};
  info.phases.resize(1);
  info.phases[0].point_group = "432";
  for (int k = 0; k < states; ++k) {
    StepInfo step;
    step.name = "increment_" + std::to_string(k);
    step.strain = 0.01 * k;
    info.steps.push_back(step);
  }
  return info;
}

std::vector<float> field(int state, int width) {
  std::mt19937 random(unsigned(100 * state + width));
  std::normal_distribution<float> normal;
  std::vector<float> f(std::size_t(kGrid.voxels() * width));
  for (float& x : f) x = normal(random);
  return f;
}

// The box of a field over kGrid.
template <class T>
std::vector<T> box_of(const std::vector<T>& all, std::array<int, 3> lo, Shape e, int width) {
  std::vector<T> box;
  for (int z = 0; z < e.nz; ++z)
    for (int y = 0; y < e.ny; ++y) {
      const auto from = all.begin() + (((lo[2] + z) * kGrid.ny + lo[1] + y) * kGrid.nx + lo[0]) * width;
      box.insert(box.end(), from, from + e.nx * width);
    }
  return box;
}

struct Tile {
  std::array<int, 3> lo;
  Shape extent;
};
std::vector<Tile> tiles_of(Shape tile) {
  std::vector<Tile> all;
  for (int z = 0; z < kGrid.nz; z += tile.nz)
    for (int y = 0; y < kGrid.ny; y += tile.ny)
      for (int x = 0; x < kGrid.nx; x += tile.nx)
        all.push_back({{x, y, z}, {std::min(tile.nx, kGrid.nx - x), std::min(tile.ny, kGrid.ny - y), std::min(tile.nz, kGrid.nz - z)}});
  return all;
}

void write_tile(ArchiveWriter& out, const Tile& t) {
  for (int k = 0; k < kStates; ++k) {
    out.orientation(k, t.lo, t.extent, box_of(field(k, 4), t.lo, t.extent, 4).data());
    out.stress(k, t.lo, t.extent, box_of(field(k, 6), t.lo, t.extent, 6).data());
  }
}

std::string bytes_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void expect_whole(const std::string& path) {
  const auto reader = open_archive(path);
  const std::int64_t n = kGrid.voxels();
  std::vector<float> q(std::size_t(n * 4)), s(std::size_t(n * 6));
  for (int k = 0; k < kStates; ++k) {
    reader->orientation(k, 0, n, q.data());
    EXPECT_EQ(q, field(k, 4));
    reader->stress(k, 0, n, s.data());
    EXPECT_EQ(s, field(k, 6));
    std::vector<float> part(17 * 4);
    reader->orientation(k, 233, 17, part.data());  // across rows, planes and chunks
    EXPECT_TRUE(std::equal(part.begin(), part.end(), field(k, 4).begin() + 233 * 4));
  }
}

TEST(ResultLayout, TilesComeBackWhateverTheirShape) {
  Folder folder;
  for (const bool compress : {false, true})
    for (const int threads : {1, 3})
      for (const Shape tile : {Shape{5, 7, 3}, Shape{4, 3, 2}, Shape{10, 7, 4}, Shape{10, 2, 9}, Shape{10, 7, 9}, Shape{3, 7, 9}}) {
        WriteOptions options;
        options.stress = true;
        options.compress = compress;
        options.tile = tile;
        options.threads = threads;
        const auto out = create_archive(folder / "x.h5", info_of(kGrid, kStates), options);
        std::vector<Tile> tiles = tiles_of(tile);
        std::ranges::shuffle(tiles, std::mt19937(3));
        for (const Tile& t : tiles) write_tile(*out, t);
        out->finish();
        expect_whole(folder / "x.h5");
      }
}

// Boxes that are no tiles are written all the same, and whole rows of cells after them.
TEST(ResultLayout, OtherBoxesThanTilesComeBackToo) {
  Folder folder;
  WriteOptions options;
  options.stress = true;
  options.compress = true;
  options.tile = {5, 7, 3};
  const auto out = create_archive(folder / "x.h5", info_of(kGrid, kStates), options);
  for (const Tile& t : tiles_of({4, 4, 4})) write_tile(*out, t);
  for (const Tile& t : tiles_of({5, 7, 3})) write_tile(*out, t);
  for (const Tile& t : tiles_of({10, 7, 1})) write_tile(*out, t);
  out->finish();
  expect_whole(folder / "x.h5");
}

// Contiguous where tiles have whole rows; else chunks of about 1 MB, of which a tile is made up.
TEST(ResultLayout, ChunksMatchTiles) {
  EXPECT_EQ(chunk_of({256, 256, 256}, 16, {.tile = {256, 128, 16}}), Shape{});
  EXPECT_EQ(chunk_of({256, 256, 256}, 16, {}), Shape{});
  EXPECT_EQ(chunk_of({256, 256, 256}, 16, {.tile = {128, 128, 32}}), (Shape{128, 128, 4}));
  EXPECT_EQ(chunk_of({256, 256, 256}, 16, {.tile = {256, 256, 8}, .compress = true}), (Shape{256, 256, 1}));
  EXPECT_EQ(chunk_of({64, 64, 64}, 16, {.tile = {64, 64, 64}, .compress = true}), (Shape{64, 64, 16}));
  for (const Shape tile : {Shape{86, 86, 43}, Shape{127, 97, 31}, Shape{300, 300, 7}, Shape{40, 500, 500}, Shape{1, 1, 1}})
    for (const int bytes : {4, 8, 16, 24}) {
      const Shape chunk = chunk_of({512, 512, 512}, bytes, {.tile = tile});
      EXPECT_TRUE(tile.nx % chunk.nx == 0 && tile.ny % chunk.ny == 0 && tile.nz % chunk.nz == 0);
      EXPECT_LE(chunk.voxels() * bytes, std::int64_t(1) << 20);
    }
  // A tile that is larger than the grid is the grid.
  EXPECT_EQ(chunk_of({8, 8, 8}, 16, {.tile = {100, 100, 100}, .compress = true}), (Shape{8, 8, 8}));
}

// The bound is that of packed.h: 2 sqrt3 d with the step d; float's own rounding beside.
TEST(ResultLayout, PackedOrientationsKeepToTheirBound) {
  Folder folder;
  const std::int64_t n = kGrid.voxels();
  const auto q = testing::random_orientations(int(n), 4);
  for (const Packing packing : {Packing::k32, Packing::k48, Packing::k64})
    for (const bool compress : {false, true})
      for (const Shape tile : {Shape{}, Shape{5, 7, 3}, kGrid}) {
        WriteOptions options;
        options.packing = packing;
        options.compress = compress;
        options.tile = tile;
        options.threads = 2;
        const std::string path = folder / "packed.h5";
        const auto out = create_archive(path, info_of(kGrid, 1), options);
        for (const Tile& t : tiles_of(tile.voxels() > 0 ? tile : kGrid)) out->orientation(0, t.lo, t.extent, box_of(q, t.lo, t.extent, 4).data());
        out->finish();
        const auto reader = open_archive(path);
        EXPECT_EQ(int(reader->info().packing), int(packing));
        EXPECT_TRUE(reader->info().has_orientation);
        EXPECT_EQ(reader->info().format, "grainspin result 2");
        std::vector<float> back(q.size());
        reader->orientation(0, 0, 100, back.data());
        reader->orientation(0, 100, n - 100, back.data() + 400);
        double most = 0;
        for (std::int64_t i = 0; i < n; ++i) {
          double dot = 0;
          for (int c = 0; c < 4; ++c) dot += double(q[std::size_t(4 * i + c)]) * back[std::size_t(4 * i + c)];
          double square = 0;  // |q - +-back|^2 = 4 sin^2(angle / 4), where acos would round
          for (int c = 0; c < 4; ++c) {
            const double d = q[std::size_t(4 * i + c)] - (dot < 0 ? -1.0 : 1.0) * back[std::size_t(4 * i + c)];
            square += d * d;
          }
          most = std::max(most, 4 * std::asin(std::sqrt(square) / 2));
        }
        const double bound = 2 * std::sqrt(3.0) * std::sqrt(2.0) / (std::pow(2, component_bits(packing)) - 1);
        EXPECT_LT(most, bound + 5e-7);
        EXPECT_GT(most, bound / 4);
        const h5::File file = h5::File::open(path);
        EXPECT_FALSE(file.exists("VTKHDF/CellData/orientation"));
        EXPECT_EQ(file.dataset("grainspin/packed/orientation").shape().back(), hsize_t(packed_bytes(packing)));
      }
}

TEST(ResultLayout, LoadsOfStatesThatWereLeftOut) {
  Folder folder;
  ArchiveInfo info = info_of(kGrid, 3);
  for (int k = 0; k < 7; ++k) {
    LoadStep load;
    load.L[8] = 0.01 * (k + 1);
    load.prescribed[8] = k % 2 == 0;
    info.all_loads.push_back(load);
  }
  info.steps[1].after = 2;
  info.steps[2].after = 7;
  const std::string path = folder / "some.h5";
  const auto out = create_archive(path, info, {});
  LoadStep predicted;
  predicted.L[0] = -0.5;
  out->load(7, predicted);
  EXPECT_THROW(out->load(8, predicted), Error);
  for (int k = 0; k < 3; ++k) out->orientation(k, 0, kGrid.voxels(), field(k, 4).data());
  out->finish();
  const auto reader = open_archive(path);
  const ArchiveInfo& got = reader->info();
  EXPECT_TRUE(got.loads.empty());
  ASSERT_EQ(got.all_loads.size(), 7u);
  for (std::size_t k = 0; k < 6; ++k) EXPECT_EQ(got.all_loads[k].L, info.all_loads[k].L);
  EXPECT_EQ(got.all_loads[6].L, predicted.L);
  EXPECT_EQ(got.all_loads[1].prescribed, info.all_loads[1].prescribed);
  EXPECT_EQ(got.steps[0].after, 0);
  EXPECT_EQ(got.steps[1].after, 2);
  EXPECT_EQ(got.steps[2].after, 7);
  info.steps[2].after = 1;  // before its predecessor
  EXPECT_THROW(create_archive(path, info, {}), Error);
  info.steps[2].after = 8;
  EXPECT_THROW(create_archive(path, info, {}), Error);
}

// A file is left after some tiles, as a killed program leaves it, with rubbish of a tile that was being written; another
// program goes on with it. The result holds what one that was written in one go holds; plain files are its very bytes.
TEST(ResultLayout, AnotherProgramGoesOnWithAFile) {
  Folder folder;
  const std::string path = folder / "x.h5", part = path + ".partial", other = path + ".partial-2";
  for (const bool compress : {false, true})
    for (const Shape tile : {Shape{5, 7, 3}, Shape{10, 7, 2}}) {
      const std::vector<Tile> tiles = tiles_of(tile);
      WriteOptions options;
      options.stress = true;
      options.compress = compress;
      options.tile = tile;
      options.partial = part;
      options.later = {"domain"};
      std::vector<std::string> taken;
      {
        const auto out = create_archive(path, info_of(kGrid, kStates), options);
        for (std::size_t i = 0; i < 2; ++i) {
          write_tile(*out, tiles[i]);
          taken.push_back(out->flush());
        }
        const std::vector<float> rubbish(std::size_t(tiles[2].extent.voxels() * 6), 77);
        out->orientation(1, tiles[2].lo, tiles[2].extent, rubbish.data());
        out->stress(2, tiles[2].lo, tiles[2].extent, rubbish.data());
      }
      EXPECT_TRUE(std::filesystem::exists(part));
      WriteOptions resumed = options;
      resumed.resumed = part;
      resumed.taken = taken;
      resumed.partial = compress ? other : part;
      {
        const auto out = create_archive(path, info_of(kGrid, kStates), resumed);
        std::vector<std::string> again{out->flush()};  // and stopped a second time
        write_tile(*out, tiles[2]);
        again.push_back(out->flush());
        if (compress) taken = again; else taken.push_back(again[1]);
      }
      resumed.taken = taken;
      resumed.resumed = resumed.partial;
      resumed.partial = part;
      const auto out = create_archive(path, info_of(kGrid, kStates), resumed);
      EXPECT_THROW(out->finish(), Error);  // tiles are missing
      for (std::size_t i = 3; i < tiles.size(); ++i) write_tile(*out, tiles[i]);
      out->remark("domain", "inside");
      out->finish();
      expect_whole(path);
      EXPECT_EQ(h5::File::open(path).string("grainspin", "domain"), "inside");
      const std::string bytes = bytes_of(path);
      const auto once = create_archive(path, info_of(kGrid, kStates), options);
      for (const Tile& t : tiles) write_tile(*once, t);
      once->remark("domain", "inside");
      once->finish();
      if (!compress) {
        EXPECT_TRUE(bytes == bytes_of(path));
      }
      std::filesystem::remove(other);
    }
}

TEST(ResultLayout, FilesThatCannotBeGoneOnWith) {
  Folder folder;
  const std::string path = folder / "x.h5", part = path + ".partial";
  WriteOptions options;
  options.stress = true;
  options.tile = {5, 7, 3};
  options.partial = part;
  { create_archive(path, info_of(kGrid, kStates), options); }
  options.resumed = part;
  WriteOptions other = options;
  other.tile = {2, 7, 3};
  EXPECT_THROW(create_archive(path, info_of(kGrid, kStates), other), Error);
  EXPECT_THROW(create_archive(path, info_of(kGrid, 2), options), Error);
  other = options;
  other.packing = Packing::k32;
  EXPECT_THROW(create_archive(path, info_of(kGrid, kStates), other), Error);
  other = options;
  other.taken = {"{\"voxels\": [1"};
  EXPECT_THROW(create_archive(path, info_of(kGrid, kStates), other), Error);
  EXPECT_TRUE(std::filesystem::exists(part));  // none of this takes the file away
  std::filesystem::resize_file(part, 300);
  EXPECT_THROW(create_archive(path, info_of(kGrid, kStates), options), Error);
}

}  // namespace
}  // namespace grainspin
