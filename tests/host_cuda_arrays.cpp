// The launchers on the caller's arrays (cuda/array_launchers.h) on the host. That memory is closed to everybody else: what
// reads or writes it beside the launchers ends the test.
#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <utility>

#include "cuda/array_elements.h"
#include "host_cuda_context.h"

extern "C" grainspin::testing::HostCuda& grainspin_host_cuda();

namespace grainspin::cuda {

using testing::HostStream;
using testing::Lent;

Open::Open() {
  for (const Lent& l : grainspin_host_cuda().lent) mprotect(l.data, std::size_t(l.bytes), PROT_READ | PROT_WRITE);
}
Open::~Open() {
  for (const Lent& l : grainspin_host_cuda().lent)
    if (!l.managed) mprotect(l.data, std::size_t(l.bytes), PROT_NONE);
}

const Lent* lent(const void* p) {
  for (const Lent& l : grainspin_host_cuda().lent)
    if (p >= l.data && p < l.data + l.bytes) return &l;
  return nullptr;
}

const Context* owner(const void* p) {
  for (const Context* c : contexts) {
    const auto next = c->device.upper_bound(const_cast<void*>(p));
    if (next == c->device.begin()) continue;
    const auto& [data, bytes] = *std::prev(next);
    if (p < static_cast<const char*>(data) + bytes) return c;
  }
  return nullptr;
}

namespace {

HostStream& of(Stream stream) {
  return stream ? *reinterpret_cast<HostStream*>(stream) : grainspin_host_cuda().null_stream;
}

int use(int gpu) noexcept { return std::exchange(grainspin_host_cuda().current, gpu); }

Pointer pointer(Context*, const void* p) {
  const Lent* const l = lent(p);
  if (const Context* const c = l ? nullptr : owner(p)) return {Pointer::kDevice, c->gpu};
  return l ? Pointer{l->managed ? Pointer::kManaged : Pointer::kDevice, l->gpu} : Pointer{};
}

void wait_for(Context* c, Stream stream) {
  not_recorded(c);
  const Open open;
  ++of(stream).waited_for;
  for (const auto& work : std::exchange(of(stream).given, {})) work();
}
void let_wait(Context* c, Stream stream) {
  not_recorded(c);
  ++of(stream).waits;
}

// Launched on the GPU that the context is of, the array open.
template <class Body>
void each(const Context* c, const ArrayView& array, const Body& body) {
  require(grainspin_host_cuda().current == c->gpu, Errc::kInternal, "host CUDA: another GPU is the current one");
  const Open open;
  for (std::int64_t i = 0; i < array.shape.voxels(); ++i) body(i);
}

std::int64_t first_unsound(Context* c, const TakeOrientations& s) {
  std::int64_t first = -1;
  each(c, s.from, [&](std::int64_t i) {
    if (first < 0 && !(s.from.type == Element::kDouble ? sound_element<double>(s, i) : sound_element<float>(s, i))) first = i;
  });
  return first;
}
void take_orientations(Context* c, const TakeOrientations& s) {
  each(c, s.from,
       [&](std::int64_t i) { s.from.type == Element::kDouble ? take_element<double>(s, i) : take_element<float>(s, i); });
}
template <class Step>
void give(Context* c, const Step& s) {
  each(c, s.to, [&](std::int64_t i) { s.to.type == Element::kDouble ? give_element<double>(s, i) : give_element<float>(s, i); });
}
void give_orientations(Context* c, const GiveOrientations& s) { give(c, s); }
void give_field(Context* c, const GiveField& s) { give(c, s); }
void move_marks(Context* c, const MoveMarks& s) {
  each(c, s.array, [&](std::int64_t i) {
    s.array.type == Element::kUint8 ? move_element<std::uint8_t>(s, i) : move_element<std::int32_t>(s, i);
  });
}

void judge_now(const JudgeVoxels& s) {
  for (std::int64_t i = 0; i < s.n; ++i) {
    VoxelJudgement j;
    if (!judge_element(s, i, j)) continue;
    ++s.sums->voxels;
    s.sums->doubtful += j.verdict == 1, s.sums->outside += j.verdict == 2;
    s.sums->orientation_not_fine += j.turned, s.sums->increment_not_fine += j.moved;
    const auto largest = [](unsigned& most, float squared) {
      if (squared > 0) most = std::max(most, std::bit_cast<unsigned>(squared));
    };
    largest(s.sums->beyond, j.beyond);
    largest(s.sums->increment, j.increment);
  }
}
void judge_voxels(Context* c, const JudgeVoxels& s) {
  enqueue(c, [=] { judge_now(s); });
}
void pack_orientations(Context* c, const PackOrientations& s) {
  require(reinterpret_cast<std::uintptr_t>(s.out) % 8 == 0, Errc::kInternal, "host CUDA: packed orientations that are not aligned");
  enqueue(c, [=] {
    for (std::int64_t i = 0; i < s.box.size.voxels(); ++i) pack_element(s, i);
  });
}

}  // namespace

void fill_arrays(Table& table) {
  table.use = use, table.pointer = pointer, table.wait_for = wait_for, table.let_wait = let_wait;
  table.first_unsound = first_unsound, table.take_orientations = take_orientations;
  table.give_orientations = give_orientations, table.give_field = give_field, table.move_marks = move_marks;
  table.judge_voxels = judge_voxels, table.pack_orientations = pack_orientations;
}

}  // namespace grainspin::cuda
