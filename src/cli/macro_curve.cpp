#include "src/cli/macro_curve.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>

#include "grainspin/core.h"

namespace grainspin::cli {
namespace {

double von_mises(const std::array<double, 6>& s) {
  const double a = s[0] - s[1], b = s[1] - s[2], c = s[2] - s[0];
  return std::sqrt(0.5 * (a * a + b * b + c * c) + 3 * (s[3] * s[3] + s[4] * s[4] + s[5] * s[5]));
}

std::array<double, 6> mean(std::array<double, 6> sum, std::int64_t n) {
  for (double& s : sum) s /= double(n);
  return sum;
}

}  // namespace

MacroCurve::MacroCurve(Shape shape, const std::vector<LoadStep>& loads, const std::vector<std::uint8_t>& mask)
    : shape_(shape), mask_(mask) {
  for (const LoadStep& load : loads) rows_.push_back({completed(load), {}});
}

void MacroCurve::count(std::array<int, 3> lo, Shape extent, const StepOutput& out, Sum& sum) const {
  if (!out.stress) return;
  const float* s = out.stress;
  for (int z = 0; z < extent.nz; ++z)
    for (int y = 0; y < extent.ny; ++y) {
      std::int64_t v = (std::int64_t(lo[2] + z) * shape_.ny + lo[1] + y) * shape_.nx + lo[0];
      for (int x = 0; x < extent.nx; ++x, ++v, s += 6) {
        if (!mask_.empty() && !mask_[std::size_t(v)]) continue;
        for (std::size_t c = 0; c < 6; ++c) sum.stress[c] += s[c];
        ++sum.voxels;
      }
    }
}

void MacroCurve::sum(Ranks& ranks) {
  std::vector<double> sums;
  for (const Row& row : rows_) {
    sums.insert(sums.end(), row.sum.stress.begin(), row.sum.stress.end());
    sums.push_back(double(row.sum.voxels));
  }
  if (ranks.size() > 1) ranks.sum(sums);
  for (std::size_t k = 0; k < rows_.size(); ++k) {
    std::copy_n(sums.begin() + std::ptrdiff_t(7 * k), 6, rows_[k].sum.stress.begin());
    rows_[k].sum.voxels = std::int64_t(sums[7 * k + 6]);
  }
}

void MacroCurve::add(int step, const Sum& sum) {
  Sum& to = rows_.at(std::size_t(step - 1)).sum;
  for (std::size_t c = 0; c < 6; ++c) to.stress[c] += sum.stress[c];
  to.voxels += sum.voxels;
}

double MacroCurve::last_von_mises() const {
  if (rows_.empty() || rows_.back().sum.voxels == 0) return -1;
  return von_mises(mean(rows_.back().sum.stress, rows_.back().sum.voxels));
}

void MacroCurve::write(const std::string& path) const {
  const bool stress = !rows_.empty() && rows_.back().sum.voxels > 0;
  std::string text = "step,strain";
  if (stress) text += ",stress_xx,stress_yy,stress_zz,stress_yz,stress_xz,stress_xy,von_mises_stress";
  text += ",L_xx,L_xy,L_xz,L_yx,L_yy,L_yz,L_zx,L_zy,L_zz\n0,0";
  for (int c = 0; c < (stress ? 7 : 0) + 9; ++c) text += ",0";
  text += "\n";
  double strain = 0;
  for (std::size_t k = 0; k < rows_.size(); ++k) {
    const Row& row = rows_[k];
    strain += row.load.von_mises();
    text += fmt::format("{},{:.9g}", k + 1, strain);
    if (stress) {
      const std::array<double, 6> s = mean(row.sum.stress, row.sum.voxels);
      for (const double c : s) text += fmt::format(",{:.7g}", c);
      text += fmt::format(",{:.7g}", von_mises(s));
    }
    for (const double l : row.load.L) text += fmt::format(",{:.9g}", l == 0 ? 0.0 : l);  // no -0
    text += "\n";
  }
  const std::string part = path + ".part";
  std::ofstream out(part, std::ios::binary);
  out << text;
  out.close();
  std::error_code error;
  if (out) std::filesystem::rename(part, path, error);
  if (!out || error) {
    std::error_code ignored;
    std::filesystem::remove(part, ignored);
    throw Error(Errc::kIo, path + ": cannot be written");
  }
}

}  // namespace grainspin::cli
