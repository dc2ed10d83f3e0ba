// The example solver against DAMASK: the archive of 12^3 voxels, its first two strain steps at its own time
// steps.
#include <gtest/gtest.h>

#include "examples/solver/files.h"
#include "examples/solver/polycrystal.h"
#include "examples/solver/rotation.h"
#include "grainspin/archive.h"

namespace cp {
namespace {

TEST(SolverArchive, CopperAtTwoPercent) {
  const std::string source = GRAINSPIN_SOURCE_DIR;
  const auto archive = grainspin::open_archive(source + "/datasets/cu_uniaxial/damask/cu_uniaxial_21.hdf5");
  const auto& info = archive->info();
  const std::int64_t n = info.shape.voxels();
  std::vector<float> raw(4 * n);
  archive->orientation(0, 0, n, raw.data());
  std::vector<double> q(raw.begin(), raw.end());
  Polycrystal solver(read_material(source + "/examples/solver/copper.txt"), {12, 12, 12}, {1, 1, 1}, q.data(),
                     1);
  const auto load = read_load(source + "/examples/solver/uniaxial.txt");
  std::vector<float> P(9 * n), F(9 * n), cauchy(6 * n);
  for (int s = 0; s < 2; ++s) {
    const Matrix from = solver.mean_F();
    double time = 0;
    for (int i = 0; i < load[s].increments; ++i) {
      time += time_of(load[s], i);
      MeanLoad here = load[s].end;
      here.F[8] = from[8] + time / load[s].time * (load[s].end.F[8] - from[8]);
      solver.advance(time_of(load[s], i), here);
    }
    const auto& step = info.steps[s + 1];
    EXPECT_NEAR(solver.mean_P()[8] / step.mean_P[8], 1, 0.005);
    EXPECT_NEAR(solver.mean_F()[0], step.mean_F[0], 2e-5);  // the free components are found
    EXPECT_NEAR(solver.mean_F()[4], step.mean_F[4], 2e-5);
    archive->P(s + 1, 0, n, P.data());
    archive->F(s + 1, 0, n, F.data());
    grainspin::cauchy_stress(n, P.data(), F.data(), cauchy.data());
    double stress = 0, turned = 0, error = 0;
    for (std::int64_t v = 0; v < n; ++v) {
      const std::vector<double> here(cauchy.begin() + 6 * v, cauchy.begin() + 6 * v + 6);
      stress += von_mises(here.data()) / static_cast<double>(n);
    }
    EXPECT_NEAR(solver.mean_von_mises() / stress, 1, 0.005);
    archive->orientation(s + 1, 0, n, raw.data());
    std::vector<double> now(4 * n);
    solver.orientations(now.data());
    for (std::int64_t v = 0; v < n; ++v) {
      const std::vector<double> truth(raw.begin() + 4 * v, raw.begin() + 4 * v + 4);
      error += cubic_disorientation(truth.data(), now.data() + 4 * v) / static_cast<double>(n);
      turned += cubic_disorientation(truth.data(), q.data() + 4 * v) / static_cast<double>(n);
    }
    EXPECT_LT(error, 0.06 * turned);
  }
}

}  // namespace
}  // namespace cp
