#include "src/cli/predict_verdict.h"

#include <fmt/format.h>

#include <algorithm>
#include <numbers>

namespace grainspin::cli {
namespace {

// The box [lo, lo + extent) of a field over the grid; null where there is none.
template <class T>
const T* box_of(const std::vector<T>& field, Shape shape, std::array<int, 3> lo, Shape extent, std::vector<T>& out) {
  if (field.empty()) return nullptr;
  if (extent == shape) return field.data();
  out.resize(std::size_t(extent.voxels()));
  auto to = out.begin();
  for (int z = 0; z < extent.nz; ++z)
    for (int y = 0; y < extent.ny; ++y) {
      const std::int64_t from = (std::int64_t(lo[2] + z) * shape.ny + lo[1] + y) * shape.nx + lo[0];
      to = std::copy_n(field.begin() + from, extent.nx, to);
    }
  return out.data();
}

}  // namespace

RunVerdict::RunVerdict(const ModelSpec& spec, Shape shape, Boundaries boundaries, std::vector<LoadStep> loads, const std::vector<std::int32_t>& phase,
                       const std::vector<std::uint8_t>& mask, int threads)
    : judge_(spec), shape_(shape), boundaries_(boundaries), whole_(spec.family == Family::kNonlocal), loads_(std::move(loads)), phase_(phase), mask_(mask), threads_(threads), voxels_(loads_.size()), calibration_(calibration(spec)) {}

const std::uint8_t* RunVerdict::judge(std::array<int, 3> lo, Shape extent, const StepOutput& out, VoxelVerdicts& sum) {
  verdict_.resize(std::size_t(extent.voxels()));
  const LoadStep* const load = &loads_[std::size_t(out.step - 1)];
  if (whole_ && extent == shape_) {
    sum += judge_.grid({shape_, boundaries_, out.orientation, out.increment, phase_.empty() ? nullptr : phase_.data(),
                        mask_.empty() ? nullptr : mask_.data(), load},
                       verdict_.data(), threads_);
    return verdict_.data();
  }
  sum +=
      judge_.voxels(extent.voxels(), out.orientation, out.increment, box_of(phase_, shape_, lo, extent, tile_phase_),
                    box_of(mask_, shape_, lo, extent, tile_mask_), verdict_.data(), threads_, load);
  return verdict_.data();
}

std::int64_t RunVerdict::bytes(const ModelSpec& spec, Shape shape) {
  const std::int64_t verdict = 1, surroundings = training_domain(spec).surroundings.empty() ? 0 : 8 + 3 * 4;
  const std::int64_t error = calibration(spec) ? 2 * 3 * 4 + 4 : 0;
  return spec.family == Family::kNonlocal ? shape.voxels() * (verdict + surroundings + error) : 0;
}

void RunVerdict::crystals(const std::vector<PhaseInfo>& phases, const std::vector<std::int32_t>& model) {
  for (std::size_t i = 0; i < model.size(); ++i)
    if (model[i] >= 0) judge_.crystal(std::size_t(model[i]), phases[i].name, phases[i].lattice, phases[i].c_over_a);
}

const float* RunVerdict::error_degrees() {
  if (!error_) return nullptr;
  degrees_.resize(std::size_t(shape_.voxels()));
  for (std::int64_t i = 0; i < shape_.voxels(); ++i)
    degrees_[std::size_t(i)] = !mask_.empty() && !mask_[std::size_t(i)] ? 0.0f : float(error_->expected(i) * 180 / std::numbers::pi);
  return degrees_.data();
}

void RunVerdict::sum(Ranks& ranks) {
  for (std::int64_t i = 0; error_ && i < error_->voxels(); ++i) {
    if (!mask_.empty() && !mask_[std::size_t(i)]) continue;
    expected_[0] += error_->expected(i);
    expected_[1] += error_->radius(i, 1);
    expected_[2] += 1;
  }
  ranks.sum(expected_);
  if (ranks.size() == 1) return;
  for (VoxelVerdicts& step : voxels_) {
    const std::vector<VoxelVerdicts> all = ranks.gather(step);
    step = {};
    for (const VoxelVerdicts& one : all) step += one;
  }
}

std::string RunVerdict::voxel_text(Verdict run) const {
  if (voxels_.empty() || (judge_.domain().orientations.empty() && judge_.domain().increment <= 0)) return "";
  const auto worst = std::ranges::max_element(voxels_, {}, [](const VoxelVerdicts& v) { return std::pair{v.outside, v.doubtful}; });
  // Load and crystal are the run's: voxels may be fine where it is not.
  if (worst->outside == 0 && worst->doubtful == 0) return run == Verdict::kFine ? "; all voxels fine" : "; the voxels by themselves are fine";
  const double n = double(std::max<std::int64_t>(worst->voxels, 1));
  return fmt::format("; voxels by themselves: {:.2g} % doubtful, {:.2g} % outside at most (step {})", 100 * double(worst->doubtful) / n,
                     100 * double(worst->outside) / n, worst - voxels_.begin() + 1);
}

void RunVerdict::add_error(Shape extent, const StepOutput& out) {
  if (!calibration_ || !out.log_variance || extent != shape_) return;
  if (!error_) error_.emplace(shape_.voxels(), *calibration_);
  error_->add(out.log_variance);
}

std::string RunVerdict::error_text() const {
  constexpr double kDegrees = 180 / std::numbers::pi;
  if (expected_[2] == 0) return "";
  return fmt::format("{:.2f} degrees in the mean at the last step; 90 of 100 voxels within {:.2f} (mean radius)",
                     expected_[0] / expected_[2] * kDegrees, expected_[1] / expected_[2] * kDegrees);
}

}  // namespace grainspin::cli
