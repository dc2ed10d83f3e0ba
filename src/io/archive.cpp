#include "grainspin/archive.h"

#include "src/io/dadf5.h"
#include "src/io/result.h"

namespace grainspin {

std::unique_ptr<FieldReader> open_archive(const std::string& path, const OpenOptions& options) {
  h5::File file = h5::File::open(path);
  if (file.has_attribute("/", "DADF5_version_major")) return std::make_unique<Dadf5Reader>(std::move(file), options);
  if (is_result(file)) return open_result(std::move(file));
  if (file.has_link("VTKHDF"))
    throw Error(Errc::kFormat, path + ": is a VTKHDF file, but not one of grainspin's results (no group grainspin)");
  if (file.has_link("DataContainers") || file.has_link("DataStructure"))
    throw Error(Errc::kFormat, path + ": is a DREAM.3D file, which is not supported yet");
  throw Error(Errc::kFormat, path + ": is an HDF5 file but no DAMASK result and no grainspin result");
}

void FieldReader::stress(int, std::int64_t, std::int64_t, float*) {
  throw Error(Errc::kFormat, info().path + ": holds no Cauchy stresses");
}

void cauchy_stress(std::int64_t n, const float* P, const float* F, float* sigma) {
  constexpr int kRow[6] = {0, 1, 2, 1, 0, 0}, kColumn[6] = {0, 1, 2, 2, 2, 1};
  for (std::int64_t v = 0; v < n; ++v, P += 9, F += 9, sigma += 6) {
    const double det = double(F[0]) * (double(F[4]) * F[8] - double(F[5]) * F[7]) -
                       double(F[1]) * (double(F[3]) * F[8] - double(F[5]) * F[6]) +
                       double(F[2]) * (double(F[3]) * F[7] - double(F[4]) * F[6]);
    const auto component = [&](int i, int j) {  // (P F^T)_ij / det F
      double s = 0;
      for (int k = 0; k < 3; ++k) s += double(P[3 * i + k]) * F[3 * j + k];
      return s / det;
    };
    // Symmetric but for the solver's tolerance: the mean of both halves.
    for (int c = 0; c < 6; ++c)
      sigma[c] = float(0.5 * (component(kRow[c], kColumn[c]) + component(kColumn[c], kRow[c])));
  }
}

}  // namespace grainspin
