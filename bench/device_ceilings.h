// What the GPU can do at most, measured in the run that is to be judged by it (cuda/ceilings/), and what a voxel-step takes at least.
#pragma once

#include "cuda/ceilings/ceilings.h"
#include "grainspin/model.h"

namespace grainspin::bench {

// Of the first GPU, measured when it is first asked for. Throws Error kDevice where there is none or the library is not built.
const cuda::Ceilings& device_ceilings();
// Into the head of a benchmark's output; nothing where there is no GPU.
void report_device_ceilings();
// A benchmark's main: that head, then its rows. What it returns is the program's status.
int run_below_device_ceilings(int argc, char** argv);

// Seconds a voxel-step of the local family at least: the unit that binds by itself, all others beside it. half: products in bf16 and
// tanh.approx; else fp32. Bytes: the state of a closed loop or of two layers in and out, orientations (`neighbours` 70 a step, halo
// and its marks included; else 16 a run).
struct DeviceFloor {
  double seconds = 0;
  const char* bound = "";
};
DeviceFloor device_floor_of(const cuda::Ceilings& ceilings, const LocalSpec& local, int inputs, int steps, bool half);

}  // namespace grainspin::bench
