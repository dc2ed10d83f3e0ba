// Perceptually uniform colour maps for numbers: lightness rises steadily, so that they read in grey print
// and with any colour vision. The tables are matplotlib's viridis and magma (N. Smith & S. van der Walt
// 2015, CC0), every eighth entry; between them linear, within 2/255 of the full tables.
#pragma once

#include <array>
#include <cstdint>

namespace grainspin::render {

using Rgb = std::array<std::uint8_t, 3>;

// kBalance: blue through white at 1/2 to red, for differences.
enum class ColourMap { kViridis, kMagma, kBalance };

// The colour at t in [0,1]; beyond is the end's colour, NaN is grey.
Rgb colour_at(ColourMap map, double t);

}  // namespace grainspin::render
