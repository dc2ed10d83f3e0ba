#include "src/render/colour_map.h"

#include <algorithm>
#include <cmath>

namespace grainspin::render {
namespace {

constexpr int kEntries = 33;
constexpr std::uint32_t kViridisTable[kEntries] = {
    0x440154, 0x470d60, 0x48186a, 0x482374, 0x472d7b, 0x453681, 0x424086, 0x3f4989, 0x3b528b,
    0x375a8d, 0x33638d, 0x2f6a8e, 0x2c728e, 0x297a8e, 0x26818e, 0x23898e, 0x21908c, 0x1f988b,
    0x1f9f88, 0x21a685, 0x28ae80, 0x31b57b, 0x3ebc74, 0x4cc26c, 0x5dc963, 0x6ece58, 0x82d34c,
    0x96d83f, 0xabdc32, 0xc0df24, 0xd5e21a, 0xeae51a, 0xfde725};
constexpr std::uint32_t kMagmaTable[kEntries] = {
    0x000004, 0x030311, 0x0a0822, 0x130d33, 0x1d1146, 0x28115a, 0x36106a, 0x430f76, 0x50127c,
    0x5d177f, 0x691c81, 0x762181, 0x822681, 0x8f2a81, 0x9c2e7f, 0xa9327d, 0xb63779, 0xc33b75,
    0xcf4170, 0xdb486a, 0xe65163, 0xee5c5e, 0xf5695c, 0xf9785d, 0xfb8761, 0xfd9668, 0xfea571,
    0xfeb47b, 0xfec387, 0xfed194, 0xfde0a2, 0xfceeb0, 0xfcfdbf};

}  // namespace

Rgb colour_at(ColourMap map, double t) {
  if (std::isnan(t)) return {128, 128, 128};
  if (map == ColourMap::kBalance) {  // ends of equal lightness, linear to white
    const double s = std::clamp(2 * t - 1, -1.0, 1.0);
    const Rgb end = s < 0 ? Rgb{0x1f, 0x5a, 0xa6} : Rgb{0xb4, 0x3b, 0x2b};
    Rgb rgb;
    for (int c = 0; c < 3; ++c) rgb[c] = std::uint8_t(std::lround(248 + (end[c] - 248) * std::abs(s)));
    return rgb;
  }
  const std::uint32_t* table = map == ColourMap::kViridis ? kViridisTable : kMagmaTable;
  const double s = std::clamp(t, 0.0, 1.0) * (kEntries - 1);
  const int i = std::min(int(s), kEntries - 2);
  Rgb rgb;
  for (int c = 0; c < 3; ++c) {
    const int shift = 16 - 8 * c;
    const double a = table[i] >> shift & 0xff, b = table[i + 1] >> shift & 0xff;
    rgb[c] = std::uint8_t(std::lround(a + (b - a) * (s - i)));
  }
  return rgb;
}

}  // namespace grainspin::render
