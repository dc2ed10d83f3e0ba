#include "src/render/pole_figure.h"

#include <algorithm>
#include <cmath>

namespace grainspin::render {
namespace {

// Families come from one pole under the group: every distinct line through the origin once.
PoleFamily family_of(const PointGroup& group, std::string name, const Vec3<double>& pole) {
  PoleFamily family{std::move(name), {}};
  for (const Quatd& s : group.operators()) {
    const Vec3<double> v = matrix(s) * pole;
    const bool known = std::any_of(family.poles.begin(), family.poles.end(), [&](const Vec3<double>& u) {
      return std::abs(u.x * v.x + u.y * v.y + u.z * v.z) > 1 - 1e-9;
    });
    if (!known) family.poles.push_back(v);
  }
  return family;
}

// Poles gathered in cells of the disc: how many, and their summed direction, so that a cell acts from
// where its poles really are.
struct Cell {
  double weight = 0;
  Vec3<double> sum;
};

}  // namespace

std::vector<PoleFamily> shown_poles(const PointGroup& group) {
  const std::string& g = group.name();
  const double r2 = std::sqrt(0.5), r3 = std::sqrt(1 / 3.0), half = 0.5, s3 = std::sqrt(0.75);
  if (g == "432" || g == "23")
    return {family_of(group, "{100}", {0, 0, 1}), family_of(group, "{110}", {r2, 0, r2}),
            family_of(group, "{111}", {r3, r3, r3})};
  if (g == "622" || g == "6" || g == "32" || g == "3")  // plane normals; x is parallel to a
    return {family_of(group, "{0001}", {0, 0, 1}), family_of(group, "{101\u03050}", {s3, half, 0}),
            family_of(group, "{112\u03050}", {half, s3, 0})};
  return {family_of(group, "{100}", {1, 0, 0}), family_of(group, "{010}", {0, 1, 0}),
          family_of(group, "{001}", {0, 0, 1})};
}

PoleDensity pole_density(const PoleFamily& family, std::int64_t n, const float* q, double half_width_deg,
                         int side) {
  constexpr int kCells = 121;  // across the disc: 1.5 degrees, below the half width
  std::vector<Cell> cells(kCells * kCells);
  double total = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    const Quatd o{q[4 * i], q[4 * i + 1], q[4 * i + 2], q[4 * i + 3]};
    const double length2 = o.w * o.w + o.x * o.x + o.y * o.y + o.z * o.z;
    if (!(length2 > 0) || !std::isfinite(length2)) continue;
    const Mat3<double> R = matrix(normalised(o));
    for (const Vec3<double>& pole : family.poles) {
      Vec3<double> v = R * pole;
      if (v.z < 0) v = {-v.x, -v.y, -v.z};
      const double f = 1 / std::sqrt(1 + v.z);
      const auto cell = [&](double x) { return std::clamp(int((x * f + 1) / 2 * kCells), 0, kCells - 1); };
      Cell& c = cells[std::size_t(cell(v.y)) * kCells + cell(v.x)];
      c.weight += 1;
      c.sum = {c.sum.x + v.x, c.sum.y + v.y, c.sum.z + v.z};
      total += 1;
    }
  }
  std::vector<Cell> full;  // those with poles, sum made a unit vector
  for (Cell& c : cells)
    if (c.weight > 0) {
      const double s = 1 / std::sqrt(c.sum.x * c.sum.x + c.sum.y * c.sum.y + c.sum.z * c.sum.z);
      full.push_back({c.weight / total, {c.sum.x * s, c.sum.y * s, c.sum.z * s}});
    }

  const double kappa = std::log(0.5) / (2 * std::log(std::cos(half_width_deg / 2 * M_PI / 180)));
  constexpr int kTable = 4096;  // (K(t) + K(-t))/2 over |t| in [0,1], linear between entries
  std::vector<double> table(kTable + 2);
  for (int k = 0; k < kTable + 2; ++k) {
    const double t = std::min(1.0, double(k) / kTable);
    table[k] = (1 + kappa) / 2 * (std::pow((1 + t) / 2, kappa) + std::pow((1 - t) / 2, kappa));
  }
  // Below this |t| the kernel is under 1e-9 of its peak.
  const double negligible = std::max(0.0, 2 * std::pow(1e-9, 1 / kappa) - 1) * kTable;

  PoleDensity density{side, std::vector<float>(std::size_t(side) * side, NAN), INFINITY, -INFINITY};
  for (int j = 0; j < side; ++j)
    for (int i = 0; i < side; ++i) {
      const double x = (2 * i + 1.0) / side - 1, y = 1 - (2 * j + 1.0) / side, r2 = x * x + y * y;
      if (r2 > 1) continue;
      const double f = std::sqrt(2 - r2);
      const Vec3<double> v{x * f, y * f, 1 - r2};
      double sum = 0;
      for (const Cell& c : full) {
        const double t = std::min(1.0, std::abs(v.x * c.sum.x + v.y * c.sum.y + v.z * c.sum.z)) * kTable;
        if (t < negligible) continue;
        const int k = int(t);
        sum += c.weight * (table[k] + (table[k + 1] - table[k]) * (t - k));
      }
      density.value[std::size_t(j) * side + i] = float(sum);
      density.low = std::min(density.low, sum);
      density.high = std::max(density.high, sum);
    }
  return density;
}

void draw_pole_figure(Canvas& canvas, const Rect& rect, const PoleDensity& density, double top) {
  const double r = std::min(rect.w, rect.h) / 2 - 1, cx = rect.x + rect.w / 2, cy = rect.y + rect.h / 2;
  // Drawn at three pixels a unit from the coarser density, bilinear, with its own smooth rim.
  const int w = std::max(16, int(std::lround(6 * r)));
  Pixels disc{w, w, std::vector<std::uint8_t>(std::size_t(w) * w * 4, 0)};
  const int side = density.side;
  for (int j = 0; j < w; ++j)
    for (int i = 0; i < w; ++i) {
      const double x = (2 * i + 1.0) / w - 1, y = (2 * j + 1.0) / w - 1;
      const double rim = (1 - std::sqrt(x * x + y * y)) * w / 2;
      if (rim <= 0) continue;
      const double u = (x + 1) / 2 * side - 0.5, v = (y + 1) / 2 * side - 0.5;
      const int i0 = int(std::floor(u)), j0 = int(std::floor(v));
      double sum = 0, weight = 0;
      for (int dj = 0; dj < 2; ++dj)
        for (int di = 0; di < 2; ++di) {
          const int a = i0 + di, b = j0 + dj;
          if (a < 0 || b < 0 || a >= side || b >= side) continue;
          const float d = density.value[std::size_t(b) * side + a];
          const double f = (di ? u - i0 : 1 - u + i0) * (dj ? v - j0 : 1 - v + j0) + 1e-9;
          if (!std::isnan(d)) sum += f * d, weight += f;
        }
      const Rgb rgb = colour_at(ColourMap::kViridis, weight > 0 ? sum / weight / top : 0);
      std::uint8_t* p = &disc.rgba[4 * (std::size_t(j) * w + i)];
      for (int c = 0; c < 3; ++c) p[c] = rgb[c];
      p[3] = std::uint8_t(std::lround(255 * std::min(1.0, rim)));
    }
  canvas.image({cx - r, cy - r, 2 * r, 2 * r}, disc, true);
  canvas.ring(cx, cy, r, hex(0x808890), 1);
}

}  // namespace grainspin::render
