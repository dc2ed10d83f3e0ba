// The launchers' table (cuda/launchers.h) on the host: what an engine on a GPU does, except the kernels' own
// indexing, is tested on machines without one. Pointwise work is that of cuda/elements.h; batches are small so that
// small grids have several, the last one padded. Memory is poisoned, so that what nobody wrote shows.
#include "host_cuda.h"

#include <cstdlib>
#include <cstring>
#include <limits>
#include <memory>
#include <mutex>
#include <set>
#include <vector>

#include "cuda/elements.h"
#include "host_cuda_context.h"

namespace grainspin::cuda {

std::set<Context*> contexts;

namespace {

testing::HostCuda knobs;
std::mutex counters;  // of knobs: two GPUs may be at work

void add_one(int& counter) {
  const std::lock_guard lock(counters);
  ++counter;
}

void* take(std::map<void*, std::int64_t>& owner, std::int64_t bytes) {
  void* p = std::malloc(std::size_t(bytes));
  std::memset(p, 0xff, std::size_t(bytes));  // NaN
  owner[p] = bytes;
  return p;
}

void give(std::map<void*, std::int64_t>& owner, void* p) {
  owner.erase(p);
  std::free(p);
}

Presence presence() { return knobs.presence; }
Context* create(int gpu) {
  auto* c = new Context;
  c->gpu = gpu;
  const std::lock_guard lock(counters);
  contexts.insert(c);
  c->knobs = &knobs;
  return c;
}
void destroy(Context* c) noexcept {
  const std::lock_guard lock(counters);
  contexts.erase(c);
  delete c;
}
DeviceInfo info(Context*) {
  DeviceInfo d;
  std::strcpy(d.name, "host");
  const std::lock_guard lock(counters);
  d.bytes = knobs.free_bytes;
  d.free_bytes = knobs.free_bytes - knobs.reserved - knobs.allocated;
  return d;
}
void* allocate(Context* c, std::int64_t bytes) {
  not_recorded(c);
  const std::lock_guard lock(counters);
  ++knobs.allocations;
  knobs.allocated += bytes;
  knobs.peak = std::max(knobs.peak, knobs.allocated);
  return take(c->device, bytes);
}
void release(Context* c, void* p) noexcept {
  const std::lock_guard lock(counters);
  knobs.allocated -= c->device.at(p);
  give(c->device, p);
}
void* allocate_pinned(Context* c, std::int64_t bytes) { return take(c->pinned, bytes); }
void release_pinned(Context* c, void* p) noexcept { give(c->pinned, p); }
void count(const void* dst, const void* src, std::int64_t bytes) {
  const std::lock_guard lock(counters);
  const bool to = on_device(dst), from = on_device(src);
  (to ? knobs.to_device : knobs.to_host) += to == from ? 0 : bytes;
}
void copy(Context* c, void* dst, const void* src, std::int64_t bytes) {
  enqueue(c, [=] {
    const Open open;
    count(dst, src, bytes);
    std::memcpy(dst, src, std::size_t(bytes));
  });
}
void copy_box(Context* c, void* dst, const void* src, const SubBox& box, int each) {
  enqueue(c, [=] {
    const Open open;
    count(dst, src, box.size.voxels() * each);
    for (std::int64_t i = 0; i < box.size.voxels(); ++i)
      std::memcpy(static_cast<char*>(dst) + i * each, static_cast<const char*>(src) + voxel(box, i) * each,
                  std::size_t(each));
  });
}
void zero(Context* c, void* p, std::int64_t bytes) {
  enqueue(c, [=] { std::memset(p, 0, std::size_t(bytes)); });
}
void mark(Context* c, int) { not_recorded(c); }
void wait(Context* c, int) {
  not_recorded(c);
  add_one(knobs.waits);
  catch_up(c, 1), catch_up(c, 2);
}
void synchronise(Context* c) {
  not_recorded(c);
  add_one(knobs.synchronised);
  if (c->stream > 0) catch_up(c, c->stream);
}
void on_stream(Context* c, int stream) { c->stream = stream; }
// A stream that is as late as it may be has nothing to wait for in the first one.
void follow(Context* c, int stream) {
  if (stream > 0) catch_up(c, stream);
}

Graph* record(Context* c, void (*work)(void*), void* with) {
  auto graph = std::make_unique<Graph>();
  c->recording = graph.get();
  try {
    work(with);
  } catch (...) {
    c->recording = nullptr;
    throw;
  }
  c->recording = nullptr;
  require(c->stream == 0 && c->late[1].empty() && c->late[2].empty(), Errc::kInternal, "host CUDA: a recording that streams have not joined");
  add_one(knobs.graphs);
  return graph.release();
}
void launch(Context*, Graph* graph) {
  add_one(knobs.launches);
  for (const auto& work : graph->work) work();
}
void forget(Context*, Graph* graph) noexcept { delete graph; }

void embed(Context*, const InputSpec& spec, std::int64_t n, std::int64_t rows, const float* q, float* out) {
  const int size = spec.embedding.size;
  std::fill(out + n * size, out + rows * size, 0.0f);
  for (std::int64_t i = 0; i < n; ++i, q += 4) embed_input(spec, Quat{q[0], q[1], q[2], q[3]}, out + i * size);
}

std::vector<std::int64_t> centres(const Batch& batch) {
  std::vector<std::int64_t> v;
  for (int i = 0; i < batch.n; ++i) v.push_back(voxel(batch, i));
  return v;
}

void gather_patches(Context*, const Neighbourhood& hood, int channels, const float* field, const Batch& batch,
                    float* patches) {
  const std::int64_t size = std::int64_t(taps(hood.radius)) * channels;
  grainspin::gather_patches(hood, channels, field, batch.n, centres(batch).data(), 0, patches);
  std::fill(patches + batch.n * size, patches + batch.rows * size, 0.0f);
}

void gather_embedded(Context*, const Neighbourhood& hood, const InputSpec& spec, const float* q, const Batch& batch,
                     float* patches) {
  const std::int64_t size = std::int64_t(taps(hood.radius)) * spec.embedding.size;
  grainspin::gather_embedded(hood, spec, q, batch.n, centres(batch).data(), 0, patches);
  std::fill(patches + batch.n * size, patches + batch.rows * size, 0.0f);
}

void linear(Context*, int rows, int in, int out, const float* x, const float* weight, int row_stride, bool accumulate,
            float* y) {
  if (knobs.at_product) knobs.at_product();
  for (int i = 0; i < rows; ++i)
    for (int o = 0; o < out; ++o) {
      float sum[8] = {};
      const float *a = x + std::int64_t(i) * in, *w = weight + std::int64_t(o) * row_stride;
      for (int k = 0; k < in; ++k) sum[k % 8] += a[k] * w[k];
      float& to = y[std::int64_t(i) * out + o];
      to = (accumulate ? to : 0.0f) + (((sum[0] + sum[1]) + (sum[2] + sum[3])) + ((sum[4] + sum[5]) + (sum[6] + sum[7])));
    }
}

void cell(Context*, const CellStep& step) {
  for (std::int64_t i = 0; i < step.n; ++i)
    for (int u = 0; u < step.hidden; ++u) cell_element(step, i, u);
}

void heads(Context*, const HeadStep& step) {
  for (std::int64_t i = 0; i < step.n; ++i) head_element(step, i);
}

}  // namespace
}  // namespace grainspin::cuda

extern "C" __attribute__((visibility("default"))) const grainspin::cuda::Table* grainspin_cuda_table() {
  using namespace grainspin::cuda;
  static Table table;
  table = {};
  const char* const version = std::getenv("GRAINSPIN_HOST_CUDA_VERSION");
  table.version = version ? std::atoi(version) : knobs.version;
  table.batch_rows = knobs.batch_rows;
  table.presence = presence, table.create = create, table.destroy = destroy, table.info = info;
  table.allocate = allocate, table.release = release;
  table.allocate_pinned = allocate_pinned, table.release_pinned = release_pinned;
  table.copy = copy, table.copy_box = copy_box, table.zero = zero;
  table.mark = mark, table.wait = wait, table.synchronise = synchronise;
  table.embed = embed, table.gather_patches = gather_patches, table.gather_embedded = gather_embedded;
  table.linear = linear, table.cell = cell, table.heads = heads;
  table.record = record, table.launch = launch, table.forget = forget, table.on_stream = on_stream, table.follow = follow;
  fill_arrays(table);
  fill_fused(table);
  fill_nonlocal(table);
  fill_regression(table);
  return &table;
}

extern "C" __attribute__((visibility("default"))) grainspin::testing::HostCuda& grainspin_host_cuda() {
  return grainspin::cuda::knobs;
}
