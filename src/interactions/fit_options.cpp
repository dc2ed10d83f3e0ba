// The options of a fit as JSON: in full, with the conventions that a reader needs.
#include <cmath>
#include <nlohmann/json.hpp>

#include "src/interactions/fit_options.h"

namespace grainspin::interactions {

using nlohmann::ordered_json;

std::string options_json(const FitOptions& o, const SlipSet& slip) {
  ordered_json rules = ordered_json::array();
  for (const PenaltyRule& r : o.penalties) {
    ordered_json factor = r.factor;
    if (std::isinf(r.factor)) factor = "infinite";
    rules.push_back({{"orbit", r.orbit}, {"factor", factor}});
  }
  ordered_json j = {
      {"group", o.group.empty() ? slip.point_group : o.group},
      {"refine", o.refine},
      {"refine_penalty", o.refine_penalty},
      {"h_symmetric", o.h_symmetric},
      {"k_terms", o.k_terms},
      {"k_target", o.k_target == Target::kIncrement ? "increment" : "rate"},
      {"window", o.window},
      {"stride", o.stride > 0 ? o.stride : o.window},
      {"mask", o.mask.empty() ? "none" : o.mask_name.empty() ? "given" : o.mask_name},
      {"row_weights", o.relative ? "the data's weights over the mean square of the row's responses" : "the data's weights"},
      {"selector", o.selector == Selector::kStlsq ? "stlsq" : "lasso"},
      {"select", o.select == Select::kOneSe ? "one-se" : "min"},
      {"folds", o.folds},
      {"seed", o.seed},
      {"lambda", o.lambda},
      {"l1_ratio", o.path.l1_ratio},
      {"lambdas", o.path.lambdas},
      {"lambda_min_ratio", o.path.lambda_min_ratio},
      {"standardise", o.path.standardise},
      {"gap", o.path.gap},
      {"stop_gain", o.path.stop_gain},
      {"stop_explained", o.path.stop_explained},
      {"penalty", o.penalty == Penalty::kOrbitSize
                      ? "orbit size: lambda sum over orbits of size |theta|, the LASSO of all entries"
                      : "one: lambda sum over orbits of |theta|, whatever their size"},
      {"penalised", o.path.standardise ? "unknowns of columns scaled to unit mean square" : "unknowns in their own units"},
      {"penalty_rules", rules},
      {"adaptive", o.adaptive},
      {"adaptive_power", o.adaptive_power},
      {"refit", o.refit},
      {"t_threshold", o.t_threshold},
      {"stability", o.stability},
      {"stability_threshold", o.stability_threshold},
      {"stlsq_threshold", o.stlsq_threshold},
      {"stlsq_ridge", o.stlsq_ridge}};
  return j.dump();
}

}  // namespace grainspin::interactions
