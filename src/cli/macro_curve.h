// The macroscopic curve of a run: mean stress and mean velocity gradient of every step.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "grainspin/surrogate.h"
#include "src/ranks/ranks.h"

namespace grainspin::cli {

class MacroCurve {
 public:
  // `loads` [T] of the run; `mask` empty or [shape], 0: not counted in the means.
  MacroCurve(Shape shape, const std::vector<LoadStep>& loads, const std::vector<std::uint8_t>& mask);
  // Stresses of voxels that are not masked, summed: Pa, xx yy zz yz xz xy.
  struct Sum {
    std::array<double, 6> stress{};
    std::int64_t voxels = 0;
  };
  // Adds a tile of a step, its box [lo, lo + extent), to `sum`.
  void count(std::array<int, 3> lo, Shape extent, const StepOutput& out, Sum& sum) const;
  void add(int step, const Sum& sum);
  void load(int step, const LoadStep& load) { rows_.at(std::size_t(step - 1)).load = load; }
  void sum(Ranks& ranks);  // collective: what all ranks have added
  // One line a step, 0 to T: step, strain (sum of the von Mises strains of the steps), mean Cauchy stress xx yy zz yz xz
  // xy and its von Mises value in Pa (where there was one), mean velocity gradient times time with the free
  // components predicted (completed where the run predicts none). Throws Error kIo.
  void write(const std::string& path) const;
  // Von Mises value of the mean stress of the last step, Pa; negative where there is none.
  double last_von_mises() const;

 private:
  struct Row {
    LoadStep load;
    Sum sum;
  };
  Shape shape_;
  const std::vector<std::uint8_t>& mask_;
  std::vector<Row> rows_;  // [T]
};

}  // namespace grainspin::cli
