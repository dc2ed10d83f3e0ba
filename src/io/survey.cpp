#include "src/io/survey.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "grainspin/symmetry.h"
#include "src/io/numbers.h"

namespace grainspin {
namespace {

constexpr std::int64_t kSlab = 1 << 17;  // voxels at once

std::string count_text(std::int64_t n, const char* what) { return std::to_string(n).append(" ").append(what); }

// Calls f(begin, n) for slabs of the grid.
template <class F>
void slabs(const ArchiveInfo& info, const Progress& progress, F&& f) {
  const std::int64_t N = info.shape.voxels();
  for (std::int64_t begin = 0; begin < N; begin += kSlab) {
    if (progress && !progress(double(begin) / double(N), "read"))
      throw Error(Errc::kInterrupted, info.path + ": stopped while reading");
    f(begin, std::min(kSlab, N - begin));
  }
}

void survey_orientations(FieldReader& in, const Progress& progress, Survey& out) {
  const ArchiveInfo& info = in.info();
  std::vector<float> q(kSlab * 4);
  std::string first;
  for (int step = 0; step <= info.step_count(); ++step)
    slabs(info, progress, [&](std::int64_t begin, std::int64_t n) {
      in.orientation(step, begin, n, q.data());
      out.orientations += n;
      for (std::int64_t i = 0; i < n; ++i) {
        const float* v = q.data() + 4 * i;
        const double norm = std::sqrt(double(v[0]) * v[0] + double(v[1]) * v[1] + double(v[2]) * v[2] + double(v[3]) * v[3]);
        const double error = std::abs(norm - 1);
        if (std::isfinite(norm)) out.largest_norm_error = std::max(out.largest_norm_error, error);
        if (error <= 1e-3) continue;
        ++(std::isfinite(norm) ? out.not_unit : out.not_finite);
        if (first.empty())
          first = " (first: voxel " + std::to_string(begin + i) + " of " + info.steps[std::size_t(step)].name + ")";
      }
    });
  if (out.not_finite > 0) out.problems.push_back(count_text(out.not_finite, "orientations are not finite") + first);
  if (out.not_unit > 0) out.problems.push_back(count_text(out.not_unit, "orientations are not unit quaternions") + first);
}

void survey_rotation(FieldReader& in, const Progress& progress, Survey& out) {
  const ArchiveInfo& info = in.info();
  std::vector<const PointGroup*> groups;
  for (const auto& phase : info.phases)
    groups.push_back(phase.point_group.empty() ? nullptr : &PointGroup::named(phase.point_group));
  std::vector<float> a(kSlab * 4), b(kSlab * 4);
  std::vector<std::int32_t> phase(kSlab);
  std::int64_t counted = 0;
  double sum = 0;
  slabs(info, progress, [&](std::int64_t begin, std::int64_t n) {
    in.orientation(0, begin, n, a.data());
    in.orientation(info.step_count(), begin, n, b.data());
    in.phase(begin, n, phase.data());
    for (std::int64_t i = 0; i < n; ++i) {
      const PointGroup* group = groups[std::size_t(phase[std::size_t(i)])];
      const auto at = [i](const std::vector<float>& q) {
        const float* v = q.data() + 4 * i;
        return Quatd{v[0], v[1], v[2], v[3]};
      };
      const double angle = group ? disorientation_angle(*group, normalised(at(a)), normalised(at(b))) : std::nan("");
      if (!std::isfinite(angle)) continue;
      ++counted;
      sum += angle;
      out.rotation_max = std::max(out.rotation_max, angle);
    }
  });
  out.has_rotation = counted > 0;
  if (counted > 0) out.rotation_mean = sum / double(counted);
}

void survey_mechanics(FieldReader& in, const Progress& progress, Survey& out) {
  const ArchiveInfo& info = in.info();
  std::vector<float> F(kSlab * 9), P(kSlab * 9), sigma(kSlab * 6);
  for (const bool stress : {false, true}) {
    if (!(stress ? info.has_P : info.has_F)) continue;
    std::int64_t bad = 0;
    for (int step = 0; step <= info.step_count(); ++step)
      slabs(info, progress, [&](std::int64_t begin, std::int64_t n) {
        stress ? in.P(step, begin, n, F.data()) : in.F(step, begin, n, F.data());
        bad += std::count_if(F.begin(), F.begin() + n * 9, [](float x) { return !std::isfinite(x); });
      });
    if (bad > 0) out.problems.push_back(count_text(bad, stress ? "components of P" : "components of F") + " are not finite");
  }
  if (!info.has_F || !info.has_P) return;
  double sum = 0;
  out.stress_min = std::numeric_limits<double>::infinity();
  slabs(info, progress, [&](std::int64_t begin, std::int64_t n) {
    in.F(info.step_count(), begin, n, F.data());
    in.P(info.step_count(), begin, n, P.data());
    cauchy_stress(n, P.data(), F.data(), sigma.data());
    for (std::int64_t i = 0; i < n; ++i) {
      const float* s = sigma.data() + 6 * i;
      const double xy = double(s[0]) - s[1], yz = double(s[1]) - s[2], zx = double(s[2]) - s[0];
      const double shear = double(s[3]) * s[3] + double(s[4]) * s[4] + double(s[5]) * s[5];
      const double mises = std::sqrt(0.5 * (xy * xy + yz * yz + zx * zx) + 3 * shear);
      sum += mises;
      out.stress_min = std::min(out.stress_min, mises);
      out.stress_max = std::max(out.stress_max, mises);
    }
  });
  out.has_stress = true;
  out.stress_mean = sum / double(info.shape.voxels());
}

void survey_grains(FieldReader& in, Survey& out) {
  const ArchiveInfo& info = in.info();
  const std::int64_t N = info.shape.voxels();
  std::vector<std::int32_t> ids(static_cast<std::size_t>(N));
  if (info.has_grain) {
    in.grain(0, N, ids.data());
  } else {
    // One group must fit all: grains across phases of unlike symmetry cannot be compared.
    for (const auto& phase : info.phases)
      if (!info.has_orientation || phase.point_group.empty() || phase.point_group != info.phases[0].point_group) return;
    std::vector<float> q(static_cast<std::size_t>(N) * 4);
    in.orientation(0, 0, N, q.data());
    ids = label_grains(info.shape, info.boundaries, q.data(), info.phases[0].point_group, 0.1 * std::numbers::pi / 180);
    out.labelled = true;
  }
  std::int32_t most = -1;
  for (const auto id : ids) {
    require(id >= 0 && id < N, Errc::kFormat, info.path + ": grain id " + std::to_string(id) + " is not dense");
    most = std::max(most, id);
  }
  std::vector<std::int64_t> voxels(std::size_t(most) + 1, 0);
  for (const auto id : ids) ++voxels[std::size_t(id)];
  std::erase(voxels, 0);
  out.grains = std::int64_t(voxels.size());
  out.smallest = *std::min_element(voxels.begin(), voxels.end());
  out.largest = *std::max_element(voxels.begin(), voxels.end());
}

}  // namespace

std::string uneven_steps(const ArchiveInfo& info) {
  if (info.loads.size() < 2) return "";
  double low = std::numeric_limits<double>::infinity(), high = 0;
  for (const auto& load : info.loads) {
    low = std::min(low, load.von_mises());
    high = std::max(high, load.von_mises());
  }
  if (high <= 1.1 * low) return "";  // free strains of an even load differ by some percent
  const auto percent = [](double x) { return number_text(std::round(x * 1e5) / 1e3); };
  return "uneven steps: from " + percent(low) + " to " + percent(high) + " % strain";
}

Survey survey(FieldReader& in, const Progress& progress) {
  Survey out;
  const ArchiveInfo& info = in.info();
  out.problems = info.problems;
  if (const std::string text = uneven_steps(info); !text.empty()) out.problems.push_back(text);
  const bool timed = std::ranges::any_of(info.steps, [](const StepInfo& s) { return s.time != 0; });  // a prediction has no times
  for (std::size_t k = 1; timed && k < info.steps.size(); ++k)
    if (!(info.steps[k].time > info.steps[k - 1].time)) {
      out.problems.push_back("time does not grow at " + info.steps[k].name);
      break;
    }
  if (info.has_orientation) {
    survey_orientations(in, progress, out);
    if (info.step_count() > 0) survey_rotation(in, progress, out);
  } else {
    out.problems.push_back("no orientations for all voxels and steps");
  }
  survey_mechanics(in, progress, out);
  survey_grains(in, out);
  return out;
}

}  // namespace grainspin
