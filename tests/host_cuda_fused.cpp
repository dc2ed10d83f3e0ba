// The launchers of the fused open loop on the host: the kernel's own code on a warp of threads, the projection by its definition.
#include <cstring>
#include <vector>

#include "cuda/fused_elements.h"
#include "host_cuda_context.h"
#include "host_warp.h"

namespace grainspin::cuda {
namespace {

std::uint16_t bf16(float v) {
  std::uint32_t bits;
  std::memcpy(&bits, &v, sizeof bits);
  return std::uint16_t((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}
float value(std::uint16_t v) { return low_of(v); }

bool can_fuse(Context*, Cell, int hidden, int) { return hidden == 32 || hidden == 64 || hidden == 96 || hidden == 128; }

void gather_bf16(Context*, const Neighbourhood& hood, int channels, const float* field, const Batch& batch, int width, std::uint16_t* patches) {
  const int size = taps(hood.radius) * channels;
  std::vector<std::int64_t> centres;
  for (int i = 0; i < batch.n; ++i) centres.push_back(voxel(batch, i));
  std::vector<float> rows(std::size_t(batch.n) * size);
  grainspin::gather_patches(hood, channels, field, batch.n, centres.data(), 0, rows.data());
  for (int i = 0; i < batch.rows; ++i)
    for (int c = 0; c < width; ++c) patches[std::int64_t(i) * width + c] = i < batch.n && c < size ? bf16(rows[std::size_t(i) * size + c]) : 0;
}

void project_bf16(Context*, int rows, int in, int out, const std::uint16_t* x, const std::uint16_t* weight, std::uint16_t* y) {
  for (int i = 0; i < rows; ++i)
    for (int o = 0; o < out; ++o) {
      float sum = 0;
      for (int k = 0; k < in; ++k) sum += value(x[std::int64_t(i) * in + k]) * value(weight[std::int64_t(o) * in + k]);
      y[std::int64_t(i) * out + o] = bf16(sum);
    }
}

template <int H, bool kLstm, bool kOwn>
void run(const FusedRun& s, const SubBox& box) {
  constexpr int kTiles = H <= 64 ? 2 : 1;
  const FusedWeights w{reinterpret_cast<const Four*>(s.recurrent), reinterpret_cast<const Four*>(s.own_weight),
                       reinterpret_cast<const std::uint32_t(*)[2]>(s.head), s.bias};
  std::vector<Four> stage(2 * kTiles * H / 8 * 32);
  testing::run_warp([&](const testing::HostWarp& warp) {
    for (int row = 0; row < s.n; row += 16 * kTiles) fused_rows<H, kLstm, kTiles, kOwn>(s, box, w, warp, row, stage.data());
  });
}

template <int H>
void run(const FusedRun& s, const SubBox& box) {
  if (s.cell == Cell::kLstm) s.own ? run<H, true, true>(s, box) : run<H, true, false>(s, box);
  else s.own ? run<H, false, true>(s, box) : run<H, false, false>(s, box);
}

void fused(Context*, const FusedRun& s, const SubBox& box) {
  switch (s.hidden) {
    case 32: return run<32>(s, box);
    case 64: return run<64>(s, box);
    case 96: return run<96>(s, box);
    case 128: return run<128>(s, box);
    default: throw Error(Errc::kInternal, "host CUDA: a hidden size that is not fused");
  }
}

}  // namespace

void fill_fused(Table& table) {
  table.fused_rows = 48;
  table.can_fuse = can_fuse, table.gather_bf16 = gather_bf16, table.project_bf16 = project_bf16, table.fused = fused;
}

}  // namespace grainspin::cuda
