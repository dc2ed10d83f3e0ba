// What happens where dislocations of two or three slip systems meet, by Burgers vectors of true length.
#pragma once

#include "grainspin/slip_systems.h"

namespace grainspin::interactions {

enum class Meeting { kSelf, kCollinear, kCoplanar, kPerpendicular, kGlissileInActing, kGlissileInReacting, kGlissileInBoth, kSessile };

// Of two systems. A junction's Burgers vector is the shorter of b_i + b_j and b_i - b_j (Frank's rule); perpendicular
// Burgers vectors: both are as long, nothing is gained to first order (Hirth's lock).
Meeting meeting(const SlipSystem& reacting, const SlipSystem& acting);

bool same_direction(const SlipSystem& s, const SlipSystem& t);
// b_i = +-b_j +- b_k.
bool frank_reaction(const SlipSystem& i, const SlipSystem& j, const SlipSystem& k);
// Such a reaction along the line n_j x n_k, which lies in the plane of i too: the product can glide. Where j and k share
// a plane, it is that of i.
bool glissile_reaction(const SlipSystem& i, const SlipSystem& j, const SlipSystem& k);

}  // namespace grainspin::interactions
