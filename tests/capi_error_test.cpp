// The error that a model expects of itself, through the C interface: by its definition (variance.h) from the log variances of the steps,
// after revert, restore and set; what `grainspin predict --uncertainty` writes; of an ensemble, or of its first member.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <numbers>

#include "capi_device_cases.h"
#include "ensemble_models.h"
#include "host_cuda_test.h"
#include "grainspin/grainspin.hpp"
#include "src/io/hdf5.h"

namespace grainspin {
namespace {

using namespace testing;
namespace gs = grainspin::api;

constexpr int kSteps = 4;
const Calibration kTwo{5, 0.5, 1.25, {0.5, 1.5, 2.5}, {1, 2, 3}};

// Two members behind one calibration, and each one's own (ensemble_models.h).
struct Two {
  Two() : q0(random_orientations(N, 3)), mask(N, 1) {
    all = ensemble_of({nonlocal_member(1, kSteps), nonlocal_member(2, kSteps)});
    all.spec.domain = with_calibration(all.spec.domain, kTwo);
    path = folder / "two.safetensors";
    write_model(path, all);
    for (std::size_t i = 0; i < N; i += 7) mask[i] = 0;
  }
  gs::Model loaded(int members, int device = GRAINSPIN_HOST) const {
    gs::Model::Options o;
    o.device = device, o.threads = 2, o.members = members;
    return gs::Model(path, o);
  }
  gs::State created(const gs::Model& model) {
    gs::Grid grid({X, Y, Z});
    grid.mask = gs::array(mask);
    grid.estimate_error = true;
    return gs::State(model, grid, gs::array(q0));
  }
  Folder folder;
  Model all;
  std::string path;
  std::vector<float> q0;
  std::vector<std::uint8_t> mask;
};

// S and R of variance.h, in double.
struct Path {
  double c;
  std::vector<double> S = std::vector<double>(3 * N), R = std::vector<double>(3 * N);
  void add(const gs::State& s) {
    std::vector<float> log(3 * N);
    s.log_variance(gs::array(log));
    for (std::size_t i = 0; i < log.size(); ++i) {
      const double sigma = std::exp(0.5 * double(log[i]));
      S[i] += sigma * sigma + 2 * sigma * c * R[i];
      R[i] = c * R[i] + sigma;
    }
  }
  double m(std::size_t voxel) const { return std::sqrt((S[3 * voxel] + S[3 * voxel + 1] + S[3 * voxel + 2]) / 3); }
};

void expect(const gs::State& s, const Path& path, const Calibration& calibration, const std::vector<std::uint8_t>& mask) {
  std::vector<double> got(N, -1);
  s.estimated_error(gs::array(got));
  double sum = 0;
  int voxels = 0;
  for (std::size_t i = 0; i < N; ++i) {
    const double want = mask[i] ? calibration.expected * path.m(i) : 0;
    ASSERT_NEAR(got[i], want, 1e-5 * want) << i;
    if (mask[i]) sum += path.m(i), ++voxels;
  }
  const grainspin_error_estimate mean = s.estimated_error();
  EXPECT_NEAR(mean.expected, calibration.expected * sum / voxels, 1e-5 * sum);
  for (std::size_t l = 0; l < 3; ++l) EXPECT_NEAR(mean.radius[l], calibration.radius[l] * sum / voxels, 1e-5 * sum);
}

void by_its_definition(Two& t, const gs::Model& model, const Calibration& calibration) {
  gs::State s = t.created(model);
  const Path begin{calibration.correlation};
  Path path = begin;
  expect(s, begin, calibration, t.mask);
  s.advance(), path.add(s);
  expect(s, path, calibration, t.mask);
  s.revert();  // to the beginning
  expect(s, begin, calibration, t.mask);
  path = begin;
  for (int k = 0; k < 2; ++k) s.advance(), path.add(s);
  s.accept();
  const Path two = path;
  s.advance(), path.add(s);
  expect(s, path, calibration, t.mask);
  EXPECT_GT(path.m(1), two.m(1));
  s.revert();
  expect(s, two, calibration, t.mask);

  gs::State other = gs::State::restore(model, s.save());
  expect(other, two, calibration, t.mask);
  other.advance();
  expect(other, path, calibration, t.mask);
  other.revert();
  expect(other, two, calibration, t.mask);

  // What a solver gives is true.
  other.set_orientations(gs::array(t.q0));
  expect(other, begin, calibration, t.mask);
  path = begin;
  other.advance(), path.add(other);
  expect(other, path, calibration, t.mask);
}

TEST(CApiError, ByItsDefinition) {
  Two t;
  by_its_definition(t, t.loaded(0), kTwo);
  const Calibration first = *calibration(members_of(t.all)[0].spec);
  EXPECT_NE(first.expected, kTwo.expected);
  by_its_definition(t, t.loaded(1), first);
}

TEST(CApiError, FirstMemberAlone) {
  Two t;
  const gs::Model both = t.loaded(0), one = t.loaded(1);
  EXPECT_EQ(both.info().members, 2);
  EXPECT_EQ(one.info().members, 1);
  EXPECT_EQ(both.info().estimates_error, 1);
  EXPECT_EQ(t.loaded(2).info().members, 2);
  std::vector<float> want, got(N * 4);
  make_engine(members_of(t.all)[0], {.threads = 1})->run(whole({X, Y, Z}, {}), t.q0.data(), t.mask.data(), nullptr, [&](const StepOutput& o) {
    want.assign(o.orientation, o.orientation + N * 4);
  });
  gs::State s = t.created(one);
  s.advance(kSteps);
  s.orientations(gs::array(got));
  EXPECT_TRUE(got == want);
  // What one leaves behind the other does not go on with.
  for (const gs::Model* other : {&both, &one}) {
    gs::State from = t.created(other == &both ? one : both);
    try {
      gs::State::restore(*other, from.save());
      ADD_FAILURE() << "restored";
    } catch (const gs::Error& e) {
      EXPECT_EQ(e.status(), GRAINSPIN_ERROR_FORMAT);
      EXPECT_NE(std::string(e.what()).find("another number of its members"), std::string::npos) << e.what();
    }
  }
}

TEST(CApiError, Refusals) {
  Two t;
  const auto refused = [](const std::string& part, const std::function<void()>& call) {
    try {
      call();
      ADD_FAILURE() << "taken: " << part;
    } catch (const gs::Error& e) {
      EXPECT_EQ(e.status(), GRAINSPIN_ERROR_ARGUMENT);
      EXPECT_NE(std::string(e.what()).find(part), std::string::npos) << e.what();
    }
  };
  refused("3 members: the model has 2; 1 or all", [&] { t.loaded(3); });
  refused("-1 members", [&] { t.loaded(-1); });
  const gs::Model model = t.loaded(0);
  std::vector<float> e(N);
  const gs::State plain(model, gs::Grid({X, Y, Z}), gs::array(t.q0));
  refused("created without it", [&] { plain.estimated_error(gs::array(e)); });
  refused("created without it", [&] { plain.estimated_error(); });
  // A model that makes none.
  gs::Model::Options on_cpu;
  on_cpu.device = GRAINSPIN_HOST;
  const gs::Model silent(kNonlocal, on_cpu);
  EXPECT_EQ(silent.info().estimates_error, 0);
  EXPECT_EQ(silent.info().members, 1);
  refused("makes no estimate of its error", [&] { t.created(silent); });
  // Options of a restored state and of a later version.
  grainspin_state_options o = options_of(0, 0, 0);
  o.estimate_error = 1;
  const std::vector<unsigned char> bytes = plain.save();
  grainspin_state* raw = nullptr;
  EXPECT_EQ(grainspin_state_restore_memory(model.get(), bytes.data(), std::int64_t(bytes.size()), &o, &raw), GRAINSPIN_ERROR_ARGUMENT);
  const grainspin_array q = array_of(t.q0);
  o = options_of(X, Y, Z);
  o.orientation = &q, o.reserved = 1;
  EXPECT_EQ(grainspin_state_create(model.get(), &o, &raw), GRAINSPIN_ERROR_ARGUMENT);
  o.reserved = 0, o.estimate_error = 2;
  EXPECT_EQ(grainspin_state_create(model.get(), &o, &raw), GRAINSPIN_ERROR_ARGUMENT);
  grainspin_model_options l;
  ASSERT_OK(grainspin_model_options_init(&l, sizeof l));
  l.reserved = 1;
  grainspin_model* none = nullptr;
  EXPECT_EQ(grainspin_model_load(t.path.c_str(), &l, &none), GRAINSPIN_ERROR_ARGUMENT);
  // The structs of version 2 of the interface, without these fields, are taken as they are.
  l.size = 40, l.reserved = 7, l.device = GRAINSPIN_HOST;
  ASSERT_OK(grainspin_model_load(t.path.c_str(), &l, &none));
  const ModelHandle old(none);
  o.size = 136, o.estimate_error = 9;
  ASSERT_OK(grainspin_state_create(old.get(), &o, &raw));
  const StateHandle state(raw);
  std::vector<unsigned char> room(sizeof(grainspin_model_info), 0xee);
  auto* info = reinterpret_cast<grainspin_model_info*>(room.data());
  info->size = 104;
  ASSERT_OK(grainspin_model_query(old.get(), info));
  EXPECT_EQ(room[104], 0xee);  // nothing behind its end is written
}

TEST(CApiError, MemoryIsTold) {
  Two t;
  const gs::Model model = t.loaded(0);
  gs::Grid grid({X, Y, Z});
  const grainspin_memory without = gs::estimate(model, grid);
  grid.estimate_error = true;
  const grainspin_memory with = gs::estimate(model, grid);
  EXPECT_EQ(with.host - without.host, 24 * N);
  EXPECT_EQ(with.accept - without.accept, 24 * N);
  const gs::State plain(model, gs::Grid({X, Y, Z}), gs::array(t.q0)), kept(model, grid, gs::array(t.q0));
  EXPECT_EQ(std::int64_t(plain.save().size()), without.saved);
  EXPECT_EQ(std::int64_t(kept.save().size()), with.saved);
}

class CApiErrorOnGpu : public HostCudaTest {};

// A single model on a GPU: the same, into arrays of either.
TEST_F(CApiErrorOnGpu, ByItsDefinitionThere) {
  Two t;
  t.all = nonlocal_member(1, kSteps);
  write_model(t.path, t.all);
  HostCaller caller(*host_);
  const gs::Model model = t.loaded(0, GRAINSPIN_CUDA);
  by_its_definition(t, model, *calibration(t.all.spec));
  gs::State s = t.created(model);
  s.advance(2);
  for (const Lie& lie : lies(1)) {
    Twin<double> e(caller, lie, 1);
    s.estimated_error(e.there);
    s.estimated_error(e.here);
    e.expect_same("estimated error");
  }
}

// In degrees in the program's file.
TEST(CApiError, EqualsTheProgram) {
  const Folder folder;
  const std::string model = kPretrained + "cu.safetensors", input = std::string(GRAINSPIN_SOURCE_DIR) + "/datasets/cu_uniaxial/validation/cu_uniaxial_12.h5",
                    out = folder / "predicted.h5";
  std::string command = "'" GRAINSPIN_PROGRAM "' predict '";
  command.append(model).append("' '").append(input).append("' -o '").append(out);
  command.append("' --uncertainty --members 1 --load uniaxial:z:0.03:0.01 --device cpu --quiet >/dev/null 2>&1");
  ASSERT_EQ(std::system(command.c_str()), 0);
  const auto reader = open_archive(input);
  const std::int64_t n = reader->info().shape.voxels();
  std::vector<float> q(std::size_t(n) * 4), told(static_cast<std::size_t>(n)), want(static_cast<std::size_t>(n));
  reader->orientation(0, 0, n, q.data());
  const h5::Dataset field = h5::File::open(out).dataset("VTKHDF/CellData/estimated_error");
  gs::Model::Options o;
  o.device = GRAINSPIN_HOST, o.members = 1;
  const gs::Model copper(model, o);
  gs::Grid grid({reader->info().shape.nx, reader->info().shape.ny, reader->info().shape.nz});
  for (std::size_t a = 0; a < 3; ++a) grid.spacing[a] = reader->info().size[a] / double(grid.extent[a]);
  grid.estimate_error = true;
  gs::State s(copper, grid, gs::array(q));
  hsize_t step = 0;
  for (const gs::Load& load : copper.loads("uniaxial:z:0.03:0.01")) {
    s.advance(load);
    s.estimated_error(gs::array(told));
    field.read(want.data(), {++step, 0, 0, 0}, {1, hsize_t(grid.extent[2]), hsize_t(grid.extent[1]), hsize_t(grid.extent[0])});
    double mean = 0;
    for (std::size_t i = 0; i < told.size(); ++i) {
      ASSERT_NEAR(told[i] * 180 / std::numbers::pi, want[i], 1e-6 * want[i]);
      mean += want[i] / double(n);
    }
    EXPECT_NEAR(s.estimated_error().expected * 180 / std::numbers::pi, mean, 1e-5 * mean);
    EXPECT_GT(mean, 0.1);
  }
  EXPECT_EQ(step, 3u);
}

}  // namespace
}  // namespace grainspin
