#include "grainspin/archive.h"

#include <array>
#include <fstream>

#include "src/io/dadf5.h"
#include "src/io/damask_geometry.h"
#include "src/io/dream3d.h"
#include "src/io/evpfft.h"
#include "src/io/hdf5_state.h"
#include "src/io/prisms.h"
#include "src/io/result.h"
#include "src/io/tesr.h"

namespace grainspin {
namespace {

constexpr std::size_t kHead = 1 << 16;

// The first bytes; empty where the file cannot be read.
std::string head_of(const std::string& path) {
  std::string head(kHead, '\0');
  std::ifstream in(path, std::ios::binary);
  in.read(head.data(), std::streamsize(head.size()));
  head.resize(std::size_t(std::max<std::streamsize>(in.gcount(), 0)));
  return head;
}

// The first line that is not blank.
std::string_view first_line(std::string_view head) {
  const std::size_t begin = head.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  head.remove_prefix(begin);
  return head.substr(0, head.find_first_of("\r\n"));
}

std::unique_ptr<FieldReader> open_text(const std::string& path, const SourceOptions& source) {
  const std::string head = head_of(path);
  const std::string_view line = first_line(head);
  if (is_evpfft_line(line)) return read_evpfft(path, source);
  if (is_prisms(head)) return read_prisms(path, source);
  if (line.starts_with("***tesr")) return read_tesr(path, source);
  if (line.starts_with("***tess"))
    throw Error(Errc::kFormat, path + ": is a Neper tessellation of cells; write it as a raster (neper -T -loadtess FILE "
                                      "-format tesr)");
  if (head.find("<VTKFile") != std::string::npos) {
    if (head.find("<ImageData") != std::string::npos) return read_damask_geometry(path, source);
    throw Error(Errc::kFormat, path + ": is a VTK file, but no image on a regular grid");
  }
  throw Error(Errc::kFormat, path + ": is not an HDF5 file and no text of a format that is read");
}

}  // namespace

std::unique_ptr<FieldReader> open_archive(const std::string& path, const OpenOptions& options) {
  if (!h5::File::is_hdf5(path)) return open_text(path, options.source);
  h5::File file = h5::File::open(path);
  if (file.has_attribute("/", "DADF5_version_major")) return std::make_unique<Dadf5Reader>(std::move(file), options);
  if (is_result(file)) return open_result(std::move(file));
  if (is_dream3d(file)) return read_dream3d(std::move(file), options.source);
  if (!options.source.orientations.empty()) return read_hdf5_arrays(std::move(file), options.source);
  if (file.has_link("VTKHDF"))
    throw Error(Errc::kFormat, path + ": is a VTKHDF file, but not one of grainspin's results (no group grainspin)");
  throw Error(Errc::kFormat, path + ": is an HDF5 file but no DAMASK result, grainspin result or DREAM.3D file; "
                                    "--orientations DATASET --as KIND read arrays of any");
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
