// Figures of a self-contained page: drawings that follow the reader's choice of light or dark.
#pragma once

#include <functional>
#include <string>

#include "src/render/curve.h"

namespace grainspin::render {

using Draw = std::function<std::string(const Theme&)>;  // returns an SVG

// Paper always gets the light one.
std::string themed_svg(const Draw& draw, const std::string& alt);
std::string png_image(const Pixels& pixels, const std::string& alt);  // an <img>
std::string chart_figure(const std::function<Chart(const Theme&)>& make, const std::string& alt, const std::string& caption);
// A number in large type and what it is.
std::string tile(const std::string& value, const std::string& what);

}  // namespace grainspin::render
