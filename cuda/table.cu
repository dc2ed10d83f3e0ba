// The library's one exported name.
#include "cuda/runtime.h"

extern "C" __attribute__((visibility("default"))) const grainspin::cuda::Table* grainspin_cuda_table() {
  using namespace grainspin::cuda;
  // 16384 rows: a wave of product tiles on the largest GPUs, and few enough that a batch of 27 x 9 inputs
  // (16 MB) is still in the L2 cache when the product reads it.
  static const Table table{kTableVersion, 16384,        kWorkspaceBytes, presence, create,         destroy,
                           info,          allocate,     release,         allocate_pinned,          release_pinned,
                           copy,          copy_box,     zero,            mark,     wait,           synchronise,
                           embed,         gather_patches, gather_embedded, linear, cell,           heads};
  return &table;
}
