#include "src/render/figure.h"

#include "src/render/html.h"
#include "src/render/pictures.h"

namespace grainspin::render {

std::string themed_svg(const Draw& draw, const std::string& alt) {
  return "<picture><source media=\"screen and (prefers-color-scheme: dark)\" srcset=\"" +
         data_uri("image/svg+xml", draw(Theme::dark())) + "\"/><img alt=\"" + escaped(alt) + "\" src=\"" +
         data_uri("image/svg+xml", draw(Theme::light())) + "\"/></picture>";
}

std::string png_image(const Pixels& pixels, const std::string& alt) {
  return "<img alt=\"" + escaped(alt) + "\" width=\"" + std::to_string(pixels.width) + "\" height=\"" +
         std::to_string(pixels.height) + "\" src=\"" + data_uri("image/png", png(pixels)) + "\"/>";
}

std::string chart_figure(const std::function<Chart(const Theme&)>& make, const std::string& alt, const std::string& caption) {
  return "<figure>" + themed_svg([&](const Theme& t) { return chart_svg(make(t), t); }, alt) +
         "<figcaption>" + escaped(caption) + "</figcaption></figure>\n";
}

std::string tile(const std::string& value, const std::string& what) {
  return "<div class=\"tile\"><b>" + escaped(value) + "</b><span>" + escaped(what) + "</span></div>\n";
}

}  // namespace grainspin::render
