#include "src/render/canvas.h"

#include <cairo-svg.h>
#include <cairo.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <memory>

#include "grainspin/core.h"
#include "src/render/text.h"

namespace grainspin::render {
namespace {

constexpr std::string_view kOverline = "\xCC\x85";  // U+0305
constexpr const char* kFont = "DejaVu Sans";

cairo_status_t append(void* to, const unsigned char* data, unsigned length) {
  try {
    static_cast<std::string*>(to)->append(reinterpret_cast<const char*>(data), length);
  } catch (...) {
    return CAIRO_STATUS_NO_MEMORY;
  }
  return CAIRO_STATUS_SUCCESS;
}

cairo_status_t take(void* from, unsigned char* data, unsigned length) {
  auto& rest = *static_cast<std::string_view*>(from);
  if (rest.size() < length) return CAIRO_STATUS_READ_ERROR;
  std::memcpy(data, rest.data(), length);
  rest.remove_prefix(length);
  return CAIRO_STATUS_SUCCESS;
}

void require_ok(cairo_status_t status, const char* doing) {
  if (status == CAIRO_STATUS_SUCCESS) return;
  const Errc code = status == CAIRO_STATUS_NO_MEMORY ? Errc::kMemory : Errc::kInternal;
  throw Error(code, std::string("cairo, ") + doing + ": " + cairo_status_to_string(status));
}

struct DestroySurface {
  void operator()(cairo_surface_t* s) const { cairo_surface_destroy(s); }
};
using Surface = std::unique_ptr<cairo_surface_t, DestroySurface>;

// cairo's ARGB32: one native 32-bit word, colour premultiplied by alpha.
Surface surface_of(const Pixels& pixels) {
  require(pixels.rgba.size() == std::size_t(pixels.width) * pixels.height * 4, Errc::kShape,
          "an image's pixels do not fill its width and height");
  Surface s(cairo_image_surface_create(CAIRO_FORMAT_ARGB32, pixels.width, pixels.height));
  require_ok(cairo_surface_status(s.get()), "making an image");
  unsigned char* rows = cairo_image_surface_get_data(s.get());
  const int stride = cairo_image_surface_get_stride(s.get());
  for (int y = 0; y < pixels.height; ++y)
    for (int x = 0; x < pixels.width; ++x) {
      const std::uint8_t* p = &pixels.rgba[4 * (std::size_t(y) * pixels.width + x)];
      const auto times_alpha = [&](int c) { return std::uint32_t((p[c] * p[3] + 127) / 255); };
      const std::uint32_t word =
          std::uint32_t(p[3]) << 24 | times_alpha(0) << 16 | times_alpha(1) << 8 | times_alpha(2);
      std::memcpy(rows + std::ptrdiff_t(y) * stride + 4 * x, &word, 4);
    }
  cairo_surface_mark_dirty(s.get());
  return s;
}

// cairo numbers the things of an SVG with counters of the process; numbered in order of appearance, the same
// drawing is the same file.
std::string renumbered(const std::string& svg) {
  std::map<std::string, std::string> names;
  std::string out;
  out.reserve(svg.size());
  for (std::size_t at = 0; at < svg.size();) {
    std::size_t mark = 0;
    for (const std::string_view m : {" id=\"", "href=\"#", "url(#"})
      if (svg.compare(at, m.size(), m) == 0) mark = m.size();
    if (!mark) {
      out += svg[at++];
      continue;
    }
    const std::size_t begin = at + mark, end = std::min(svg.size(), svg.find_first_of("\")", begin));
    const auto [name, fresh] = names.try_emplace(svg.substr(begin, end - begin));
    if (fresh) name->second.append("n").append(std::to_string(names.size()));
    out.append(svg, at, mark);
    out += name->second;
    at = end;
  }
  return out;
}

void paint_with(cairo_t* c, const Colour& k) {
  cairo_set_source_rgba(c, k.r, k.g, k.b, k.a);
}

void trace(cairo_t* c, const std::vector<Point>& points) {
  cairo_new_path(c);
  for (const Point& p : points) cairo_line_to(c, p[0], p[1]);
}

// The text without its overlines, and the byte ranges of the characters they cover.
struct Barred {
  std::string plain;
  std::vector<std::array<std::size_t, 2>> bars;
};
Barred split_bars(std::string_view text) {
  const std::string valid = valid_utf8(text);  // cairo refuses to draw anything else
  std::string_view utf8 = valid;
  Barred b;
  while (!utf8.empty()) {
    if (utf8.starts_with(kOverline)) {
      std::size_t begin = b.plain.size();
      while (begin > 0 && (static_cast<unsigned char>(b.plain[--begin]) & 0xc0) == 0x80) {
      }
      b.bars.push_back({begin, b.plain.size()});
      utf8.remove_prefix(kOverline.size());
    } else {
      b.plain += utf8.front();
      utf8.remove_prefix(1);
    }
  }
  return b;
}

double advance(cairo_t* c, const std::string& s) {
  cairo_text_extents_t e;
  cairo_text_extents(c, s.c_str(), &e);
  return e.x_advance;
}

void choose_font(cairo_t* c, double size, bool bold) {
  cairo_select_font_face(c, kFont, CAIRO_FONT_SLANT_NORMAL,
                         bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
  cairo_set_font_size(c, size);
}

}  // namespace

const Theme& Theme::light() {
  static const Theme theme{hex(0xffffff), hex(0x1d232b), hex(0x5b6470), hex(0xdde1e6), hex(0x0072b2),
                           hex(0x6b7280), hex(0xd55e00), hex(0x009e73), hex(0x1d232b)};
  return theme;
}

const Theme& Theme::dark() {
  static const Theme theme{hex(0x1a1f26), hex(0xe8ebef), hex(0xa5adb8), hex(0x39414c), hex(0x56b4e9),
                           hex(0xaab2bd), hex(0xe69f00), hex(0x2fc79a), hex(0xe8ebef)};
  return theme;
}

Canvas::Canvas(Format format, double width, double height, double scale) : format_(format) {
  require(width > 0 && height > 0 && width <= 16384 && height <= 16384 && scale > 0, Errc::kArgument,
          "a picture's width and height must lie in (0, 16384]");
  if (format == Format::kPng) {
    surface_ = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, int(std::ceil(width * scale)),
                                          int(std::ceil(height * scale)));
  } else {
    surface_ = cairo_svg_surface_create_for_stream(append, &bytes_, width, height);
#if CAIRO_VERSION >= CAIRO_VERSION_ENCODE(1, 16, 0)
    cairo_svg_surface_set_document_unit(surface_, CAIRO_SVG_UNIT_PX);
#endif
  }
  cairo_ = cairo_create(surface_);
  if (format == Format::kPng) cairo_scale(cairo_, scale, scale);
  cairo_set_line_join(cairo_, CAIRO_LINE_JOIN_ROUND);
  cairo_set_line_cap(cairo_, CAIRO_LINE_CAP_ROUND);
  cairo_font_options_t* options = cairo_font_options_create();
  cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);  // the same widths at every scale
  cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
  cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
  cairo_set_font_options(cairo_, options);
  cairo_font_options_destroy(options);
}

Canvas::~Canvas() {
  cairo_destroy(cairo_);
  cairo_surface_destroy(surface_);
}

void Canvas::check(const char* doing) {
  require_ok(cairo_status(cairo_), doing);
}

void Canvas::fill(const Rect& r, const Colour& colour) {
  cairo_rectangle(cairo_, r.x, r.y, r.w, r.h);
  paint_with(cairo_, colour);
  cairo_fill(cairo_);
}

void Canvas::outline(const Rect& r, const Colour& colour, double width) {
  cairo_rectangle(cairo_, r.x, r.y, r.w, r.h);
  paint_with(cairo_, colour);
  cairo_set_line_width(cairo_, width);
  cairo_stroke(cairo_);
}

void Canvas::polyline(const std::vector<Point>& points, const Colour& colour, double width,
                      const std::vector<double>& dash) {
  trace(cairo_, points);
  paint_with(cairo_, colour);
  cairo_set_line_width(cairo_, width);
  cairo_set_dash(cairo_, dash.data(), int(dash.size()), 0);
  cairo_set_line_cap(cairo_, dash.empty() ? CAIRO_LINE_CAP_ROUND : CAIRO_LINE_CAP_BUTT);
  cairo_stroke(cairo_);
  cairo_set_dash(cairo_, nullptr, 0, 0);
}

void Canvas::polygon(const std::vector<Point>& points, const Colour& colour) {
  trace(cairo_, points);
  cairo_close_path(cairo_);
  paint_with(cairo_, colour);
  cairo_fill(cairo_);
}

void Canvas::circle(double x, double y, double r, const Colour& colour) {
  cairo_new_path(cairo_);
  cairo_arc(cairo_, x, y, r, 0, 2 * M_PI);
  paint_with(cairo_, colour);
  cairo_fill(cairo_);
}

void Canvas::ring(double x, double y, double r, const Colour& colour, double width) {
  cairo_new_path(cairo_);
  cairo_arc(cairo_, x, y, r, 0, 2 * M_PI);
  paint_with(cairo_, colour);
  cairo_set_line_width(cairo_, width);
  cairo_stroke(cairo_);
}

void Canvas::clip(const Rect& r) {
  cairo_save(cairo_);
  cairo_rectangle(cairo_, r.x, r.y, r.w, r.h);
  cairo_clip(cairo_);
}

void Canvas::unclip() {
  cairo_restore(cairo_);
}

void Canvas::image(const Rect& r, const Pixels& pixels, bool smooth) {
  const Surface s = surface_of(pixels);
  cairo_save(cairo_);
  cairo_rectangle(cairo_, r.x, r.y, r.w, r.h);
  cairo_clip(cairo_);
  cairo_translate(cairo_, r.x, r.y);
  cairo_scale(cairo_, r.w / pixels.width, r.h / pixels.height);
  cairo_set_source_surface(cairo_, s.get(), 0, 0);
  cairo_pattern_set_filter(cairo_get_source(cairo_), smooth ? CAIRO_FILTER_BILINEAR : CAIRO_FILTER_NEAREST);
  // Padding keeps the rim of an enlarged image crisp; in SVG it becomes a pattern that browsers repeat.
  if (format_ == Format::kPng) cairo_pattern_set_extend(cairo_get_source(cairo_), CAIRO_EXTEND_PAD);
  cairo_paint(cairo_);
  cairo_restore(cairo_);
  check("painting an image");
}

void Canvas::text(double x, double y, std::string_view utf8, const TextStyle& style) {
  const Barred b = split_bars(utf8);
  cairo_save(cairo_);
  choose_font(cairo_, style.size, style.bold);
  const double width = advance(cairo_, b.plain);
  cairo_translate(cairo_, x, y);
  cairo_rotate(cairo_, style.turn);
  const double shift = style.anchor == Anchor::kStart    ? 0
                       : style.anchor == Anchor::kMiddle ? -width / 2
                                                         : -width;
  cairo_move_to(cairo_, shift, 0);
  paint_with(cairo_, style.colour);
  cairo_show_text(cairo_, b.plain.c_str());
  cairo_set_line_width(cairo_, style.size / 14);
  for (const auto& [begin, end] : b.bars) {
    const double from = shift + advance(cairo_, b.plain.substr(0, begin));
    const double to = shift + advance(cairo_, b.plain.substr(0, end));
    const double inset = 0.12 * (to - from);
    cairo_move_to(cairo_, from + inset, -0.84 * style.size);
    cairo_line_to(cairo_, to - inset, -0.84 * style.size);
    cairo_stroke(cairo_);
  }
  cairo_restore(cairo_);
  check("drawing text (is a font installed? Debian: fonts-dejavu-core)");
}

double Canvas::text_width(std::string_view utf8, double size, bool bold) {
  cairo_save(cairo_);
  choose_font(cairo_, size, bold);
  const double width = advance(cairo_, split_bars(utf8).plain);
  cairo_restore(cairo_);
  return width;
}

std::string Canvas::finish() {
  check("drawing");
  if (format_ == Format::kPng) {
    cairo_surface_flush(surface_);
    require_ok(cairo_surface_write_to_png_stream(surface_, append, &bytes_), "encoding a PNG");
  }
  cairo_surface_finish(surface_);
  require_ok(cairo_surface_status(surface_), "finishing a picture");
  return format_ == Format::kSvg ? renumbered(bytes_) : std::move(bytes_);
}

std::string png(const Pixels& pixels) {
  const Surface s = surface_of(pixels);
  std::string bytes;
  require_ok(cairo_surface_write_to_png_stream(s.get(), append, &bytes), "encoding a PNG");
  return bytes;
}

Pixels decode_png(std::string_view bytes) {
  const Surface s(cairo_image_surface_create_from_png_stream(take, &bytes));
  require(cairo_surface_status(s.get()) == CAIRO_STATUS_SUCCESS, Errc::kFormat,
          "not a PNG that cairo can read");
  Pixels pixels{cairo_image_surface_get_width(s.get()), cairo_image_surface_get_height(s.get()), {}};
  pixels.rgba.resize(std::size_t(pixels.width) * pixels.height * 4);
  const bool opaque = cairo_image_surface_get_format(s.get()) == CAIRO_FORMAT_RGB24;
  const unsigned char* rows = cairo_image_surface_get_data(s.get());
  const int stride = cairo_image_surface_get_stride(s.get());
  for (int y = 0; y < pixels.height; ++y)
    for (int x = 0; x < pixels.width; ++x) {
      std::uint32_t word;
      std::memcpy(&word, rows + std::ptrdiff_t(y) * stride + 4 * x, 4);
      const std::uint32_t a = opaque ? 255 : word >> 24;
      std::uint8_t* p = &pixels.rgba[4 * (std::size_t(y) * pixels.width + x)];
      for (int c = 0; c < 3; ++c) {
        const std::uint32_t v = word >> (16 - 8 * c) & 0xff;
        p[c] = std::uint8_t(a ? std::min(255u, (v * 255 + a / 2) / a) : 0);
      }
      p[3] = std::uint8_t(a);
    }
  return pixels;
}

}  // namespace grainspin::render
