// Saved states: grids with phases, mask and padding go on with the bits of the whole run; a header that lies, checksum and
// all, is refused or harmless. (Cut off and flipped bits: capi_errors_test.c.)
#include <cstring>
#include <random>

#include "capi_run.h"
#include "checksum.h"
#include "engine_cpu.h"
#include "local_oracle.h"
#include "random_nonlocal.h"

namespace grainspin {
namespace {

using namespace testing;

constexpr int X = 6, Y = 4, Z = 3, N = X * Y * Z, kSteps = 5;

struct TwoPhases {
  TwoPhases() : q0(random_orientations(N, 3)), mask(N, 1), phase(N) {
    NonlocalSpec s;
    s.passes = 2, s.channels = 3, s.width = 4, s.polarisations = 2, s.memory = 2, s.warmup = 2;
    s.phases = {phase_of("fcc"), phase_of("bcc24")};
    read = random_cell(s, 5, kSteps);
    path = folder / "two phases.safetensors";
    write_model(path, read);
    model = load(path);
    for (std::size_t i = 0; i < N; ++i) mask[i] = i % 7 != 2, phase[i] = std::int32_t(i * i / 3 % 2);
    phase[2] = 77;  // masked: not looked at
  }
  StateHandle created() {
    grainspin_state_options o = options_of(X, Y, Z);
    o.boundary[1] = GRAINSPIN_CLAMPED;
    o.padding = 2;
    o.spacing[2] = 1.5;
    const grainspin_array m = array_of(mask), p = array_of(phase);
    o.mask = &m, o.phase = &p;
    return create(model, o, q0);
  }
  StateHandle restored(const std::vector<char>& bytes) {
    grainspin_state* raw = nullptr;
    EXPECT_OK(grainspin_state_restore_memory(model.get(), bytes.data(), std::int64_t(bytes.size()), nullptr, &raw));
    return StateHandle(raw);
  }
  Folder folder;
  Model read;
  std::string path;
  ModelHandle model;
  std::vector<float> q0;
  std::vector<std::uint8_t> mask;
  std::vector<std::int32_t> phase;
};

TEST(CApiSaved, PhasesMasksAndPaddingGoOn) {
  TwoPhases c;
  Region region = whole({X, Y, Z}, {.y = Boundary::kClamped});
  region.padding = 2;
  region.spacing = {1, 1, 1.5};
  auto phase = c.phase;
  phase[2] = 0;
  region.phase = phase.data();
  std::vector<std::vector<float>> want;
  make_cpu_nonlocal_engine(c.read, {.threads = 1})
      ->run(region, c.q0.data(), c.mask.data(), nullptr,
            [&](const StepOutput& o) { want.emplace_back(o.orientation, o.orientation + N * 4); });
  StateHandle s = c.created();
  for (int t = 0; t < kSteps; ++t) {  // saved and restored before every step, the undeformed grid too
    s = c.restored(saved(s));
    ASSERT_OK(grainspin_advance(s.get(), 1, nullptr, nullptr, nullptr));
    ASSERT_TRUE(orientations(s, N) == want[std::size_t(t)]) << t + 1;
  }
  grainspin_state_info info{};
  info.size = sizeof info;
  ASSERT_OK(grainspin_state_query(s.get(), &info));
  EXPECT_EQ(info.step, kSteps);
  EXPECT_EQ(info.accepted, kSteps - 1);
  double strain = 0;
  for (const LoadStep& l : c.read.spec.loads) strain += completed(l).von_mises();
  EXPECT_NEAR(info.total_strain, strain, 1e-12);
}

TEST(CApiSaved, LyingHeadersAreRefusedOrHarmless) {
  TwoPhases c;
  StateHandle s = c.created();
  ASSERT_OK(grainspin_advance(s.get(), 2, nullptr, nullptr, nullptr));
  const std::vector<char> sound = saved(s);
  std::mt19937_64 random(1);
  const std::uint64_t some[] = {0, 1, 2, 3, 0xff, 0x7fffffff, 0x80000000, 0xffffffff, std::uint64_t(1) << 40,
                                std::uint64_t(-1), std::uint64_t(1) << 63, 0x7ff0000000000000, 0x7ff8000000000000};
  int refused = 0, taken = 0;
  const auto attempt = [&](std::vector<char> bytes) {
    Checksum sum;
    sum.add(bytes.data(), bytes.size() - 8);
    const std::uint64_t value = sum.value();
    std::memcpy(bytes.data() + bytes.size() - 8, &value, 8);
    grainspin_state* raw = nullptr;
    const int status =
        grainspin_state_restore_memory(c.model.get(), bytes.data(), std::int64_t(bytes.size()), nullptr, &raw);
    const StateHandle state(raw);
    ASSERT_TRUE(status == GRAINSPIN_OK || status == GRAINSPIN_ERROR_FORMAT || status == GRAINSPIN_ERROR_SHAPE)
        << status << " " << grainspin_last_error();
    ++(status == GRAINSPIN_OK ? taken : refused);
    if (state) grainspin_advance(state.get(), 1, nullptr, nullptr, nullptr);  // whatever it gives, it ends
  };
  constexpr std::size_t kHeader = 144;
  for (std::size_t at = 0; at < kHeader; at += 4)
    for (const std::uint64_t value : some)
      for (const std::size_t width : {4u, 8u}) {
        std::vector<char> bytes = sound;
        std::memcpy(bytes.data() + at, &value, width);
        attempt(bytes);
      }
  for (int i = 0; i < 300; ++i) {  // numbers of any kind in mask, phases and what is carried
    std::vector<char> bytes = sound;
    for (int k = 0; k < 20; ++k) {
      const std::uint64_t value = random();
      std::memcpy(bytes.data() + kHeader + random() % (bytes.size() - kHeader - 16), &value, 8);
    }
    attempt(bytes);
  }
  EXPECT_GT(refused, 500);
  EXPECT_GT(taken, 10);  // another spacing, another strain
}

}  // namespace
}  // namespace grainspin
