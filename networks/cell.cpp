#include "networks/cell.h"

#include <ATen/Parallel.h>

namespace grainspin {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr std::int64_t kGrain = 64;  // rows a thread takes at least

bool fused(const at::Tensor& t) {
  return t.is_cpu() && t.scalar_type() == torch::kFloat;
}

at::Tensor dense(const at::Tensor& g, const at::Tensor& like) {
  return g.defined() ? g.contiguous() : torch::zeros_like(like);
}

struct LstmFunction : torch::autograd::Function<LstmFunction> {
  static variable_list forward(AutogradContext* context, const at::Tensor& gates, const at::Tensor& c) {
    const std::int64_t B = c.size(0), H = c.size(1);
    const at::Tensor a = gates.clone(at::MemoryFormat::Contiguous), before = c.contiguous();
    a.narrow(1, 0, 2 * H).sigmoid_();
    a.narrow(1, 2 * H, H).tanh_();
    a.narrow(1, 3 * H, H).sigmoid_();
    const at::Tensor after = torch::empty_like(before), h = torch::empty_like(before);
    const float *pa = a.data_ptr<float>(), *pc = before.data_ptr<float>();
    float *pn = after.data_ptr<float>(), *ph = h.data_ptr<float>();
    at::parallel_for(0, B, kGrain, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t b = begin; b < end; ++b) {
        const float *i = pa + b * 4 * H, *f = i + H, *g = f + H;
        for (std::int64_t j = 0; j < H; ++j) pn[b * H + j] = f[j] * pc[b * H + j] + i[j] * g[j];
      }
    });
    const at::Tensor squashed = after.tanh();
    const float* pt = squashed.data_ptr<float>();
    at::parallel_for(0, B, kGrain, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t b = begin; b < end; ++b) {
        const float* o = pa + b * 4 * H + 3 * H;
        for (std::int64_t j = 0; j < H; ++j) ph[b * H + j] = o[j] * pt[b * H + j];
      }
    });
    context->save_for_backward({a, before, squashed});
    return {h, after};
  }

  static variable_list backward(AutogradContext* context, variable_list gradient) {
    const auto saved = context->get_saved_variables();
    const at::Tensor &a = saved[0], &before = saved[1], &squashed = saved[2];
    const std::int64_t B = before.size(0), H = before.size(1);
    const at::Tensor gh = dense(gradient[0], before), gc = dense(gradient[1], before);
    const at::Tensor ga = torch::empty_like(a), gb = torch::empty_like(before);
    const float *pa = a.data_ptr<float>(), *pc = before.data_ptr<float>(), *pt = squashed.data_ptr<float>(),
                *ph = gh.data_ptr<float>(), *pn = gc.data_ptr<float>();
    float *qa = ga.data_ptr<float>(), *qc = gb.data_ptr<float>();
    at::parallel_for(0, B, kGrain, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t b = begin; b < end; ++b) {
        const float *i = pa + b * 4 * H, *f = i + H, *g = f + H, *o = g + H;
        const float *c = pc + b * H, *t = pt + b * H, *dh = ph + b * H, *dn = pn + b * H;
        float *di = qa + b * 4 * H, *df = di + H, *dg = df + H, *d_o = dg + H, *dc = qc + b * H;
        for (std::int64_t j = 0; j < H; ++j) {
          const float d = dn[j] + dh[j] * o[j] * (1 - t[j] * t[j]);
          di[j] = d * g[j] * i[j] * (1 - i[j]);
          df[j] = d * c[j] * f[j] * (1 - f[j]);
          dg[j] = d * i[j] * (1 - g[j] * g[j]);
          d_o[j] = dh[j] * t[j] * o[j] * (1 - o[j]);
          dc[j] = d * f[j];
        }
      }
    });
    return {ga, gb};
  }
};

struct GruFunction : torch::autograd::Function<GruFunction> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& y,
                            const at::Tensor& h) {
    const std::int64_t B = h.size(0), H = h.size(1);
    const at::Tensor yc = y.contiguous(), hc = h.contiguous(), a = x.clone(at::MemoryFormat::Contiguous);
    const at::Tensor rz = a.narrow(1, 0, 2 * H), n = a.narrow(1, 2 * H, H);
    rz.add_(yc.narrow(1, 0, 2 * H)).sigmoid_();
    n.addcmul_(a.narrow(1, 0, H), yc.narrow(1, 2 * H, H)).tanh_();
    const at::Tensor out = torch::empty_like(hc);
    const float *pa = a.data_ptr<float>(), *ph = hc.data_ptr<float>();
    float* po = out.data_ptr<float>();
    at::parallel_for(0, B, kGrain, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t b = begin; b < end; ++b) {
        const float *z = pa + b * 3 * H + H, *m = z + H;
        for (std::int64_t j = 0; j < H; ++j) po[b * H + j] = m[j] + z[j] * (ph[b * H + j] - m[j]);
      }
    });
    context->save_for_backward({a, yc, hc});
    return out;
  }

  static variable_list backward(AutogradContext* context, variable_list gradient) {
    const auto saved = context->get_saved_variables();
    const at::Tensor &a = saved[0], &y = saved[1], &h = saved[2];
    const std::int64_t B = h.size(0), H = h.size(1);
    const at::Tensor go = gradient[0].contiguous();
    const at::Tensor gx = torch::empty_like(a), gy = torch::empty_like(a), gh = torch::empty_like(h);
    const float *pa = a.data_ptr<float>(), *py = y.data_ptr<float>(), *ph = h.data_ptr<float>(),
                *pg = go.data_ptr<float>();
    float *qx = gx.data_ptr<float>(), *qy = gy.data_ptr<float>(), *qh = gh.data_ptr<float>();
    at::parallel_for(0, B, kGrain, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t b = begin; b < end; ++b) {
        const float *r = pa + b * 3 * H, *z = r + H, *n = z + H, *yn = py + b * 3 * H + 2 * H;
        float *xr = qx + b * 3 * H, *xz = xr + H, *xn = xz + H, *yr = qy + b * 3 * H, *yz = yr + H,
              *dyn = yz + H;
        for (std::int64_t j = 0; j < H; ++j) {
          const float d = pg[b * H + j];
          const float dn = d * (1 - z[j]) * (1 - n[j] * n[j]);
          const float dz = d * (ph[b * H + j] - n[j]) * z[j] * (1 - z[j]);
          const float dr = dn * yn[j] * r[j] * (1 - r[j]);
          xr[j] = yr[j] = dr;
          xz[j] = yz[j] = dz;
          xn[j] = dn;
          dyn[j] = dn * r[j];
          qh[b * H + j] = d * z[j];
        }
      }
    });
    return {gx, gy, gh};
  }
};

}  // namespace

std::pair<at::Tensor, at::Tensor> lstm_cell_plain(const at::Tensor& gates, const at::Tensor& c) {
  const auto gate = gates.chunk(4, 1);
  const at::Tensor after = gate[1].sigmoid() * c + gate[0].sigmoid() * gate[2].tanh();
  return {gate[3].sigmoid() * after.tanh(), after};
}

at::Tensor gru_cell_plain(const at::Tensor& x, const at::Tensor& y, const at::Tensor& h) {
  const auto a = x.chunk(3, 1), b = y.chunk(3, 1);
  const at::Tensor r = (a[0] + b[0]).sigmoid(), z = (a[1] + b[1]).sigmoid(), n = (a[2] + r * b[2]).tanh();
  return n + z * (h - n);
}

std::pair<at::Tensor, at::Tensor> lstm_cell(const at::Tensor& gates, const at::Tensor& c) {
  if (!fused(gates) || !fused(c)) return lstm_cell_plain(gates, c);
  const auto out = LstmFunction::apply(gates, c);
  return {out[0], out[1]};
}

at::Tensor gru_cell(const at::Tensor& x, const at::Tensor& y, const at::Tensor& h) {
  if (!fused(x) || !fused(y) || !fused(h)) return gru_cell_plain(x, y, h);
  return GruFunction::apply(x, y, h);
}

}  // namespace grainspin
