// Line charts and histograms: axes with round ticks, a legend above the plot, shaded bands.
#pragma once

#include <string>
#include <vector>

#include "src/render/canvas.h"

namespace grainspin::render {

struct Series {
  std::string name;
  std::vector<Point> points;
  Colour colour;
  double width = 2;
  std::vector<double> dash;
  bool markers = false;
  bool filled = false;  // down to the bottom axis
};

// A horizontal band over the whole plot.
struct Band {
  std::string name;
  double low = 0, high = 0;
  Colour colour;
};

// A vertical line with a label on top of it.
struct Mark {
  std::string name;
  double x = 0;
  Colour colour;
};

struct Chart {
  std::string title;  // may be empty
  std::string x_label, y_label;
  std::vector<Series> series;  // the first is drawn on top
  std::vector<Band> bands;
  std::vector<Mark> marks;
  bool log_y = false;  // only where every value is positive
  bool zero_y = true;  // a linear y axis starts at zero
};

void draw_chart(Canvas& canvas, const Rect& rect, const Theme& theme, const Chart& chart);

// Numbers at steps of 1, 2 or 5 times a power of ten in [low, high], about `wanted` of them.
std::vector<double> round_ticks(double low, double high, int wanted);

// A histogram's outline: `values` that are finite, in bins of `bin` from zero, as a share of them in
// percent, the last bin at `top` holds all beyond. Corner points of a step line.
std::vector<Point> histogram_steps(const std::vector<float>& values, double bin, double top);

}  // namespace grainspin::render
