// A page to draw on, PNG or SVG, by cairo. Units are CSS pixels, origin at the top left, y down. SVG text
// becomes outlines, so a picture looks the same on a machine without the font.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "src/render/colour_map.h"

struct _cairo;
struct _cairo_surface;

namespace grainspin::render {

struct Colour {
  double r = 0, g = 0, b = 0, a = 1;
};
constexpr Colour hex(std::uint32_t rgb, double alpha = 1) {
  return {(rgb >> 16 & 0xff) / 255.0, (rgb >> 8 & 0xff) / 255.0, (rgb & 0xff) / 255.0, alpha};
}

// Colours of a light and a dark page. The series are Okabe & Ito's (2008), told apart by any colour vision.
struct Theme {
  Colour paper, ink, muted, rule, model, persistence, taylor, noise, truth;
  static const Theme& light();
  static const Theme& dark();
};

struct Rect {
  double x = 0, y = 0, w = 0, h = 0;
};
using Point = std::array<double, 2>;

// An image, row 0 on top, opaque where a = 255.
struct Pixels {
  int width = 0, height = 0;
  std::vector<std::uint8_t> rgba;  // [height][width][4]
};

enum class Anchor { kStart, kMiddle, kEnd };

struct TextStyle {
  double size = 13;
  Colour colour;
  Anchor anchor = Anchor::kStart;
  bool bold = false;
  double turn = 0;  // radians, clockwise, about the anchor
};

class Canvas {
 public:
  enum class Format { kPng, kSvg };
  // `scale` is pixels per unit of a PNG. Throws Error kArgument for a size that is not in (0, 16384] units.
  Canvas(Format format, double width, double height, double scale = 2);
  ~Canvas();
  Canvas(const Canvas&) = delete;
  Canvas& operator=(const Canvas&) = delete;

  void fill(const Rect& rect, const Colour& colour);
  void outline(const Rect& rect, const Colour& colour, double width);
  void polyline(const std::vector<Point>& points, const Colour& colour, double width,
                const std::vector<double>& dash = {});
  void polygon(const std::vector<Point>& points, const Colour& colour);
  void circle(double x, double y, double r, const Colour& colour);
  void ring(double x, double y, double r, const Colour& colour, double width);
  void clip(const Rect& rect);
  void unclip();
  // Stretched over `rect`; `smooth` interpolates, otherwise every pixel keeps its edges.
  void image(const Rect& rect, const Pixels& pixels, bool smooth = false);
  // y is the baseline. A combining overline (U+0305) puts a bar over the character before it.
  void text(double x, double y, std::string_view utf8, const TextStyle& style);
  double text_width(std::string_view utf8, double size, bool bold = false);

  // The bytes of the file; nothing can be drawn after it.
  std::string finish();

 private:
  void check(const char* doing);
  Format format_;
  std::string bytes_;
  _cairo_surface* surface_ = nullptr;
  _cairo* cairo_ = nullptr;
};

// `pixels` as a PNG file, one pixel each.
std::string png(const Pixels& pixels);

// The file's pixels; Error kFormat if it is no PNG. For tests and tools.
Pixels decode_png(std::string_view bytes);

}  // namespace grainspin::render
