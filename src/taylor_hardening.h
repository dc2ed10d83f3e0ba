// A phenopowerlaw's lists, one number a family of N_sl, unrolled to the systems of a set.
#pragma once

#include <vector>

#include "grainspin/archive.h"
#include "grainspin/slip_systems.h"

namespace grainspin::taylor_detail {

// [N]; throws Error kFormat naming the list where it is too short.
std::vector<double> unrolled(const SlipSet& slip, const Phenopowerlaw& law, const std::vector<double>& values, const char* name);

}  // namespace grainspin::taylor_detail
