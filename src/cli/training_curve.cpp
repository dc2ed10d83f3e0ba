#include "src/cli/training_curve.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "grainspin/archive.h"

namespace grainspin::cli {

namespace {

namespace fs = std::filesystem;

bool same(const std::vector<LoadStep>& a, const std::vector<LoadStep>& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t k = 0; k < a.size(); ++k) {
    if (a[k].prescribed != b[k].prescribed) return false;
    double size = 0, difference = 0;
    for (std::size_t c = 0; c < 9; ++c) {
      if (!a[k].prescribed[c]) continue;
      size = std::max({size, std::abs(a[k].L[c]), std::abs(b[k].L[c])});
      difference = std::max(difference, std::abs(a[k].L[c] - b[k].L[c]));
    }
    if (difference > 0.02 * size) return false;
  }
  return true;
}

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

std::vector<StressComponents> stored(const ModelSpec& spec) {
  std::vector<StressComponents> out;
  const auto domain = nlohmann::json::parse(spec.domain, nullptr, false);
  if (!domain.is_object() || !domain.contains("mean_curve") || !domain["mean_curve"].is_array()) return out;
  for (const auto& step : domain["mean_curve"]) {
    if (!step.is_array() || step.size() != 6 || !std::all_of(step.begin(), step.end(), [](const auto& v) { return v.is_number(); })) return {};
    StressComponents mean;
    for (std::size_t c = 0; c < 6; ++c) mean[c] = step[c].template get<double>();
    out.push_back(mean);
  }
  return out;
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
                                             const std::vector<LoadStep>& loads) {
  std::vector<StressComponents> out(loads.size(), StressComponents{});
  int count = 0;
  for (const RunCurve& curve : curves) {
    if (!same(curve.loads, loads)) continue;
    ++count;
    for (std::size_t k = 0; k < out.size(); ++k)
      for (std::size_t c = 0; c < 6; ++c) out[k][c] += curve.mean[k][c];
  }
  if (count == 0) {
    out = same(spec.loads, loads) ? stored(spec) : std::vector<StressComponents>{};
    return out.size() == loads.size() ? out : std::vector<StressComponents>{};
  }
  for (StressComponents& step : out)
    for (double& v : step) v /= count;
  return out;
}

}  // namespace grainspin::cli
