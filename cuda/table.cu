// The library's one exported name.
#include "cuda/named.h"
#include "cuda/runtime.h"

extern "C" __attribute__((visibility("default"))) const grainspin::cuda::Table* grainspin_cuda_table() {
  using namespace grainspin::cuda;
  // 16384 rows a batch: a wave of product tiles on the largest GPUs, and few enough that a batch of 27 x 9 inputs
  // (16 MB) is still in the L2 cache when the product reads it.
  // What sends work to the GPU or waits for it has a range in a profiler.
  static const Table table = [] {
    Table t{};
    t.version = kTableVersion;
    t.batch_rows = 16384;
    t.context_bytes = kWorkspaceBytes;
    t.presence = presence, t.create = create, t.destroy = destroy, t.info = info;
    t.allocate = allocate, t.release = release;
    t.allocate_pinned = allocate_pinned, t.release_pinned = release_pinned;
    t.copy = Named<copy>("copy"), t.copy_box = Named<copy_box>("copy_box"), t.zero = Named<zero>("zero");
    t.mark = mark, t.wait = Named<wait>("wait"), t.synchronise = Named<synchronise>("synchronise");
    t.embed = Named<embed>("embed"), t.gather_patches = Named<gather_patches>("gather_patches");
    t.gather_embedded = Named<gather_embedded>("gather_embedded");
    t.linear = Named<linear>("linear"), t.cell = Named<cell>("cell"), t.heads = Named<heads>("heads");
    t.step_rows = 1 << 16;
    t.run_warps = run_warps, t.step_warps = step_warps, t.can_group = can_group, t.run = Named<run>("run"), t.step = Named<step>("step");
    t.strict_warps = strict_warps, t.strict_blocks = strict_blocks, t.strict = Named<strict_run>("strict_run");
    t.record = Named<record>("record"), t.launch = Named<launch>("launch"), t.forget = forget, t.on_stream = on_stream, t.follow = follow;
    t.spectral_bytes = spectral_bytes, t.spectral_create = Named<spectral_create>("spectral_create"), t.spectral_destroy = spectral_destroy;
    t.forward = Named<forward>("forward"), t.inverse = Named<inverse>("inverse");
    t.begin_step = Named<begin_step>("begin_step"), t.sweep_room = sweep_room, t.sweep = Named<sweep_step>("sweep");
    t.clear = Named<clear_step>("clear"), t.mean = Named<mean_step>("mean"), t.green = Named<green_step>("green");
    t.close = Named<close_step>("close"), t.stress = Named<stress_step>("stress"), t.mirror = Named<mirror_step>("mirror");
    t.variance = Named<variance_step>("variance");
    t.products = Named<products>("products"), t.descend = Named<descend_step>("descend");
    t.use = use, t.pointer = pointer, t.wait_for = Named<wait_for>("wait_for"), t.let_wait = Named<let_wait>("let_wait");
    t.first_unsound = Named<first_unsound>("first_unsound"), t.take_orientations = Named<take_orientations>("take_orientations");
    t.give_orientations = Named<give_orientations>("give_orientations");
    t.give_field = Named<give_field>("give_field"), t.move_marks = Named<move_marks>("move_marks");
    t.judge_voxels = Named<judge_voxels>("judge_voxels");
    t.pack_orientations = Named<pack_orientations>("pack_orientations");
    return t;
  }();
  return &table;
}
