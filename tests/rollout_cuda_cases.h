// Steps one by one by the engines on a GPU, against their whole runs, bit for bit: by the kernels or by the launchers' table
// on the host.
#pragma once

#include "backend.h"
#include "random_head.h"
#include "random_nonlocal.h"
#include "rollout_cases.h"

namespace grainspin::testing {

inline void nonlocal_gives_the_bits_of_a_run() {
  const Shape shape{5, 4, 3};
  std::vector<std::uint8_t> mask(std::size_t(shape.voxels()), 1);
  for (std::size_t i = 0; i < mask.size(); i += 5) mask[i] = 0;
  std::vector<std::int32_t> phase(mask.size());
  for (std::size_t i = 0; i < phase.size(); ++i) phase[i] = std::int32_t(i * i / 3 % 2);
  for (const char* what : {"plain", "not carried, no memory", "no passes", "padded, masked", "two phases, warm",
                           "loads of its own"}) {
    SCOPED_TRACE(what);
    const std::string kind = what;
    NonlocalSpec s;
    s.passes = 2, s.channels = 3, s.width = 4, s.polarisations = 2, s.memory = 2;
    s.phases = {phase_of("fcc")};
    Region region = whole(shape, {});
    region.spacing = {1, 1.5, 0.7};
    if (kind.starts_with("not")) s.carried = false, s.memory = 0, s.stress = false;
    if (kind.starts_with("no p")) s.passes = 0;
    if (kind.starts_with("padded")) {
      region = whole(shape, {Boundary::kPeriodic, Boundary::kClamped, Boundary::kClamped});
      region.padding = 2;
    }
    if (kind.starts_with("two")) s.warmup = 3, s.phases.push_back(phase_of("bcc24")), region.phase = phase.data();
    if (!kind.starts_with("loads")) region.loads = varied_loads(5);
    Model model = random_cell(s, 11, 4);
    if (kind == "plain" || kind.starts_with("padded")) model = with_random_head(model, 4, 3);
    const std::uint8_t* m = kind.ends_with("masked") ? mask.data() : nullptr;
    const auto engine = make_cuda_engine(model, {.device = Device::kCuda});
    expect_the_bits_of_a_run(*engine, region, m);
    expect_the_bits_of_a_teacher(*engine, region, m);
  }
}

// All steps in one kernel (`initial` and `own`, one layer) against one kernel a step, too.
inline void local_gives_the_bits_of_a_run(Precision precision = Precision::kStrict, Shape shape = {7, 5, 4}, std::vector<Cell> cells = {Cell::kLstm, Cell::kGru}, int steps = 4) {
  std::vector<std::uint8_t> mask(std::size_t(shape.voxels()), 1);
  for (std::size_t i = 0; i < mask.size(); i += 5) mask[i] = 0;
  for (Feedback feedback : {Feedback::kInitial, Feedback::kOwn, Feedback::kNeighbours})
    for (Cell cell : cells)
      for (int layers : {1, 2}) {
        SCOPED_TRACE(std::string(name(feedback)) + " " + name(cell) + " x" + std::to_string(layers));
        const bool heads = layers == 2;
        const Model model = random_model({cell, layers, 32, 1, feedback, heads, heads}, "432", steps, 7);
        const Region region = whole(shape, heads ? Boundaries{.y = Boundary::kClamped} : Boundaries{});
        const auto engine = make_cuda_engine(model, {.device = Device::kCuda, .precision = precision});
        const std::uint8_t* m = heads ? mask.data() : nullptr;
        expect_the_bits_of_a_run(*engine, region, m);
        const auto q0 = random_orientations(shape.voxels(), 1);
        if (feedback != Feedback::kInitial) expect_the_bits_of_a_teacher(*engine, region, m);
        else EXPECT_THROW(engine->start(region, q0.data(), m)->set_orientation(q0.data()), Error);
      }
}

inline void fused_gives_the_bits_of_a_run() {
  local_gives_the_bits_of_a_run(Precision::kFast, {5, 3, 2}, {Cell::kLstm}, 3);
}

}  // namespace grainspin::testing
