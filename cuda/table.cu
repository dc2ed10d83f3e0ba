// The library's one exported name.
#include "cuda/runtime.h"

extern "C" __attribute__((visibility("default"))) const grainspin::cuda::Table* grainspin_cuda_table() {
  using namespace grainspin::cuda;
  // 16384 rows a batch: a wave of product tiles on the largest GPUs, and few enough that a batch of 27 x 9 inputs
  // (16 MB) is still in the L2 cache when the product reads it.
  static const Table table = [] {
    Table t{};
    t.version = kTableVersion;
    t.batch_rows = 16384;
    t.context_bytes = kWorkspaceBytes;
    t.presence = presence, t.create = create, t.destroy = destroy, t.info = info;
    t.allocate = allocate, t.release = release;
    t.allocate_pinned = allocate_pinned, t.release_pinned = release_pinned;
    t.copy = copy, t.copy_box = copy_box, t.zero = zero;
    t.mark = mark, t.wait = wait, t.synchronise = synchronise;
    t.embed = embed, t.gather_patches = gather_patches, t.gather_embedded = gather_embedded;
    t.linear = linear, t.cell = cell, t.heads = heads;
    t.step_rows = 1 << 16;
    t.run_warps = run_warps, t.step_warps = step_warps, t.run = run, t.step = step;
    t.record = record, t.launch = launch, t.forget = forget;
    t.spectral_bytes = spectral_bytes, t.spectral_create = spectral_create, t.spectral_destroy = spectral_destroy;
    t.forward = forward, t.inverse = inverse, t.maps = maps;
    t.begin_step = begin_step, t.start = start_step, t.pass = pass_step, t.gate = gate_step, t.carry = carry_step;
    t.polarise = polarise_step, t.mean = mean_step, t.green = green_step, t.close = close_step, t.state = state_step, t.turn = turn_step;
    t.stress = stress_step, t.memory = memory_step, t.mirror = mirror_step;
    t.products = products, t.descend = descend_step;
    t.use = use, t.pointer = pointer, t.wait_for = wait_for, t.let_wait = let_wait;
    t.first_unsound = first_unsound, t.take_orientations = take_orientations, t.give_orientations = give_orientations;
    t.give_field = give_field, t.move_marks = move_marks, t.judge_voxels = judge_voxels;
    return t;
  }();
  return &table;
}
