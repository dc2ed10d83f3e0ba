#include "networks/neighbours.h"

#include <cstring>

#include <ATen/Parallel.h>

namespace grainspin {

namespace {

int fold_edge(int i, int n, const std::array<Edge, 2>& edge) {
  return fold(i, n, edge[0] == Edge::kWrap ? Boundary::kPeriodic : Boundary::kClamped);
}

// out[i] = rows[index[i]] of C floats: what index_select does, without its cost for short rows.
void copy_rows(const float* rows, const std::int64_t* index, std::int64_t n, std::int64_t C, float* out) {
  at::parallel_for(0, n, 8192, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const float* from = rows + index[i] * C;
      for (std::int64_t c = 0; c < C; ++c) out[i * C + c] = from[c];
    }
  });
}

bool plain(const at::Tensor& t) {
  return t.is_cpu() && t.scalar_type() == torch::kFloat;
}

struct GatherFunction : torch::autograd::Function<GatherFunction> {
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& e,
                            const at::Tensor& index, const at::Tensor& inverse) {
    context->save_for_backward({index, inverse});
    context->saved_data["voxels"] = e.size(0);
    const std::int64_t N = index.size(0), K = index.size(1), C = e.size(1);
    if (!plain(e)) return e.index_select(0, index.view(-1)).view({N, K * C});
    const at::Tensor rows = e.contiguous();
    at::Tensor out = torch::empty({N, K * C}, e.options());
    copy_rows(rows.data_ptr<float>(), index.data_ptr<std::int64_t>(), N * K, C, out.data_ptr<float>());
    return out;
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list gradient) {
    const auto saved = context->get_saved_variables();
    const at::Tensor &index = saved[0], &inverse = saved[1];
    const std::int64_t N = index.size(0), K = index.size(1), C = gradient[0].size(1) / K;
    const at::Tensor g = gradient[0].contiguous().view({N * K, C});
    if (inverse.numel() == 0) {
      at::Tensor sum = torch::zeros({context->saved_data["voxels"].toInt(), C}, g.options());
      sum.index_add_(0, index.view(-1), g);
      return {sum, at::Tensor(), at::Tensor()};
    }
    if (!plain(g))
      return {g.index_select(0, inverse.view(-1)).view({N, K, C}).sum(1), at::Tensor(), at::Tensor()};
    at::Tensor sum = torch::zeros({N, C}, g.options());
    const float* in = g.data_ptr<float>();
    const std::int64_t* from = inverse.data_ptr<std::int64_t>();
    float* out = sum.data_ptr<float>();
    at::parallel_for(0, N, 512, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t n = begin; n < end; ++n)
        for (std::int64_t k = 0; k < K; ++k) {
          const float* row = in + from[n * K + k] * C;
          for (std::int64_t c = 0; c < C; ++c) out[n * C + c] += row[c];
        }
    });
    return {sum, at::Tensor(), at::Tensor()};
  }
};

}  // namespace

TapTable tap_table(const Region& region, int radius, const std::uint8_t* mask, torch::Device device) {
  const Shape s = region.shape;
  const int K = taps(radius), side = 2 * radius + 1;
  const std::int64_t N = s.voxels();
  at::Tensor index = torch::empty({N, K}, torch::kLong);
  std::int64_t* out = index.data_ptr<std::int64_t>();
  bool permutation = mask == nullptr;
  for (const auto& edge : region.edge) permutation = permutation && edge[0] == Edge::kWrap;
  std::int64_t n = 0;
  for (int z = 0; z < s.nz; ++z)
    for (int y = 0; y < s.ny; ++y)
      for (int x = 0; x < s.nx; ++x, ++n)
        for (int k = 0; k < K; ++k) {
          const int xx = fold_edge(x + k % side - radius, s.nx, region.edge[0]);
          const int yy = fold_edge(y + k / side % side - radius, s.ny, region.edge[1]);
          const int zz = fold_edge(z + k / side / side - radius, s.nz, region.edge[2]);
          const std::int64_t at = (std::int64_t(zz) * s.ny + yy) * s.nx + xx;
          out[n * K + k] = mask && !mask[at] ? n : at;
        }
  TapTable table{index.to(device), {}};
  if (permutation) {
    at::Tensor inverse = torch::empty({N, K}, torch::kLong);
    std::int64_t* back = inverse.data_ptr<std::int64_t>();
    for (std::int64_t v = 0; v < N; ++v)
      for (int k = 0; k < K; ++k) back[out[v * K + k] * K + k] = v * K + k;
    table.inverse = inverse.to(device);
  }
  return table;
}

Region whole_box(Shape shape, Boundaries boundaries) {
  Region r;
  r.shape = r.inner = shape;
  const Boundary b[3] = {boundaries.x, boundaries.y, boundaries.z};
  for (std::size_t i = 0; i < 3; ++i) r.edge[i].fill(b[i] == Boundary::kPeriodic ? Edge::kWrap : Edge::kFace);
  return r;
}

at::Tensor gather(const at::Tensor& e, const TapTable& table) {
  // Autograd takes no undefined tensor: an empty one stands for "no inverse".
  return GatherFunction::apply(
      e, table.index, table.inverse.defined() ? table.inverse : torch::empty({0}, table.index.options()));
}

}  // namespace grainspin
