// grainspin.hpp, the C++ wrapper; and through it what models can and cannot do: all outputs of the engine, turn-taking,
// verdicts, callbacks. Expected values: the engine's own runs, and the domain's definition.
#include "grainspin/grainspin.hpp"

#include <algorithm>
#include <cstring>

#include "capi_run.h"
#include "engine_cpu.h"
#include "local_oracle.h"

namespace grainspin {
namespace {

using namespace testing;
namespace gs = grainspin::api;

constexpr int X = 5, Y = 4, Z = 3, N = X * Y * Z;

gs::Model::Options on_cpu() {
  gs::Model::Options o;
  o.device = GRAINSPIN_HOST;
  o.threads = 2;
  return o;
}

// A random model in a file, and the engine that it is for.
struct Written {
  Written(const LocalSpec& local, int steps) : model(random_model(local, "432", steps, 5)) {
    for (LoadStep& l : model.spec.loads) l.L = {-0.005, 0, 0, 0, -0.005, 0, 0, 0, 0.01}, l.prescribed.fill(true);
    path = folder / "model.safetensors";
    write_model(path, model);
  }
  Folder folder;
  Model model;
  std::string path;
};

TEST(Cpp, EveryOutputIsTheEngines) {
  for (Feedback feedback : {Feedback::kInitial, Feedback::kOwn, Feedback::kNeighbours}) {
    const Written w({Cell::kGru, 2, 32, 1, feedback, true, true}, 3);
    const auto q0 = random_orientations(N, 2);
    const gs::Model model(w.path, on_cpu());
    EXPECT_EQ(model.info().feedback, int(feedback));
    EXPECT_EQ(model.info().takes_orientations, feedback != Feedback::kInitial);
    EXPECT_EQ(model.info().takes_load, 0);
    EXPECT_EQ(model.info().own_steps, 3);
    gs::Grid grid({X, Y, Z});
    grid.boundary[1] = GRAINSPIN_CLAMPED;
    gs::State state(model, grid, gs::array(q0));
    const auto engine = make_cpu_engine(w.model, {.threads = 1});
    engine->run(whole({X, Y, Z}, {.y = Boundary::kClamped}), q0.data(), nullptr, nullptr, [&](const StepOutput& o) {
      state.advance();
      std::vector<float> q(N * 4), w3(N * 3), s(N * 6), v(N * 3);
      state.orientations(gs::array(q));
      state.increments(gs::array(w3));
      state.stress(gs::array(s));
      state.log_variance(gs::array(v));
      EXPECT_TRUE(std::equal(q.begin(), q.end(), o.orientation));
      EXPECT_TRUE(std::equal(w3.begin(), w3.end(), o.increment));
      EXPECT_TRUE(std::equal(s.begin(), s.end(), o.stress));
      EXPECT_TRUE(std::equal(v.begin(), v.end(), o.log_variance));
    });
    EXPECT_EQ(state.info().step, 3);
    EXPECT_NEAR(state.info().total_strain, 0.03, 1e-12);
  }
}

TEST(Cpp, InitialFeedbackRefusesOrientations) {
  const Written w({Cell::kLstm, 1, 32, 1, Feedback::kInitial}, 2);
  const auto q0 = random_orientations(N, 2);
  const gs::Model model(w.path, on_cpu());
  gs::State state(model, gs::Grid({X, Y, Z}), gs::array(q0));
  try {
    state.set_orientations(gs::array(q0));
    FAIL() << "taken";
  } catch (const gs::Error& e) {
    EXPECT_EQ(e.status(), GRAINSPIN_ERROR_ARGUMENT);
    EXPECT_NE(std::string(e.what()).find("feedback is `initial`"), std::string::npos);
  }
}

// Set orientations are what the engine's run is taught.
TEST(Cpp, TurnTakingEqualsATeacher) {
  for (const std::string& path : {kNonlocal, kLocal}) {
    const gs::Model model(path, on_cpu());
    const Model read = read_model(path);
    const auto teacher = random_orientations(N * 13, 9);
    const auto engine = make_engine(read, {.threads = 1});
    gs::State state(model, gs::Grid({X, Y, Z}), gs::array(teacher.data(), N * 4));
    engine->run(whole({X, Y, Z}, {}), teacher.data(), nullptr, teacher.data(), [&](const StepOutput& o) {
      if (o.step > 3) return;
      state.set_orientations(gs::array(teacher.data() + (o.step - 1) * N * 4, N * 4));
      state.advance();
      std::vector<float> q(N * 4);
      state.orientations(gs::array(q));
      EXPECT_TRUE(std::equal(q.begin(), q.end(), o.orientation)) << path << " step " << o.step;
    });
  }
}

TEST(Cpp, VerdictsSayWhatIsOutside) {
  const gs::Model model(kNonlocal, on_cpu());
  ASSERT_EQ(model.info().states_domain, 1);
  auto q = random_orientations(N, 2);
  std::vector<std::string> said;
  gs::State state(model, gs::Grid({X, Y, Z}), gs::array(q), {}, nullptr,
                  [&](int level, const char* text) { said.push_back(std::to_string(level) + text); });
  std::vector<gs::Load> own = model.loads();
  const gs::Report inside = state.advance(own[0]);
  EXPECT_TRUE(inside.stated);
  EXPECT_EQ(inside.steps, 1);
  EXPECT_TRUE(said.empty());
  std::vector<std::uint8_t> verdicts(N);
  state.verdicts(gs::array(verdicts));
  EXPECT_EQ(inside.voxels_doubtful, std::count(verdicts.begin(), verdicts.end(), 1));
  EXPECT_EQ(inside.voxels_outside, std::count(verdicts.begin(), verdicts.end(), 2));
  for (double& l : own[0].L) l *= 5;  // no step of 5 % was trained on
  const gs::Report outside = state.advance({own[1], own[0], own[2]});
  EXPECT_EQ(outside.verdict, gs::Verdict::outside);
  EXPECT_EQ(outside.steps, 3);
  EXPECT_NE(outside.reason.find("step strain"), std::string::npos) << outside.reason;
  ASSERT_EQ(said.size(), 1u);  // once
  EXPECT_NE(said[0].find("step 3 is outside"), std::string::npos) << said[0];
  ASSERT_EQ(outside.found.size(), 3u);
  EXPECT_EQ(outside.found[1].L[8], own[0].L[8]);
  EXPECT_NE(outside.found[1].L[0], 0);
}

TEST(Cpp, CallbacksStopAndThrow) {
  const gs::Model model(kNonlocal, on_cpu());
  const auto q = random_orientations(N, 2);
  int calls = 0;
  const auto progress = [&](double fraction, const char* what) {
    EXPECT_STREQ(what, "advance");
    if (++calls == 5) throw std::runtime_error("from the caller");
    return fraction < 0.4;
  };
  gs::State state(model, gs::Grid({X, Y, Z}), gs::array(q), {}, progress);
  try {
    state.advance(4);
    FAIL() << "not stopped";
  } catch (const gs::Error& e) {
    EXPECT_EQ(e.status(), GRAINSPIN_INTERRUPTED);
  }
  EXPECT_EQ(state.info().step, 2);
  try {
    state.advance(6);
    FAIL() << "not thrown";
  } catch (const std::runtime_error& e) {
    EXPECT_STREQ(e.what(), "from the caller");  // not an exception of the interface
  }
  EXPECT_EQ(calls, 5);  // at half of the call
  EXPECT_EQ(state.info().step, 5);
}

TEST(Cpp, MovesSavesEstimates) {
  const gs::Model model(kLocal, on_cpu());
  const auto q = random_orientations(N, 2);
  const gs::Grid grid({X, Y, Z});
  gs::State first(model, grid, gs::array(q));
  gs::State state = std::move(first);
  state.advance(2);
  const auto bytes = state.save();
  EXPECT_EQ(std::int64_t(bytes.size()), gs::estimate(model, grid).saved);
  gs::State again = gs::State::restore(model, bytes);
  EXPECT_EQ(again.info().step, 2);
  EXPECT_EQ(again.info().accepted, 2);
  again.advance();
  state.accept();
  state.advance();
  std::vector<float> a(N * 4), b(N * 4);
  again.orientations(gs::array(a));
  state.orientations(gs::array(b));
  EXPECT_EQ(a, b);
  state.revert();
  EXPECT_EQ(state.info().step, 2);
  EXPECT_THROW(gs::Model("/no such file"), gs::Error);
}

}  // namespace
}  // namespace grainspin
