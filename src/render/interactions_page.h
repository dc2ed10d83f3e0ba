// The page of a fit of H and K: one self-contained HTML file (inline style, pictures as data: URIs, no script).
#pragma once

#include <string>

#include "grainspin/interactions/fit.h"
#include "src/render/curve.h"

namespace grainspin::render {

std::string interactions_html(const interactions::InteractionFit& fit, const std::string& title);
// Throws Error kIo naming the path.
void write_interactions_page(const std::string& path, const interactions::InteractionFit& fit, const std::string& title);

// Pictures of the page. Coefficients of one regression along its path, each in parts of its largest; x: log10 of
// lambda in parts of lambda_max. Mean squared error of left-out runs in parts of the mean squared response.
Chart path_chart(const interactions::BlockFit& block, const Theme& theme);
Chart cv_chart(const interactions::BlockFit& block, const Theme& theme);
// A matrix as coloured cells with its numbers, lines between families, families' names at its sides. SVG.
std::string heat_map_svg(const SlipSet& slip, const interactions::Tensor& tensor, const Theme& theme);

}  // namespace grainspin::render
