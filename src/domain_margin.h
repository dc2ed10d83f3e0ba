// A distance in the units of its margin: DomainJudge::measure.
#pragma once

#include <cmath>

#include "grainspin/domain.h"

namespace grainspin {

// Up to 1 where it is fine, up to 2 where it is doubtful.
inline double measure_of(double value, Margin margin) {
  const double m = value <= margin.fine ? value / margin.fine : 1 + (value - margin.fine) / (margin.doubtful - margin.fine);
  return std::isfinite(m) ? m : DomainJudge::kOutsideMeasure;
}

}  // namespace grainspin
