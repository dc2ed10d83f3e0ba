// A state advanced through the C interface equals the file that `grainspin predict` writes, bit for bit: in one call,
// step by step, after revert, after save and restore, for any number of threads.
#include "capi_run.h"

#include <cstdlib>

namespace grainspin {
namespace {

using namespace testing;

// An archive's undeformed grid, and what the program predicts from it.
struct Predicted {
  grainspin_state_options options;
  std::vector<float> q0;
  std::vector<std::vector<float>> orientation, stress;  // by step, 1 first
  std::vector<LoadStep> found;
  std::int64_t n = 0;

  Predicted(const std::string& model, const Folder& folder, const std::string& more = "") {
    const std::string out = folder / "predicted.h5";
    const std::string command = "'" GRAINSPIN_PROGRAM "' predict '" + model + "' '" + kArchive + "' -o '" + out +
                                "' --device cpu --threads 1 --quiet " + more + " 2>&1 >/dev/null";
    EXPECT_EQ(std::system(command.c_str()), 0);
    const auto reader = open_archive(out), input = open_archive(kArchive);
    const ArchiveInfo& info = reader->info();
    options = options_of(info.shape.nx, info.shape.ny, info.shape.nz);
    n = info.shape.voxels();
    for (int a = 0; a < 3; ++a)
      options.spacing[a] = input->info().size[std::size_t(a)] / double(options.extent[a]);
    q0.resize(std::size_t(n) * 4);
    input->orientation(0, 0, n, q0.data());
    for (int t = 1; t <= info.step_count(); ++t) {
      orientation.emplace_back(std::size_t(n) * 4);
      reader->orientation(t, 0, n, orientation.back().data());
      if (!info.has_stress) continue;
      stress.emplace_back(std::size_t(n) * 6);
      reader->stress(t, 0, n, stress.back().data());
    }
    found = info.loads;
    std::filesystem::remove(out);
  }
};

void expect_the_program(const std::string& path) {
  const Folder folder;
  Predicted p(path, folder);
  const std::int64_t T = std::int64_t(p.orientation.size());
  ASSERT_EQ(T, 13);
  const ModelHandle model = load(path, 2);
  const auto expect_step = [&](const StateHandle& s, std::int64_t t, const char* what) {
    ASSERT_TRUE(orientations(s, p.n) == p.orientation[std::size_t(t - 1)]) << what << ", step " << t;
  };

  {
    SCOPED_TRACE("one call");
    const StateHandle s = create(model, p.options, p.q0);
    std::vector<grainspin_load> found(std::size_t(T), grainspin_load{});
    grainspin_verdict verdict{};
    verdict.size = sizeof verdict;
    ASSERT_OK(grainspin_advance(s.get(), T, nullptr, found.data(), &verdict));
    EXPECT_EQ(verdict.steps, T);
    expect_step(s, T, "one call");
    if (!p.stress.empty()) {
      EXPECT_TRUE(stresses(s, p.n) == p.stress.back());
    }
    for (std::size_t t = 0; t < std::size_t(T); ++t)
      for (std::size_t i = 0; i < 9; ++i)
        if (path == kNonlocal || p.found[t].prescribed[i]) {  // the other finds none: the volume stays
          ASSERT_EQ(found[t].L[i], p.found[t].L[i]) << t << " " << i;
        } else {
          ASSERT_NEAR(found[t].L[i], i % 4 == 0 ? -found[t].L[8] / 2 : 0, 1e-12) << t << " " << i;
        }
  }
  const StateHandle s = create(load(path, 3), p.options, p.q0);  // the state keeps its model
  for (std::int64_t t = 1; t <= 4; ++t) {
    ASSERT_OK(grainspin_advance(s.get(), 1, nullptr, nullptr, nullptr));
    expect_step(s, t, "step by step");
    if (!p.stress.empty()) {
      ASSERT_TRUE(stresses(s, p.n) == p.stress[std::size_t(t - 1)]);
    }
  }
  ASSERT_OK(grainspin_accept(s.get()));
  ASSERT_OK(grainspin_advance(s.get(), 3, nullptr, nullptr, nullptr));
  expect_step(s, 7, "on");
  ASSERT_OK(grainspin_revert(s.get()));
  expect_step(s, 4, "reverted");
  ASSERT_OK(grainspin_advance(s.get(), 2, nullptr, nullptr, nullptr));
  expect_step(s, 6, "after revert");
  ASSERT_OK(grainspin_revert(s.get()));
  ASSERT_OK(grainspin_advance(s.get(), 1, nullptr, nullptr, nullptr));
  expect_step(s, 5, "reverted again");

  // Another process: the state's file and the model's are all it has.
  const std::string file = folder / "state.gs";
  ASSERT_OK(grainspin_state_save(s.get(), file.c_str()));
  const ModelHandle other = load(path, 1);
  grainspin_state* raw = nullptr;
  ASSERT_OK(grainspin_state_restore(other.get(), file.c_str(), nullptr, &raw));
  const StateHandle restored(raw);
  expect_step(restored, 5, "restored");
  ASSERT_OK(grainspin_advance(restored.get(), T - 5, nullptr, nullptr, nullptr));
  expect_step(restored, T, "after restore");
  ASSERT_OK(grainspin_revert(restored.get()));
  expect_step(restored, 5, "the restored step is accepted");
  ASSERT_OK(grainspin_advance(s.get(), T - 5, nullptr, nullptr, nullptr));
  expect_step(s, T, "the saved one goes on");

  // Without an accepted step: the undeformed grid.
  const StateHandle fresh = create(model, p.options, p.q0);
  ASSERT_OK(grainspin_advance(fresh.get(), 2, nullptr, nullptr, nullptr));
  ASSERT_OK(grainspin_revert(fresh.get()));
  EXPECT_TRUE(orientations(fresh, p.n) == p.q0);
  ASSERT_OK(grainspin_advance(fresh.get(), 1, nullptr, nullptr, nullptr));
  expect_step(fresh, 1, "from the start again");
}

TEST(CApiPath, NonlocalEqualsTheProgram) { expect_the_program(kNonlocal); }
TEST(CApiPath, LocalEqualsTheProgram) { expect_the_program(kLocal); }

// In bf16 where the processor has it, else strict: in either case what the program does with the same setting.
TEST(CApiPath, FastEqualsTheProgram) {
  const Folder folder;
  Predicted p(kLocal, folder, "--precision fast");
  grainspin_model_options o;
  ASSERT_OK(grainspin_model_options_init(&o, sizeof o));
  o.device = GRAINSPIN_HOST, o.threads = 3, o.precision = GRAINSPIN_FAST;
  grainspin_model* raw = nullptr;
  ASSERT_OK(grainspin_model_load(kLocal.c_str(), &o, &raw));
  const ModelHandle model(raw);
  const StateHandle s = create(model, p.options, p.q0), whole = create(model, p.options, p.q0);
  const std::size_t T = p.orientation.size();
  for (std::size_t t = 0; t < T; ++t) {
    ASSERT_OK(grainspin_advance(s.get(), 1, nullptr, nullptr, nullptr));
    ASSERT_TRUE(orientations(s, p.n) == p.orientation[t]) << "step " << t + 1;
    if (t == 5) {
      ASSERT_OK(grainspin_accept(s.get()));
    }
  }
  ASSERT_OK(grainspin_revert(s.get()));
  ASSERT_TRUE(orientations(s, p.n) == p.orientation[5]);
  const std::vector<char> bytes = saved(s);
  grainspin_state* other = nullptr;
  ASSERT_OK(grainspin_state_restore_memory(model.get(), bytes.data(), std::int64_t(bytes.size()), nullptr, &other));
  const StateHandle restored(other);
  ASSERT_OK(grainspin_advance(restored.get(), 2, nullptr, nullptr, nullptr));
  EXPECT_TRUE(orientations(restored, p.n) == p.orientation[7]);
  ASSERT_OK(grainspin_advance(whole.get(), std::int64_t(T), nullptr, nullptr, nullptr));
  EXPECT_TRUE(orientations(whole, p.n) == p.orientation[T - 1]);
  // Where it is bf16, it is not the strict path, and does not go on as one.
  grainspin_model_info info{};
  info.size = sizeof info;
  ASSERT_OK(grainspin_model_query(model.get(), &info));
  if (std::string(info.description).find("bf16") == std::string::npos) return;
  const ModelHandle strict = load(kLocal, 1);
  const StateHandle plain = create(strict, p.options, p.q0);
  ASSERT_OK(grainspin_advance(plain.get(), std::int64_t(T), nullptr, nullptr, nullptr));
  EXPECT_FALSE(orientations(plain, p.n) == p.orientation[T - 1]);
  EXPECT_EQ(grainspin_state_restore_memory(strict.get(), bytes.data(), std::int64_t(bytes.size()), nullptr, &other),
            GRAINSPIN_ERROR_FORMAT);
  EXPECT_NE(std::string(grainspin_last_error()).find("precision"), std::string::npos);
}

// A load given is the load that the program is told.
TEST(CApiPath, NamedLoadsEqualTheProgram) {
  const Folder folder;
  const std::string out = folder / "shear.h5";
  const std::string command = "'" GRAINSPIN_PROGRAM "' predict '" + kNonlocal + "' '" + kArchive + "' -o '" + out +
                              "' --device cpu --load shear:xz:0.03 --quiet >/dev/null 2>&1";
  ASSERT_EQ(std::system(command.c_str()), 0);
  const auto reader = open_archive(out), input = open_archive(kArchive);
  const ArchiveInfo& info = reader->info();
  const std::int64_t n = info.shape.voxels();
  std::vector<float> q0(std::size_t(n) * 4), want(q0.size());
  input->orientation(0, 0, n, q0.data());
  reader->orientation(info.step_count(), 0, n, want.data());

  const ModelHandle model = load(kNonlocal);
  std::int64_t count = 0;
  ASSERT_OK(grainspin_named_loads(model.get(), "shear:xz:0.03", 0, nullptr, &count));
  ASSERT_EQ(count, info.step_count());
  std::vector<grainspin_load> loads(static_cast<std::size_t>(count));
  ASSERT_OK(grainspin_named_loads(model.get(), "shear:xz:0.03", count, loads.data(), &count));
  grainspin_state_options o = options_of(info.shape.nx, info.shape.ny, info.shape.nz);
  for (int a = 0; a < 3; ++a) o.spacing[a] = input->info().size[std::size_t(a)] / double(o.extent[a]);
  const StateHandle s = create(model, o, q0);
  ASSERT_OK(grainspin_advance(s.get(), count, loads.data(), nullptr, nullptr));
  EXPECT_TRUE(orientations(s, n) == want);
  grainspin_state_info state{};
  state.size = sizeof state;
  ASSERT_OK(grainspin_state_query(s.get(), &state));
  EXPECT_EQ(state.step, count);
  EXPECT_NEAR(state.total_strain, 0.03, 1e-12);
}

}  // namespace
}  // namespace grainspin
