#include "datasets/stress.h"

namespace grainspin {

bool knows_stress(const ArchiveInfo& info) {
  return info.has_stress || (info.has_F && info.has_P);
}

std::vector<float> read_stress(FieldReader& reader) {
  const ArchiveInfo& info = reader.info();
  const std::int64_t n = info.shape.voxels();
  const int steps = info.step_count();
  std::vector<float> sigma(std::size_t(steps * n * 6)), F, P;
  if (!info.has_stress) F.resize(std::size_t(n * 9)), P.resize(std::size_t(n * 9));
  for (int t = 1; t <= steps; ++t) {
    float* out = &sigma[std::size_t((t - 1) * n * 6)];
    if (info.has_stress) {
      reader.stress(t, 0, n, out);
    } else {
      reader.F(t, 0, n, F.data());
      reader.P(t, 0, n, P.data());
      cauchy_stress(n, P.data(), F.data(), out);
    }
  }
  return sigma;
}

}  // namespace grainspin
