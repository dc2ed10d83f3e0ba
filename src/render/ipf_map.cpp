#include "src/render/ipf_map.h"

#include <algorithm>
#include <cmath>

#include "src/render/curve.h"
#include "src/render/text.h"

namespace grainspin::render {
namespace {

void put(Pixels& map, int column, int row, const Rgb& rgb) {
  std::uint8_t* p = &map.rgba[4 * (std::size_t(map.height - 1 - row) * map.width + column)];
  p[0] = rgb[0];
  p[1] = rgb[1];
  p[2] = rgb[2];
  p[3] = 255;
}

Pixels blank(int width, int height) {
  return {width, height, std::vector<std::uint8_t>(std::size_t(width) * height * 4, 0)};
}

Quatd quaternion(const float* q) {
  return {q[0], q[1], q[2], q[3]};
}

// A direction on the sphere of quaternions at all: finite and not zero.
bool usable(const float* q) {
  const double length2 =
      double(q[0]) * q[0] + double(q[1]) * q[1] + double(q[2]) * q[2] + double(q[3]) * q[3];
  return length2 > 0 && std::isfinite(length2);
}

// A rotation that carries the crystal direction v (unit) to sample z: with it, "parallel to z" is v.
Quatd carrying_to_z(const Vec3<double>& v) {
  if (v.z < -1 + 1e-12) return {0, 1, 0, 0};
  return normalised(Quatd{1 + v.z, v.y, -v.x, 0});  // half way between v and z: axis v x z
}

struct Corner {
  const char* label;
  Vec3<double> v;
};

Vec3<double> at_azimuth(double degrees) {
  return {std::cos(degrees * M_PI / 180), std::sin(degrees * M_PI / 180), 0};
}

// The corners of the group's standard triangle (symmetry.h) in direction indices; in the hexagonal ones x is
// parallel to a = [2-1-10], so [10-10] lies at 30 degrees.
std::vector<Corner> corners_of(const std::string& g) {
  const double r2 = std::sqrt(0.5), r3 = std::sqrt(1 / 3.0);
  const Vec3<double> z{0, 0, 1};
  const Corner a{"21\u03051\u03050", at_azimuth(0)};
  if (g == "432") return {{"001", z}, {"101", {r2, 0, r2}}, {"111", {r3, r3, r3}}};
  if (g == "23") return {{"001", z}, {"101", {r2, 0, r2}}, {"111", {r3, r3, r3}}, {"011", {0, r2, r2}}};
  if (g == "622") return {{"0001", z}, a, {"101\u03050", at_azimuth(30)}};
  if (g == "6") return {{"0001", z}, a, {"112\u03050", at_azimuth(60)}};
  if (g == "32") return {{"0001", z}, {"11\u030500", at_azimuth(-30)}, {"101\u03050", at_azimuth(30)}};
  if (g == "3") return {{"0001", z}, a, {"1\u030521\u03050", at_azimuth(120)}};
  if (g == "422") return {{"001", z}, {"100", at_azimuth(0)}, {"110", at_azimuth(45)}};
  if (g == "2") return {{"001", z}, {"100", at_azimuth(0)}, {"1\u030500", at_azimuth(180)}};
  return {{"001", z}, {"100", at_azimuth(0)}, {"010", at_azimuth(90)}};
}

bool in_triangle(const PointGroup& group, const Vec3<double>& v) {
  const Vec3<double> u = standard_triangle(group, v);
  return v.z >= -1e-9 && std::abs(u.x - v.x) + std::abs(u.y - v.y) + std::abs(u.z - v.z) < 1e-6;
}

// Lambert's equal-area projection of the upper hemisphere onto the unit disc, and back.
Point project(const Vec3<double>& v) {
  const double f = 1 / std::sqrt(1 + v.z);
  return {v.x * f, v.y * f};
}
Vec3<double> unproject(double x, double y) {
  const double r2 = x * x + y * y, f = std::sqrt(std::max(0.0, 2 - r2));
  return {x * f, y * f, 1 - r2};
}

}  // namespace

Pixels ipf_map(const VoxelSymmetry& symmetry, int columns, int rows, const float* q,
               const std::array<double, 3>& axis) {
  Pixels map = blank(columns, rows);
  for (int j = 0; j < rows; ++j)
    for (int i = 0; i < columns; ++i) {
      const std::int64_t v = std::int64_t(j) * columns + i;
      put(map, i, j, ipf_colour(symmetry.at(v), quaternion(q + 4 * v), {axis[0], axis[1], axis[2]}));
    }
  return map;
}

Pixels value_map(ColourMap map, int columns, int rows, const float* values, double low, double high) {
  Pixels out = blank(columns, rows);
  for (int j = 0; j < rows; ++j)
    for (int i = 0; i < columns; ++i)
      put(out, i, j, colour_at(map, (values[std::size_t(j) * columns + i] - low) / (high - low)));
  return out;
}

Pixels error_map(int columns, int rows, const float* error_deg, double top) {
  return value_map(ColourMap::kMagma, columns, rows, error_deg, 0, top);
}

std::vector<float> disorientation_deg(const VoxelSymmetry& symmetry, std::size_t n, const float* a,
                                      const float* b) {
  std::vector<float> deg(n, NAN);
  for (std::size_t i = 0; i < n; ++i)
    if (usable(a + 4 * i) && usable(b + 4 * i))
      deg[i] = float(180 / M_PI *
                     disorientation_angle(symmetry.at(std::int64_t(i)), normalised(quaternion(a + 4 * i)),
                                          normalised(quaternion(b + 4 * i))));
  return deg;
}

Pixels enlarged(const Pixels& map, double column_size, double row_size, const std::int32_t* grain,
                const Rgb& line, int side) {
  const double smaller = std::min(column_size, row_size);
  const double ratio_x = smaller > 0 ? column_size / smaller : 1,
               ratio_y = smaller > 0 ? row_size / smaller : 1;
  const double longer = std::max(map.width * ratio_x, map.height * ratio_y);
  // A whole number of pixels a voxel while the map is small; every n-th voxel when it is very large.
  const double factor = longer <= 2.0 * side ? std::max(1.0, std::ceil(side / longer)) : 2.0 * side / longer;
  Pixels big = blank(std::max(1, int(std::lround(map.width * ratio_x * factor))),
                     std::max(1, int(std::lround(map.height * ratio_y * factor))));
  const auto from_x = [&](int x) { return std::min(map.width - 1, int((x + 0.5) * map.width / big.width)); };
  const auto from_y = [&](int y) {
    return std::min(map.height - 1, int((y + 0.5) * map.height / big.height));
  };
  const bool lines = grain && factor >= 4;
  const auto grain_at = [&](int x, int y) {
    return grain[std::size_t(map.height - 1 - from_y(y)) * map.width + from_x(x)];
  };
  const int half = lines ? std::max(1, int(factor / 16)) : 0;  // half the width of a line
  for (int y = 0; y < big.height; ++y)
    for (int x = 0; x < big.width; ++x) {
      std::uint8_t* p = &big.rgba[4 * (std::size_t(y) * big.width + x)];
      const std::uint8_t* q = &map.rgba[4 * (std::size_t(from_y(y)) * map.width + from_x(x))];
      bool edge = false;
      if (lines) {
        const std::int32_t g = grain_at(x, y);
        edge = (x >= half && grain_at(x - half, y) != g) ||
               (x + half < big.width && grain_at(x + half, y) != g) ||
               (y >= half && grain_at(x, y - half) != g) ||
               (y + half < big.height && grain_at(x, y + half) != g);
      }
      for (int c = 0; c < 3; ++c) p[c] = edge ? line[c] : q[c];
      p[3] = 255;
    }
  return big;
}

void draw_ipf_key(Canvas& canvas, const Rect& rect, const Theme& theme, const PointGroup& group) {
  // The triangle's extent on the disc, from its own points.
  double x0 = 0, x1 = 0, y0 = 0, y1 = 0;
  for (int a = -180; a <= 180; ++a)
    for (int b = 0; b <= 90; ++b) {
      const double azimuth = a * M_PI / 180, polar = b * M_PI / 180;
      const Vec3<double> v{std::sin(polar) * std::cos(azimuth), std::sin(polar) * std::sin(azimuth),
                           std::cos(polar)};
      if (!in_triangle(group, v)) continue;
      const Point p = project(v);
      x0 = std::min(x0, p[0]), x1 = std::max(x1, p[0]), y0 = std::min(y0, p[1]), y1 = std::max(y1, p[1]);
    }
  constexpr double kSize = 13, kRoom = 20;  // room for the labels above and below
  const double room_x = 40,
               unit = std::min((rect.w - 2 * room_x) / (x1 - x0), (rect.h - 2 * kRoom) / (y1 - y0));
  const double left = rect.x + (rect.w - unit * (x1 - x0)) / 2,
               bottom = rect.y + (rect.h + unit * (y1 - y0)) / 2;
  const auto place = [&](const Point& p) -> Point {
    return {left + (p[0] - x0) * unit, bottom - (p[1] - y0) * unit};
  };

  constexpr int kOver = 3;  // samples a unit, each way: the PNG's resolution and smooth edges in the SVG
  const int w = int(std::ceil((x1 - x0) * unit * kOver)), h = int(std::ceil((y1 - y0) * unit * kOver));
  Pixels key = blank(w, h);
  for (int j = 0; j < h; ++j)
    for (int i = 0; i < w; ++i) {
      const double x = x0 + (i + 0.5) / (unit * kOver), y = y0 + (j + 0.5) / (unit * kOver);
      if (x * x + y * y > 1) continue;
      const Vec3<double> v = unproject(x, y);
      if (in_triangle(group, v)) put(key, i, j, ipf_colour(group, carrying_to_z(v), {0, 0, 1}));
    }
  canvas.image({left, bottom - (y1 - y0) * unit, w / double(kOver), h / double(kOver)}, key, true);

  const double middle = (y0 + y1) / 2;
  for (const Corner& corner : corners_of(group.name())) {
    const Point p = project(corner.v), at = place(p);
    const bool below = p[1] <= middle;
    canvas.text(at[0], below ? at[1] + kSize + 4 : at[1] - 6, corner.label,
                {kSize, theme.ink, Anchor::kMiddle});
  }
}

void draw_colour_bar(Canvas& canvas, const Rect& rect, const Theme& theme, ColourMap map, double low,
                     double high, const std::string& label) {
  constexpr double kSize = 13;
  const double height = std::max(6.0, rect.h - 2 * (kSize + 6));
  Pixels bar = blank(256, 1);
  for (int i = 0; i < 256; ++i) put(bar, i, 0, colour_at(map, (i + 0.5) / 256));
  const Rect at{rect.x + 14, rect.y, rect.w - 28, height};
  canvas.image(at, bar, true);
  const std::vector<double> ticks = round_ticks(low, high, int(at.w / 45));
  for (const double t : ticks) {
    const double x = at.x + at.w * (t - low) / (high - low);
    canvas.polyline({{x, at.y + at.h}, {x, at.y + at.h + 4}}, theme.muted, 1);
    canvas.text(x, at.y + at.h + kSize + 5, tick(t, ticks.size() > 1 ? ticks[1] - ticks[0] : 1),
                {kSize, theme.ink, Anchor::kMiddle});
  }
  canvas.text(at.x + at.w / 2, rect.y + rect.h - 2, label, {kSize, theme.muted, Anchor::kMiddle});
}

double round_up(double value) {
  if (!(value > 0) || !std::isfinite(value)) return 1;
  const double power = std::pow(10, std::floor(std::log10(value)));
  for (const double f : {1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0})
    if (f * power >= value * (1 - 1e-9)) return f * power;
  return 10 * power;
}

}  // namespace grainspin::render
