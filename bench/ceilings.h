// What one thread of this machine can do at most, measured in the run that is to be judged by it: each by more than one kernel,
// the best taken.
#pragma once

#include <string>
#include <vector>

namespace grainspin::bench {

struct Ceiling {
  std::string name;   // "fp32 products, AVX-512"
  std::string unit;   // "FLOP/s", "values/s", "B/s"
  double rate = 0;    // 0: this processor has no such unit
};

// Products and sums in registers: fp32 by AVX2 and by AVX-512, bf16 pairs by AVX-512, bf16 by AMX tiles (from registers and
// with every operand loaded from L1).
const std::vector<Ceiling>& product_ceilings();
double best_product_rate(bool bf16);  // FLOP/s, a multiplication and an addition counted as two

// tanh of an array in L1 by the engine's own kernels: values a second. bf16: the table's.
double activation_rate(bool bf16);

// Read and written bytes of a copy of 64 MB a second: memcpy and stores past the caches.
double copy_rate();

// Bytes a second to and from a file of 256 MB in the current folder, in pieces of 4 MB: written until the disk has them, read with
// the system's copy in memory dropped first. 0 where a file cannot be made.
struct DiskRate {
  double written = 0, read = 0;
};
DiskRate disk_rate();

// A network of the local family on one thread, seconds a voxel-step at least: its products at the best rate and its
// activations at theirs. Both run on one core, tiles and vectors at best at the same time (`least`), else one after the other
// (`serial`; products and activations of fp32 share their units, so there the two are equal).
struct NetworkFloor {
  double least = 0, serial = 0;
  const char* bound = "";  // what `least` is bound by
};
NetworkFloor floor_of(int gates, int hidden, int inputs, int steps, bool inputs_once, bool bf16);

// The ceilings of products and activations into the benchmark's head (its console output and its JSON), measured now.
void report_ceilings();

}  // namespace grainspin::bench
