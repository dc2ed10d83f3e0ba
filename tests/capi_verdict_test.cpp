// The verdict through the C interface is the one that `grainspin predict --verdict` writes, of every voxel, every step and the run: in
// one call, step by step, after revert and after restore, from arrays of either precision.
#include <algorithm>
#include <cstdlib>

#include "capi_run.h"
#include "src/io/hdf5.h"

namespace grainspin {
namespace {

using namespace testing;

const std::string kCopper = kPretrained + "cu.safetensors";
constexpr const char* kTwo = "uniaxial:z:0.02:0.01";

void program(const std::string& arguments) {
  std::string command = "'" GRAINSPIN_PROGRAM "' ";
  command.append(arguments).append(" --quiet >/dev/null 2>&1");
  EXPECT_EQ(std::system(command.c_str()), 0) << command;
}

std::string made(const Folder& folder, int grains, const std::string& cells = "16 16 16") {
  const std::string path = folder / ("made " + std::to_string(grains) + ".h5");
  program("make voronoi -o '" + path + "' --cells " + cells + " --grains " + std::to_string(grains));
  return path;
}

// What the program says of an archive's grid.
struct Predicted {
  grainspin_state_options options;
  std::int64_t n = 0;
  std::vector<float> q0;
  std::vector<std::int32_t> grain;
  std::vector<std::vector<std::uint8_t>> verdicts;  // by step, 1 first
  std::string verdict;                              // of the run

  Predicted(const std::string& model, const std::string& input, const Folder& folder, const std::string& more) {
    const std::string out = folder / "predicted.h5";
    program("predict '" + model + "' '" + input + "' -o '" + out + "' --verdict --device cpu " + more);
    const auto reader = open_archive(input);
    const ArchiveInfo& info = reader->info();
    options = options_of(info.shape.nx, info.shape.ny, info.shape.nz);
    n = info.shape.voxels();
    for (int a = 0; a < 3; ++a) options.spacing[a] = info.size[std::size_t(a)] / double(options.extent[a]);
    q0.resize(std::size_t(n) * 4);
    reader->orientation(0, 0, n, q0.data());
    grain.resize(std::size_t(n));
    reader->grain(0, n, grain.data());
    const h5::File file = h5::File::open(out);
    verdict = file.string("grainspin", "verdict");
    const h5::Dataset all = file.dataset("VTKHDF/CellData/verdict");
    for (hsize_t t = 1; t < all.shape()[0]; ++t) {
      verdicts.emplace_back(std::size_t(n));
      all.read(verdicts.back().data(), {t, 0, 0, 0}, {1, hsize_t(info.shape.nz), hsize_t(info.shape.ny), hsize_t(info.shape.nx)});
    }
  }
  std::int64_t steps() const { return std::int64_t(verdicts.size()); }
  int worst() const { return verdict == "fine" ? GRAINSPIN_FINE : verdict == "doubtful" ? GRAINSPIN_DOUBTFUL : GRAINSPIN_OUTSIDE; }
  std::int64_t count(int which) const {
    std::int64_t sum = 0;
    for (const auto& step : verdicts) sum += std::ranges::count(step, which);
    return sum;
  }
};

std::vector<std::uint8_t> verdicts_of(const StateHandle& s, std::int64_t n) {
  std::vector<std::uint8_t> v(std::size_t(n), 9);
  const grainspin_array out = array_of(v);
  EXPECT_OK(grainspin_get_verdicts(s.get(), &out));
  return v;
}

std::vector<grainspin_load> loads_of(const ModelHandle& model, const char* text) {
  std::int64_t count = 0;
  if (!text) return {};
  EXPECT_OK(grainspin_named_loads(model.get(), text, 0, nullptr, &count));
  std::vector<grainspin_load> loads(std::size_t(count), grainspin_load{});
  EXPECT_OK(grainspin_named_loads(model.get(), text, count, loads.data(), &count));
  return loads;
}

// `load`: null for the model's own.
void expect_the_programs(const std::string& path, Predicted& p, const char* load, const grainspin_array* mask = nullptr) {
  const ModelHandle model = testing::load(path, 2);
  const auto loads = loads_of(model, load);
  const auto of_step = [&](std::int64_t t) { return loads.empty() ? nullptr : &loads[std::size_t(t)]; };
  std::vector<double> doubles(p.q0.begin(), p.q0.end());
  const grainspin_array q = array_of(doubles);
  grainspin_state_options o = p.options;
  o.orientation = &q;
  o.mask = mask;
  grainspin_state* raw = nullptr;
  ASSERT_OK(grainspin_state_create(model.get(), &o, &raw));
  StateHandle s(raw);
  const auto step = [&](std::int64_t t) {
    grainspin_verdict told{};
    told.size = sizeof told;
    ASSERT_OK(grainspin_advance(s.get(), 1, of_step(t), nullptr, &told));
    const auto& want = p.verdicts[std::size_t(t)];
    EXPECT_EQ(told.voxels_doubtful, std::ranges::count(want, 1)) << "step " << t + 1;
    EXPECT_EQ(told.voxels_outside, std::ranges::count(want, 2)) << "step " << t + 1;
    EXPECT_LE(told.verdict, p.worst());
    ASSERT_TRUE(verdicts_of(s, p.n) == want) << "step " << t + 1;
  };
  step(0);
  ASSERT_OK(grainspin_accept(s.get()));
  step(1);
  ASSERT_OK(grainspin_revert(s.get()));
  step(1);
  const std::vector<char> bytes = saved(s);
  ASSERT_OK(grainspin_state_restore_memory(model.get(), bytes.data(), std::int64_t(bytes.size()), nullptr, &raw));
  s.reset(raw);
  for (std::int64_t t = 2; t < p.steps(); ++t) step(t);

  // The run, in one call.
  o = p.options;
  o.mask = mask;
  const StateHandle whole = create(model, o, p.q0);
  grainspin_verdict told{};
  told.size = sizeof told;
  ASSERT_OK(grainspin_advance(whole.get(), p.steps(), of_step(0), nullptr, &told));
  EXPECT_EQ(told.verdict, p.worst()) << told.reason;
  EXPECT_EQ(std::string(told.reason).empty(), told.verdict == GRAINSPIN_FINE);
  EXPECT_TRUE(verdicts_of(whole, p.n) == p.verdicts.back());
}

TEST(CApiVerdict, AFibreIsOutside) {
  const Folder folder;
  Predicted p(kCopper, std::string(GRAINSPIN_SOURCE_DIR) + "/datasets/cu_uniaxial/ood/cu_uniaxial_19.h5", folder, std::string("--load ") + kTwo);
  EXPECT_EQ(p.verdict, "outside");
  EXPECT_GT(p.count(2), 0);
  expect_the_programs(kCopper, p, kTwo);
}

TEST(CApiVerdict, TwoGrainsAreTooCoarse) {
  const Folder folder;
  Predicted p(kCopper, made(folder, 2), folder, std::string("--load ") + kTwo);
  EXPECT_NE(p.verdict, "fine");
  EXPECT_GT(p.count(1) + p.count(2), p.n / 10);
  expect_the_programs(kCopper, p, kTwo);
}

TEST(CApiVerdict, RandomGrainsAreFine) {
  const Folder folder;
  Predicted p(kCopper, made(folder, 40), folder, std::string("--load ") + kTwo);
  EXPECT_EQ(p.verdict, "fine");
  EXPECT_GT(p.count(0), p.n);
  expect_the_programs(kCopper, p, kTwo);
}

// A face, a mask: what surrounds a voxel ends there.
TEST(CApiVerdict, MaskAndFaces) {
  const Folder folder;
  Predicted p(kNonlocal, made(folder, 8, "12 10 14"), folder, std::string("--boundary clamped,periodic,periodic --mask grain=1,4 --load ") + kTwo);
  EXPECT_GT(p.count(1) + p.count(2), 0);
  std::vector<std::uint8_t> mask;
  for (const std::int32_t g : p.grain) mask.push_back(g != 1 && g != 4);
  const grainspin_array array = array_of(mask);
  p.options.boundary[0] = GRAINSPIN_CLAMPED;
  expect_the_programs(kNonlocal, p, kTwo, &array);
}

TEST(CApiVerdict, LocalFamily) {
  const Folder folder;
  Predicted p(kLocal, made(folder, 20, "12 10 8"), folder, "");
  expect_the_programs(kLocal, p, nullptr);
}

}  // namespace
}  // namespace grainspin
