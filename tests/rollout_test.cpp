// Mirrors include/grainspin/rollout.h for the CPU engines: steps one by one against whole runs, bit for bit.
#include "rollout_cases.h"

#include "engine_cpu.h"
#include "random_nonlocal.h"

namespace grainspin {
namespace {

using testing::expect_the_bits_of_a_run;
using testing::expect_the_bits_of_a_teacher;
using testing::random_orientations;

std::vector<std::uint8_t> every_fifth_masked(std::int64_t n) {
  std::vector<std::uint8_t> mask(std::size_t(n), 1);
  for (std::size_t i = 0; i < mask.size(); i += 5) mask[i] = 0;
  return mask;
}

TEST(Rollout, LocalGivesTheBitsOfARun) {
  const Shape shape{7, 5, 4};  // several blocks, the last one not full
  const auto mask = every_fifth_masked(shape.voxels());
  for (Feedback feedback : {Feedback::kInitial, Feedback::kOwn, Feedback::kNeighbours})
    for (Cell cell : {Cell::kLstm, Cell::kGru})
      for (int layers : {1, 2}) {
        SCOPED_TRACE(std::string(name(feedback)) + " " + name(cell) + " x" + std::to_string(layers));
        const bool heads = layers == 2;
        const Model model = testing::random_model({cell, layers, 32, 1, feedback, heads, heads}, "432", 4, 7);
        const Boundaries mixed{Boundary::kClamped, Boundary::kPeriodic, Boundary::kPeriodic};
        const Region region = whole(shape, heads ? mixed : Boundaries{});
        const auto engine = make_cpu_engine(model, {.threads = 3});
        expect_the_bits_of_a_run(*engine, region, heads ? mask.data() : nullptr);
        if (feedback != Feedback::kInitial) expect_the_bits_of_a_teacher(*engine, region, heads ? mask.data() : nullptr);
      }
}

TEST(Rollout, LocalRefusesWhatItCannotDo) {
  const auto q0 = random_orientations(8, 1);
  const Region region = whole({2, 2, 2}, {});
  const auto text = [](const auto& work) -> std::string {
    try {
      work();
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), Errc::kArgument);
      return e.what();
    }
    return "no error";
  };
  const auto engine =
      make_cpu_engine(testing::random_model({Cell::kGru, 1, 32, 1, Feedback::kInitial}, "432", 2, 1), {.threads = 1});
  const auto rollout = engine->start(region, q0.data(), nullptr);
  EXPECT_NE(text([&] { rollout->set_orientation(q0.data()); }).find("feedback is `initial`"), std::string::npos);
  const LoadStep load;
  EXPECT_NE(text([&] { rollout->advance(&load); }).find("none can be given"), std::string::npos);
  EXPECT_EQ(rollout->step(), 0);
  rollout->advance(nullptr);
  rollout->advance(nullptr);
  EXPECT_NE(text([&] { rollout->advance(nullptr); }).find("2 steps of its load only"), std::string::npos);
  EXPECT_EQ(rollout->step(), 2);
  Region cut = region;
  cut.edge[2] = {Edge::kCut, Edge::kCut};
  EXPECT_THROW(engine->start(cut, q0.data(), nullptr), Error);
  EXPECT_THROW(engine->rollout_size(cut, false), Error);
}

NonlocalSpec small(const char* set = "fcc") {
  NonlocalSpec s;
  s.passes = 2, s.channels = 3, s.width = 4, s.polarisations = 2, s.memory = 2;
  s.phases = {testing::phase_of(set)};
  return s;
}

TEST(Rollout, NonlocalGivesTheBitsOfARun) {
  const Shape shape{7, 6, 5};
  const auto mask = every_fifth_masked(shape.voxels());
  std::vector<std::int32_t> phase(std::size_t(shape.voxels()));
  for (std::size_t i = 0; i < phase.size(); ++i) phase[i] = std::int32_t(i * i / 3 % 2);
  for (const char* what : {"plain", "not carried, no memory", "no passes", "padded, masked", "two phases, warm",
                           "loads of its own"}) {
    SCOPED_TRACE(what);
    const std::string kind = what;
    NonlocalSpec s = small();
    Region region = whole(shape, {});
    region.spacing = {1, 1.5, 0.7};
    if (kind.starts_with("not")) s.carried = false, s.memory = 0, s.stress = false;
    if (kind.starts_with("no p")) s.passes = 0;
    if (kind.starts_with("padded")) {
      region = whole(shape, {Boundary::kPeriodic, Boundary::kClamped, Boundary::kClamped});
      region.padding = 2;
    }
    if (kind.starts_with("two")) s.warmup = 3, s.phases.push_back(testing::phase_of("bcc24")), region.phase = phase.data();
    if (!kind.starts_with("loads")) region.loads = testing::varied_loads(5);
    const Model model = testing::random_cell(s, 11, 4);
    const std::uint8_t* m = kind.ends_with("masked") ? mask.data() : nullptr;
    const auto engine = make_cpu_nonlocal_engine(model, {.threads = 2});
    expect_the_bits_of_a_run(*engine, region, m);
    expect_the_bits_of_a_teacher(*engine, region, m);
  }
}

TEST(Rollout, NonlocalAsksForALoadWhereItHasNone) {
  Model model = testing::random_cell(small(), 3, 1);
  const auto q0 = random_orientations(27, 2);
  const auto engine = make_cpu_nonlocal_engine(model, {.threads = 1});
  const auto rollout = engine->start(whole({3, 3, 3}, {}), q0.data(), nullptr);
  rollout->advance(nullptr);
  EXPECT_THROW(rollout->advance(nullptr), Error);
  const LoadStep load = testing::varied_loads(2)[1];
  rollout->advance(&load);
  EXPECT_EQ(rollout->step(), 2);
  LoadStep wrong = load;
  wrong.L[0] = std::nan("");
  EXPECT_THROW(rollout->advance(&wrong), Error);
  EXPECT_EQ(rollout->step(), 2);
}

}  // namespace
}  // namespace grainspin
