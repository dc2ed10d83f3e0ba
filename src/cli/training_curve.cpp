#include "src/cli/training_curve.h"

#include <algorithm>
#include <filesystem>

#include "datasets/grid_curves.h"

namespace grainspin::cli {

namespace {

namespace fs = std::filesystem;

// True where the archive has what a curve needs.
bool read_curve(const std::string& path, RunCurve& out) {
  const ArchiveInfo info = open_archive(path)->info();
  if (!info.has_mean_F || !info.has_mean_P || int(info.loads.size()) != info.step_count()) return false;
  out.loads = info.loads;
  for (int k = 1; k <= info.step_count(); ++k) {
    float P[9], F[9], sigma[6];
    std::copy_n(info.steps[std::size_t(k)].mean_P.begin(), 9, P);
    std::copy_n(info.steps[std::size_t(k)].mean_F.begin(), 9, F);
    cauchy_stress(1, P, F, sigma);
    StressComponents mean;
    std::copy_n(sigma, 6, mean.begin());
    out.mean.push_back(mean);
  }
  return true;
}

}  // namespace

std::vector<RunCurve> read_curves(const std::vector<std::string>& paths) {
  std::vector<std::string> files;
  for (const std::string& path : paths) {
    if (!fs::is_directory(path)) {
      files.push_back(path);
      continue;
    }
    for (const auto& entry : fs::recursive_directory_iterator(path)) {
      const std::string extension = entry.path().extension().string();
      if (entry.is_regular_file() && (extension == ".hdf5" || extension == ".h5")) files.push_back(entry.path().string());
    }
  }
  std::sort(files.begin(), files.end());
  std::vector<RunCurve> out;
  for (const std::string& file : files) {
    RunCurve curve;
    if (read_curve(file, curve)) out.push_back(std::move(curve));
  }
  require(!out.empty() || paths.empty(), Errc::kArgument,
          "--training " + (paths.empty() ? "" : paths.front()) + ": no archive with stress and load among " + std::to_string(files.size()));
  return out;
}

std::vector<StressComponents> training_curve(const std::vector<RunCurve>& curves, const ModelSpec& spec,
                                             const ArchiveInfo& info) {
  const std::vector<LoadStep>& loads = info.loads;
  std::vector<StressComponents> out(loads.size(), StressComponents{});
  int count = 0;
  for (const RunCurve& curve : curves) {
    if (!same_load(curve.loads, loads)) continue;
    ++count;
    for (std::size_t k = 0; k < out.size(); ++k)
      for (std::size_t c = 0; c < 6; ++c) out[k][c] += curve.mean[k][c];
  }
  if (count == 0) {
    std::vector<std::string> phases;
    for (const PhaseInfo& phase : info.phases) phases.push_back(phase.name);
    return stored_curve(spec.domain, spec.loads, loads, phases);
  }
  for (StressComponents& step : out)
    for (double& v : step) v /= count;
  return out;
}

}  // namespace grainspin::cli
