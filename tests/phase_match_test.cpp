// Which of a model's phases a phase of an archive is: by name, or the only one of both.
#include <gtest/gtest.h>

#include "src/phase_match.h"

namespace grainspin {
namespace {

PhaseInfo archived(const char* name) {
  PhaseInfo p;
  p.name = name, p.point_group = "432";
  return p;
}

NonlocalSpec model(std::vector<std::string> names) {
  NonlocalSpec spec;
  for (const std::string& name : names) {
    spec.phases.emplace_back();
    spec.phases.back().name = name, spec.phases.back().point_group = "432";
  }
  return spec;
}

TEST(PhaseMatch, ByNameElseTheOnlyOne) {
  EXPECT_EQ(phase_of_model(archived("b"), model({"a", "b"}), false), 1);
  EXPECT_EQ(phase_of_model(archived("b"), model({"a", "b"}), true), 1);
  EXPECT_EQ(phase_of_model(archived("c"), model({"a", "b"}), true), -1);   // which one is not known
  EXPECT_EQ(phase_of_model(archived("c"), model({"a"}), true), 0);
  EXPECT_EQ(phase_of_model(archived("c"), model({"a"}), false), -1);       // nor which of the archive's the model's is
  EXPECT_EQ(phase_of_model(archived("a"), model({"a"}), false), 0);
  EXPECT_EQ(phase_names(model({"a", "b"})), "a (432), b (432)");
}

}  // namespace
}  // namespace grainspin
