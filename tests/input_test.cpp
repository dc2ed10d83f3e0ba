// Mirrors include/grainspin/input.h.
#include "grainspin/input.h"

#include <gtest/gtest.h>

#include "gather_cases.h"
#include "local_oracle.h"

namespace grainspin {
namespace {

using namespace testing;

InputSpec some_input(const char* group) { return input_spec(random_model({}, group, 1, 5).spec); }

TEST(Input, IsTheEmbeddingShiftedAndScaled) {
  for (const char* group : {"432", "622", "422", "32", "222"}) {
    const Model model = random_model({}, group, 1, 5);
    const InputSpec spec = input_spec(model.spec);
    const auto q = random_orientations(1, 2);
    double e[EmbeddingSpec::kMaxSize];
    embed(embedding(PointGroup::named(group)), Quatd{q[0], q[1], q[2], q[3]}, e);
    float got[EmbeddingSpec::kMaxSize];
    embed_input(spec, Quat{q[0], q[1], q[2], q[3]}, got);
    for (std::size_t c = 0; c < model.spec.input_mean.size(); ++c)
      EXPECT_NEAR(got[c], (e[c] - model.spec.input_mean[c]) / model.spec.input_scale[c], 1e-5);
  }
}

TEST(Input, RefusesANormaliserOfAnotherSize) {
  ModelSpec spec = random_model({}, "432", 1, 5).spec;
  spec.input_scale.pop_back();
  try {
    input_spec(spec);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), Errc::kShape);
    EXPECT_NE(std::string(e.what()).find("has 9"), std::string::npos) << e.what();
  }
}

// Embedding on the fly gives the bits of embedding first and gathering then.
TEST(Input, GatherEmbeddedIsEmbedThenGather) {
  for (const char* group : {"432", "622"}) {
    const InputSpec spec = some_input(group);
    const int size = spec.embedding.size;
    for (const GatherCase& c : gather_cases()) {
      if (c.channels != 1) continue;  // the embedding sets the number of channels
      const std::int64_t n = c.shape.voxels();
      const auto q = random_orientations(n, 4);
      std::vector<float> e(std::size_t(n * size));
      for (std::int64_t v = 0; v < n; ++v) embed_input(spec, Quat{q[4 * v], q[4 * v + 1], q[4 * v + 2], q[4 * v + 3]}, &e[v * size]);
      const auto mask = c.masked ? third_masked(c.shape) : std::vector<std::uint8_t>{};
      const auto centres = every_voxel(c.shape);
      const auto expected = by_definition(c.shape, c.boundaries, mask, c.radius, size, e, centres);
      const Neighbourhood hood{c.shape, c.boundaries, c.radius, c.masked ? mask.data() : nullptr};
      std::vector<float> got(expected.size(), -1.0f);
      gather_embedded(hood, spec, q.data(), n, nullptr, 0, got.data());
      ASSERT_EQ(got, expected) << label(c);
      std::fill(got.begin(), got.end(), -1.0f);
      gather_embedded(hood, spec, q.data(), n, centres.data(), 0, got.data());
      ASSERT_EQ(got, expected) << label(c);
    }
  }
}

TEST(Input, RangesAndThreadsGiveTheSameBits) {
  const Shape s{13, 16, 17};
  const InputSpec spec = some_input("432");
  const auto q = random_orientations(s.voxels(), 4);
  const std::size_t size = 27 * 9;
  std::vector<float> all(std::size_t(s.voxels()) * size), part(std::size_t(s.voxels() - 100) * size);
  gather_embedded({s, {}, 1, nullptr}, spec, q.data(), s.voxels(), nullptr, 0, all.data());
  gather_embedded({s, {}, 1, nullptr}, spec, q.data(), s.voxels() - 100, nullptr, 100, part.data(), 3);
  EXPECT_TRUE(std::equal(part.begin(), part.end(), all.begin() + 100 * size));
}

}  // namespace
}  // namespace grainspin
