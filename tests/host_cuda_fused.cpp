// The launchers of the fused kernels on the host: the kernels' own code on blocks of two warps. What they write beyond their shared
// memory or leave unwritten shows: it begins as NaN, and its end is checked.
#include <cstring>
#include <vector>

#include "cuda/fused_run.h"
#include "cuda/fused_step.h"
#include "cuda/strict_run.h"
#include "host_cuda_context.h"
#include "host_warp.h"

namespace grainspin::cuda {
namespace {

constexpr int kWarps = 2, kGroupedWarps = 4, kBlocksAtOnce = 2;
constexpr unsigned char kPoison = 0xff;

bool fits(const FusedModel& m) { return m.hidden == 32 || m.hidden == 64 || m.hidden == 96 || m.hidden == 128; }
int run_warps(Context*, const FusedModel& m) { return fits(m) && m.layers == 1 && m.feedback != Feedback::kNeighbours ? kWarps : 0; }
// As many as a group has where there may be one, asked for or not.
int step_warps(Context*, const FusedModel& m) { return !fits(m) ? 0 : can_be_grouped(m) ? kGroupedWarps : kWarps; }
bool can_group(Context*, const FusedModel& m) { return can_be_grouped(m); }

// kernel(warp, block, memory) of a persistent grid of two blocks.
template <class Kernel>
void on_blocks(int bytes, const Kernel& kernel, int warps = kWarps) {
  for (int block = 0; block < kBlocksAtOnce; ++block) {
    std::vector<unsigned char> memory(std::size_t(bytes) + 64, kPoison);
    unsigned char* const base = memory.data() + (16 - reinterpret_cast<std::uintptr_t>(memory.data()) % 16) % 16;
    testing::HostBlock threads(warps, reinterpret_cast<char*>(base));
    threads.run([&](int thread) { kernel(testing::HostWarp(threads, thread), block, reinterpret_cast<char*>(base)); }, block % 2);
    for (unsigned char* end = base + bytes; end < memory.data() + memory.size(); ++end)
      if (*end != kPoison) throw Error(Errc::kInternal, "host CUDA: written beyond the shared memory");
  }
}

template <int H, bool kLstm>
void run(const FusedRun& s) {
  if (s.projected) {
    on_blocks(RunMemory(s.model, s.warps, false, true).bytes,
              [&](const testing::HostWarp& warp, int block, char* memory) { fused_project<H, kLstm>(s, warp, block, kBlocksAtOnce, memory); });
    return;
  }
  constexpr bool kResident = H <= 32;
  on_blocks(RunMemory(s.model, s.warps, kResident).bytes,
            [&](const testing::HostWarp& warp, int block, char* memory) { fused_run<H, kLstm, kResident>(s, warp, block, kBlocksAtOnce, memory); });
}
template <int H, bool kLstm, bool kResident, bool kGrouped = false>
void step(const FusedStep& s) {
  on_blocks(
      StepMemory(s.model, s.warps, kResident).bytes,
      [&](const testing::HostWarp& warp, int block, char* memory) { fused_step<H, kLstm, kResident, kGrouped>(s, warp, block, kBlocksAtOnce, memory); }, s.warps);
}
template <int H>
void run(const FusedRun& s) {
  s.model.cell == Cell::kLstm ? run<H, true>(s) : run<H, false>(s);
}
template <int H>
void step(const FusedStep& s) {
  if (s.model.grouped) {
    if constexpr (H <= 64) return s.model.cell == Cell::kLstm ? step<H, true, true, true>(s) : step<H, false, true, true>(s);
  }
  s.model.cell == Cell::kLstm ? step<H, true, H == 32>(s) : step<H, false, H == 32>(s);
}

int strict_warps(Context* c, const FusedModel& m) { return run_warps(c, m); }
int strict_blocks(Context*, const FusedModel&) { return kBlocksAtOnce; }
template <int H>
void strict(const StrictRun& s) {
  on_blocks(StrictMemory(s.model, s.warps).bytes, [&](const testing::HostWarp& warp, int block, char* memory) {
    s.model.cell == Cell::kLstm ? strict_run<H, true>(s, warp, block, kBlocksAtOnce, memory) : strict_run<H, false>(s, warp, block, kBlocksAtOnce, memory);
  });
}
void strict(Context* c, const StrictRun& s) {
  enqueue(c, [s] {
    switch (s.model.hidden) {
      case 32: return strict<32>(s);
      case 64: return strict<64>(s);
      case 96: return strict<96>(s);
      case 128: return strict<128>(s);
      default: throw Error(Errc::kInternal, "host CUDA: a hidden size that is not fused");
    }
  });
}

void run(Context* c, const FusedRun& s) {
  enqueue(c, [s] {
    switch (s.model.hidden) {
      case 32: return run<32>(s);
      case 64: return run<64>(s);
      case 96: return run<96>(s);
      case 128: return run<128>(s);
      default: throw Error(Errc::kInternal, "host CUDA: a hidden size that is not fused");
    }
  });
}
void step(Context* c, const FusedStep& s) {
  enqueue(c, [s] {
    switch (s.model.hidden) {
      case 32: return step<32>(s);
      case 64: return step<64>(s);
      case 96: return step<96>(s);
      case 128: return step<128>(s);
      default: throw Error(Errc::kInternal, "host CUDA: a hidden size that is not fused");
    }
  });
}

}  // namespace

void fill_fused(Table& table) {
  table.step_rows = 128;
  table.run_warps = run_warps, table.step_warps = step_warps, table.can_group = can_group, table.run = run, table.step = step;
  table.strict_warps = strict_warps, table.strict_blocks = strict_blocks, table.strict = strict;
}

}  // namespace grainspin::cuda
