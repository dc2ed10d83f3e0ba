// What the tests of training do with a training: run it, compare models, expect a refusal.
#pragma once

#include <string>

#include <gtest/gtest.h>

#include "grainspin/core.h"
#include "networks/train.h"

namespace grainspin::testing {

inline TrainReport run(const TrainOptions& o) {
  return train(o, [](double, double, const TrainRow*) { return true; });
}

// The same tensors, bit for bit.
inline bool equal(const Model& a, const Model& b) {
  if (a.tensors.size() != b.tensors.size()) return false;
  for (const auto& [name, t] : a.tensors)
    if (b.tensors.at(name).values != t.values) return false;
  return true;
}

// The text of the error, which has this code.
inline std::string refusal(const TrainOptions& o, Errc code) {
  try {
    run(o);
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), code) << e.what();
    return e.what();
  }
  ADD_FAILURE() << "was not refused";
  return "";
}

}  // namespace grainspin::testing
