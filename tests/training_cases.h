// Small made-up runs whose increments follow a known law, to train on and to turn about.
#pragma once

#include <cmath>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "datasets/run.h"
#include "grainspin/archive.h"
#include "grainspin/symmetry.h"

namespace grainspin::testing {

// Tension along z: the z component prescribed, lateral ones free, shear prescribed as zero.
inline std::vector<LoadStep> tension(int steps, double strain = 0.01) {
  LoadStep load;
  load.L = {-strain / 2, 0, 0, 0, -strain / 2, 0, 0, 0, strain};
  load.prescribed = {false, true, true, true, false, true, true, true, true};
  return std::vector<LoadStep>(std::size_t(steps), load);
}

// A law that tension along z leaves as it is, with cubic symmetry: with the cube axes a_i in the sample frame
// and M = sum_i (a_i . z)^2 a_i a_i^T the rotation vector is gain (M_yz, -M_xz, 0), the axial vector of M E -
// E M.
inline Vec3<double> law(const Quatd& q, double gain) {
  const Mat3<double> a = matrix(q);  // columns: the axes
  double yz = 0, xz = 0;
  for (int i = 0; i < 3; ++i) {
    const double weight = a(2, i) * a(2, i);
    yz += weight * a(1, i) * a(2, i);
    xz += weight * a(0, i) * a(2, i);
  }
  return {gain * yz, -gain * xz, 0};
}

// q[steps + 1][N][4]: random start; each voxel turns by the mean of the law over itself and its six
// neighbours.
inline std::vector<float> follow_law(Shape s, int steps, unsigned seed, double gain = 0.05) {
  std::mt19937_64 random(seed);
  auto uniform = [&] { return double(random() >> 11) * 0x1p-53 * 2 - 1; };
  std::vector<Quatd> q;
  for (std::int64_t i = 0; i < s.voxels(); ++i)
    q.push_back(normalised(Quatd{uniform(), uniform(), uniform(), uniform()}));
  std::vector<float> all;
  for (int t = 0; t <= steps; ++t) {
    for (const Quatd& v : q) all.insert(all.end(), {float(v.w), float(v.x), float(v.y), float(v.z)});
    std::vector<Quatd> next;
    for (int z = 0; z < s.nz; ++z)
      for (int y = 0; y < s.ny; ++y)
        for (int x = 0; x < s.nx; ++x) {
          Vec3<double> sum;
          for (const int k : {13, 12, 14, 10, 16, 4, 22}) {  // the centre and the faces of a 3x3x3 cube
            const Vec3<double> w = law(q[std::size_t(tap(s, {}, x, y, z, 1, k))], gain / 7);
            sum = {sum.x + w.x, sum.y + w.y, sum.z + w.z};
          }
          next.push_back(exp(sum) * q[std::size_t(tap(s, {}, x, y, z, 0, 0))]);
        }
    q = next;
  }
  return all;
}

inline Run made_run(Shape s, int steps, unsigned seed, double gain = 0.05) {
  return make_run("run " + std::to_string(seed), s, {}, "432", 0, tension(steps),
                  follow_law(s, steps, seed, gain), {});
}

// The same as an archive on disk.
inline void write_run(const std::string& path, Shape s, int steps, unsigned seed,
                      const std::string& group = "432", double strain = 0.01) {
  ArchiveInfo info;
  info.creator = "made up";
  info.shape = s;
  info.size = {s.nx * 1e-6, s.ny * 1e-6, s.nz * 1e-6};
  PhaseInfo phase;
  phase.name = "Cu";
  phase.point_group = group;
  phase.c_over_a = group == "622" ? 1.6 : 0;
  phase.voxels = s.voxels();
  info.phases = {phase};
  info.loads = tension(steps, strain);
  for (int t = 0; t <= steps; ++t) {
    StepInfo step;
    step.name = "step_" + std::to_string(t);
    step.time = t;
    step.strain = t * strain;
    step.mean_F = {std::exp(-t * strain / 2), 0, 0, 0, std::exp(-t * strain / 2), 0, 0, 0,
                   std::exp(t * strain)};
    info.steps.push_back(step);
  }
  info.has_orientation = true;
  const auto q = follow_law(s, steps, seed);
  const auto out = create_archive(path, info, {});
  for (int t = 0; t <= steps; ++t) out->orientation(t, 0, s.voxels(), &q[std::size_t(t * s.voxels() * 4)]);
  const std::vector<std::int32_t> zero(std::size_t(s.voxels()), 0);
  out->phase(0, s.voxels(), zero.data());
  out->finish();
}

// A folder of its own that goes with the object.
class Scratch {
 public:
  explicit Scratch(const std::string& name)
      : path_(std::filesystem::temp_directory_path() / ("grainspin ü " + name)) {
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace grainspin::testing
