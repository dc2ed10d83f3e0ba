// How well a number tells two kinds apart.
#pragma once

#include <span>

namespace grainspin {

// The area under the ROC curve: the probability that a value of `positive` is above one of `negative`, equal ones counted half
// (Mann & Whitney 1947; Hanley & McNeil 1982). 1: all above, 0.5: nothing told apart. Error kArgument where one is
// empty or holds what is not a number.
double auc(std::span<const float> positive, std::span<const float> negative);

}  // namespace grainspin
