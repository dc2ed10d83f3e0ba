#include "networks/nonlocal_surrogate.h"

#include <algorithm>
#include <string>
#include <vector>

#include "networks/device.h"
#include "networks/networks.h"
#include "networks/nonlocal.h"
#include "networks/nonlocal_variance.h"
#include "networks/rotation.h"

namespace grainspin {

namespace {

Boundaries boundaries(const Region& region) {
  Boundary b[3];
  for (std::size_t a = 0; a < 3; ++a) {
    const auto& edge = region.edge[a];
    require(edge[0] != Edge::kCut && edge[1] != Edge::kCut, Errc::kArgument,
            "the nonlocal family runs whole grids: a part of a grid, cut inside it, cannot be run");
    require((edge[0] == Edge::kWrap) == (edge[1] == Edge::kWrap), Errc::kShape,
            "a region wraps at one end of an axis only");
    b[a] = edge[0] == Edge::kWrap ? Boundary::kPeriodic : Boundary::kClamped;
  }
  return {b[0], b[1], b[2]};
}

class NonlocalSurrogate final : public Surrogate {
 public:
  NonlocalSurrogate(const Model& model, const EngineOptions& options, bool precise)
      : spec_(model.spec),
        device_(torch_device(options.device, options.gpu)),
        type_(precise ? torch::kDouble : torch::kFloat),
        network_(model.spec, type_),
        threads_(set_threads(options.threads)),
        variance_(model, torch::TensorOptions(device_).dtype(type_)) {
    network_->load(model);
    network_->to(device_);
    network_->eval();
    torch::NoGradGuard no_gradient;
    weights_ = network_->expand();
  }

  const ModelSpec& spec() const override { return spec_; }

  std::string description() const override {
    return "LibTorch " + torch_version() + ", " +
           (device_.is_cpu() ? "CPU, " + std::to_string(threads_) + " threads" : "CUDA") +
           (type_ == torch::kDouble ? ", double" : "");
  }

  void run(const Region& region, const float* q0, const std::uint8_t* mask, const float* teacher,
           const std::function<void(const StepOutput&)>& sink) const override {
    guarded([&] {
      torch::NoGradGuard no_gradient;
      set_threads(threads_);
      run_region(region, q0, mask, teacher, sink);
    });
  }

  std::int64_t workspace(const Region& region) const override {
    const NonlocalSpec& s = spec_.nonlocal;
    std::int64_t V = 1;
    const int n[3] = {region.shape.nx, region.shape.ny, region.shape.nz};
    for (std::size_t a = 0; a < 3; ++a)
      V *= n[a] + (region.edge[a][0] == Edge::kWrap ? 0 : 2 * std::min(region.padding, n[a]));
    std::int64_t N = 0;
    for (const PhaseSpec& p : s.phases)
      N = std::max<std::int64_t>(N, slip_set(p.slip_families, p.c_over_a).count());
    const std::int64_t inputs = s.channels + 2 * s.polarisations, element = type_ == torch::kDouble ? 8 : 4;
    // State, twice; [A], [|A|, h], the two inner fields and the result of a map; rotations and spectra.
    const std::int64_t rows =
        N * (2 * (s.channels + s.memory) + 2 * inputs + s.memory + 2 * s.width + s.channels) + 34 +
        28 * s.polarisations;
    return element * V * rows;
  }

 private:
  at::Tensor to_device(const float* data, std::int64_t rows) const {
    return torch::from_blob(const_cast<float*>(data), {rows, 4}).to(device_, type_, false, true);
  }

  void run_region(const Region& region, const float* q0, const std::uint8_t* mask, const float* teacher,
                  const std::function<void(const StepOutput&)>& sink) const {
    const std::vector<LoadStep>& loads = region.loads.empty() ? spec_.loads : region.loads;
    require(!loads.empty(), Errc::kArgument, "no load: the model states none, so one has to be given");
    const std::int64_t N = region.shape.voxels();
    const auto grid =
        network_->grid(region.shape, region.spacing, region.phase, mask, boundaries(region), region.padding);
    const at::Tensor inner = inner_voxels(region);
    const auto pick = [&](const at::Tensor& cell) {
      return grid.crop(cell).index_select(0, inner).to(torch::kCPU, torch::kFloat).contiguous();
    };
    auto state = network_->start(grid);
    at::Tensor q = grid.pad(to_device(q0, N));
    for (std::size_t t = 0; t < loads.size(); ++t) {
      if (teacher) q = grid.pad(to_device(teacher + std::int64_t(t) * N * 4, N));
      if (t == 0) network_->warm_up(weights_, grid, cell_load(loads[t]), q, state);
      const auto step = network_->step(weights_, grid, cell_load(loads[t]), q, state);
      const at::Tensor next = turn(step.increment, q);
      q = grid.keep.defined() ? torch::where(grid.keep.unsqueeze(1) > 0, next, q) : next;
      const at::Tensor out_q = pick(q), out_w = pick(step.increment);
      StepOutput out{int(t) + 1, out_q.data_ptr<float>(), out_w.data_ptr<float>()};
      at::Tensor stress;
      if (step.stress.defined()) {
        stress = pick(step.stress * double(spec_.stress_scale[0]));
        out.stress = stress.data_ptr<float>();
      }
      at::Tensor variance;
      if (variance_.any()) {
        variance = pick(variance_.log_variance(grid, cell_load(loads[t]), step, state));
        out.log_variance = variance.data_ptr<float>();
      }
      LoadStep load = loads[t];
      const at::Tensor L = step.L.to(torch::kCPU, torch::kDouble).contiguous();
      std::copy_n(L.data_ptr<double>(), 9, load.L.begin());
      out.load = &load;
      sink(out);
    }
  }

  at::Tensor inner_voxels(const Region& r) const {
    auto axis = [](int low, int count) { return torch::arange(low, low + count, torch::kLong); };
    const at::Tensor z = axis(r.inner_lo[2], r.inner.nz).view({-1, 1, 1}),
                     y = axis(r.inner_lo[1], r.inner.ny).view({1, -1, 1}),
                     x = axis(r.inner_lo[0], r.inner.nx).view({1, 1, -1});
    return ((z * r.shape.ny + y) * r.shape.nx + x).reshape(-1).to(device_);
  }

  ModelSpec spec_;
  torch::Device device_;
  torch::ScalarType type_;
  mutable NonlocalNetwork network_;
  int threads_;
  NonlocalVariance variance_;
  CellWeights weights_;
};

}  // namespace

std::unique_ptr<Surrogate> make_nonlocal_libtorch(const Model& model, const EngineOptions& options,
                                                  bool precise) {
  std::unique_ptr<Surrogate> surrogate;
  guarded([&] { surrogate = std::make_unique<NonlocalSurrogate>(model, options, precise); });
  return surrogate;
}

}  // namespace grainspin
