// The shipped models of copper under any load, of titanium and of ferrite: they load, say what they were trained on and how sure
// they are, and after four steps of a validation run are nearer to it than half of what it has turned by. Truth: DAMASK's.
#include <gtest/gtest.h>

#include "datasets/grid_run.h"
#include "grainspin/domain.h"
#include "grainspin/metrics.h"
#include "grainspin/variance.h"

namespace grainspin {
namespace {

const std::string kSource = GRAINSPIN_SOURCE_DIR;

struct Result {
  double skill = 0, expected = 0, error = 0;  // rad
};

Result after(int steps, const std::string& model_name, const std::string& run_name) {
  const Model model = read_model(kSource + "/networks/pretrained/" + model_name + ".safetensors");
  SlipChoice slip;
  for (const PhaseSpec& p : model.spec.nonlocal.phases) slip[p.name] = p.slip_families;
  std::vector<PhaseSpec> phases = model.spec.nonlocal.phases;
  const GridRun run = load_grid_run(kSource + "/datasets/" + run_name + ".h5", StressData::kNone, slip, phases, false);
  Region region = whole(run.shape, run.boundaries);
  region.spacing = run.spacing;
  region.loads.assign(run.loads.begin(), run.loads.begin() + steps);
  EXPECT_EQ(DomainJudge(model.spec).run(region.loads).verdict, Verdict::kFine);
  const std::int64_t n = run.voxels();
  const auto stated = calibration(model.spec);
  EXPECT_TRUE(stated.has_value());
  PathError path(n, stated.value_or(Calibration{}));
  std::vector<float> q;
  make_engine(model, {})->run(region, run.q.data(), nullptr, nullptr, [&](const StepOutput& out) {
    if (out.log_variance) path.add(out.log_variance);
    q.assign(out.orientation, out.orientation + 4 * n);
  });
  VoxelSymmetry symmetry{{&PointGroup::named(model.spec.point_group)}, nullptr};
  std::vector<float> error(static_cast<std::size_t>(n)), still(static_cast<std::size_t>(n));
  const float* truth = run.q.data() + 4 * n * steps;
  disorientation_angles(symmetry, n, q.data(), truth, error.data());
  std::vector<float> start(4 * static_cast<std::size_t>(n));
  rotate(persistence_rotations(region.loads).back(), n, run.q.data(), start.data());
  disorientation_angles(symmetry, n, start.data(), truth, still.data());
  Result out;
  for (std::int64_t i = 0; i < n; ++i) out.expected += path.expected(i) / double(n);
  out.error = spread(error).mean;
  out.skill = skill(out.error, spread(still).mean);
  return out;
}

void expect_good(const Result& r) {
  EXPECT_GT(r.skill, 0.5);
  EXPECT_GT(r.expected, 0.7 * r.error);  // the mean of what it expects of itself
  EXPECT_LT(r.expected, 1.4 * r.error);
}

TEST(ShippedModels, CopperADirectionNotTrainedOn) { expect_good(after(4, "cu", "cu_loads/validation/cu_load_21")); }
TEST(ShippedModels, CopperSimpleShear) { expect_good(after(4, "cu", "cu_loads/validation/cu_load_23")); }
TEST(ShippedModels, Titanium) { expect_good(after(4, "ti", "ti/validation/ti_uniaxial_11")); }
TEST(ShippedModels, Ferrite) { expect_good(after(4, "fe", "fe/validation/fe_uniaxial_11")); }

}  // namespace
}  // namespace grainspin
