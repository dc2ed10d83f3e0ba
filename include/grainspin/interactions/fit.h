// H and K fitted to DDD runs: targets, features, ties, path, cross-validation by runs, selection, refit.
#pragma once

#include <limits>
#include <string>
#include <vector>

#include "grainspin/interactions/data.h"
#include "grainspin/interactions/law.h"
#include "grainspin/interactions/regression.h"
#include "grainspin/interactions/terms.h"
#include "grainspin/interactions/ties.h"

namespace grainspin::interactions {

enum class Target { kResistance, kRate, kIncrement };  // z_i; rhodot_i; the weak form: rho_i(t2) - rho_i(t1) against int x dt
enum class Select { kLambdaMin, kOneSe };
enum class Selector { kLasso, kStlsq };

}  // namespace grainspin::interactions
