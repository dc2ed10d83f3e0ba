// The `local` family in LibTorch: names and shapes, cells against torch::nn, gradients against differences,
// and the whole Surrogate against the definition written out.
#include <gtest/gtest.h>

#include "datasets/normaliser.h"
#include "local_oracle.h"
#include "networks/cell.h"
#include "networks/fields.h"
#include "networks/local.h"
#include "networks/networks.h"
#include "training_cases.h"

using namespace grainspin;
using namespace grainspin::testing;

namespace {

LocalSpec local(Cell cell, int layers, int radius, Feedback feedback) {
  LocalSpec s;
  s.cell = cell;
  s.layers = layers;
  s.hidden = 32;
  s.radius = radius;
  s.feedback = feedback;
  s.stress = s.variance = true;
  return s;
}

at::Tensor random(at::IntArrayRef shape, torch::ScalarType type = torch::kDouble) {
  return torch::randn(shape, type);
}

// d sum(f(x) * weights) / dx by central differences, in double.
template <class F>
at::Tensor differences(F f, const at::Tensor& x, const at::Tensor& weights) {
  const double h = 1e-6;
  at::Tensor gradient = torch::empty_like(x);
  double* values = x.data_ptr<double>();
  for (std::int64_t i = 0; i < x.numel(); ++i) {
    const double keep = values[i];
    values[i] = keep + h;
    const double plus = (f(x) * weights).sum().template item<double>();
    values[i] = keep - h;
    const double minus = (f(x) * weights).sum().template item<double>();
    values[i] = keep;
    gradient.data_ptr<double>()[i] = (plus - minus) / (2 * h);
  }
  return gradient;
}

double largest(const at::Tensor& t) {
  return t.abs().max().item<double>();
}

}  // namespace

TEST(Network, TensorsAreThoseOfTheModelFile) {
  for (const Cell cell : {Cell::kLstm, Cell::kGru})
    for (const int layers : {1, 2})
      for (const Feedback feedback : {Feedback::kInitial, Feedback::kOwn, Feedback::kNeighbours}) {
        const Model random = random_model(local(cell, layers, 1, feedback), "432", 3, 1);
        LocalNetwork network(random.spec);
        Model saved;
        network->save(saved);
        ASSERT_NO_THROW(check(saved));
        ASSERT_EQ(saved.tensors.size(), random.tensors.size());
        for (const auto& [name, tensor] : random.tensors)
          EXPECT_EQ(saved.tensors.at(name).shape, tensor.shape) << name;
        network->load(random);
        network->save(saved);
        for (const auto& [name, tensor] : random.tensors)
          EXPECT_EQ(saved.tensors.at(name).values, tensor.values) << name;
      }
}

// The same weights in PyTorch's own modules, whose gate order the model file follows.
TEST(Network, CellsAreTorchs) {
  torch::manual_seed(1);
  const at::Tensor x = random({7, 5, 11});
  for (const int layers : {1, 2}) {
    Recurrent lstm(Cell::kLstm, layers, 32, 11), gru(Cell::kGru, layers, 32, 11);
    lstm->to(torch::kDouble);
    gru->to(torch::kDouble);
    torch::nn::LSTM lstm_oracle(torch::nn::LSTMOptions(11, 32).num_layers(layers));
    torch::nn::GRU gru_oracle(torch::nn::GRUOptions(11, 32).num_layers(layers));
    lstm_oracle->to(torch::kDouble);
    gru_oracle->to(torch::kDouble);
    torch::NoGradGuard no_gradient;
    auto copy = [](const torch::nn::Module& from, torch::nn::Module& to) {
      auto target = to.named_parameters();
      for (const auto& p : from.named_parameters()) target[p.key()].copy_(p.value());
      EXPECT_EQ(from.named_parameters().size(), target.size());
    };
    copy(*lstm, *lstm_oracle);
    copy(*gru, *gru_oracle);
    auto run = [&](const Recurrent& r) {
      auto state = r->zero(5);
      std::vector<at::Tensor> h;
      for (int t = 0; t < 7; ++t) h.push_back(r->step(r->project(x[t]), state).clone());
      return torch::stack(h);
    };
    EXPECT_LT(largest(run(lstm) - std::get<0>(lstm_oracle->forward(x))), 1e-12);
    EXPECT_LT(largest(run(gru) - std::get<0>(gru_oracle->forward(x))), 1e-12);
  }
}

// Values and gradients of the fused passes are those of the plain operations.
TEST(Network, FusedCellsAreThePlainOnes) {
  torch::manual_seed(2);
  const std::int64_t B = 70, H = 48;
  auto leaf = [&](at::IntArrayRef shape) { return random(shape, torch::kFloat).requires_grad_(); };
  const at::Tensor gates = leaf({B, 4 * H}), c = leaf({B, H}), x = leaf({B, 3 * H}), y = leaf({B, 3 * H}),
                   h = leaf({B, H});
  const at::Tensor u = random({B, H}, torch::kFloat), v = random({B, H}, torch::kFloat);
  auto gradients = [](const at::Tensor& loss, const std::vector<at::Tensor>& inputs) {
    return torch::autograd::grad({loss}, inputs);
  };
  const auto a = lstm_cell(gates, c), b = lstm_cell_plain(gates, c);
  EXPECT_LT(largest(a.first - b.first), 1e-6);
  EXPECT_LT(largest(a.second - b.second), 1e-6);
  const auto ga = gradients((a.first * u + a.second * v).sum(), {gates, c}),
             gb = gradients((b.first * u + b.second * v).sum(), {gates, c});
  for (std::size_t i = 0; i < 2; ++i) EXPECT_LT(largest(ga[i] - gb[i]), 1e-5);
  const at::Tensor p = gru_cell(x, y, h), q = gru_cell_plain(x, y, h);
  EXPECT_LT(largest(p - q), 1e-6);
  const auto gp = gradients((p * u).sum(), {x, y, h}), gq = gradients((q * u).sum(), {x, y, h});
  for (std::size_t i = 0; i < 3; ++i) EXPECT_LT(largest(gp[i] - gq[i]), 1e-5);
}

TEST(Network, TurnIsTheExponential) {
  torch::manual_seed(3);
  const at::Tensor w =
      torch::cat({random({20, 3}), torch::zeros({1, 3}, torch::kDouble), 1e-9 * random({5, 3})});
  at::Tensor q = random({26, 4});
  q = q / q.norm(2, -1, true);
  const at::Tensor out = turn(w, q);
  for (std::int64_t i = 0; i < 26; ++i) {
    const double *a = w.data_ptr<double>() + 3 * i, *b = q.data_ptr<double>() + 4 * i,
                 *c = out.data_ptr<double>() + 4 * i;
    const Quatd expected = exp(Vec3<double>{a[0], a[1], a[2]}) * Quatd{b[0], b[1], b[2], b[3]};
    EXPECT_NEAR(c[0], expected.w, 1e-13);
    EXPECT_NEAR(c[1], expected.x, 1e-13);
    EXPECT_NEAR(c[2], expected.y, 1e-13);
    EXPECT_NEAR(c[3], expected.z, 1e-13);
    EXPECT_NEAR(angle(q, out)[i].item<double>(),
                std::min(w[i].norm().item<double>(), 2 * M_PI - w[i].norm().item<double>()), 1e-7);
  }
  const at::Tensor zero = torch::zeros({4, 3}, torch::kDouble).requires_grad_();
  const at::Tensor gradient =
      torch::autograd::grad({turn(zero, q.narrow(0, 0, 4)).select(1, 1).sum()}, {zero})[0];
  EXPECT_TRUE(gradient.isfinite().all().item<bool>());
  // d (exp(w) q)_x / dw at 0 is 1/2 (q_w, q_z, -q_y).
  EXPECT_LT(
      largest(gradient - 0.5 * torch::stack({q.narrow(0, 0, 4).select(1, 0), q.narrow(0, 0, 4).select(1, 3),
                                             -q.narrow(0, 0, 4).select(1, 2)},
                                            1)),
      1e-12);
}

TEST(Network, EmbeddingHasTheGradientOfTurning) {
  torch::manual_seed(4);
  for (const char* group : {"432", "622", "422", "32", "222"}) {
    const EmbeddingSpec& spec = embedding(PointGroup::named(group));
    const std::size_t C = std::size_t(spec.size);
    const Embedder embedder(spec, std::vector<float>(C, 0.1f), std::vector<float>(C, 0.5f), torch::kCPU,
                            torch::kDouble);
    at::Tensor q = random({6, 4});
    q = q / q.norm(2, -1, true);
    EXPECT_LT(largest(Embedder::by_monomials(embedder.tables(), q) - (embedder(q) * 0.5f + 0.1f)), 1e-7)
        << group;
    const at::Tensor w = 0.1 * random({6, 3}), weights = random({6, spec.size});
    auto f = [&](const at::Tensor& v) { return embedder(turn(v, q)); };
    const at::Tensor by_differences = differences(f, w, weights);
    const at::Tensor leaf = w.clone().requires_grad_();
    const at::Tensor gradient = torch::autograd::grad({(f(leaf) * weights).sum()}, {leaf})[0];
    EXPECT_LT(largest(gradient - by_differences), 1e-6 * (1 + largest(by_differences))) << group;
  }
}

// Both ways of the gather's gradient, by its definition: every reader of a voxel adds to it.
TEST(Network, GatherAndItsGradient) {
  torch::manual_seed(5);
  for (const Boundary b : {Boundary::kPeriodic, Boundary::kClamped})
    for (const Shape shape : {Shape{4, 3, 2}, Shape{1, 5, 1}, Shape{1, 1, 1}})
      for (const int radius : {0, 1, 2})
        for (const torch::ScalarType type : {torch::kFloat, torch::kDouble}) {
          const Boundaries boundaries{b, b, b};
          const TapTable table = tap_table(whole_box(shape, boundaries), radius, nullptr, torch::kCPU);
          EXPECT_EQ(table.inverse.numel() > 0, b == Boundary::kPeriodic);
          const std::int64_t N = shape.voxels(), K = taps(radius), C = 3;
          const at::Tensor e = random({N, C}, type).requires_grad_(), weights = random({N, K * C}, type);
          const at::Tensor out = gather(e, table),
                           gradient = torch::autograd::grad({(out * weights).sum()}, {e})[0];
          at::Tensor expected = torch::zeros({N, C}, type);
          for (std::int64_t n = 0; n < N; ++n)
            for (int k = 0; k < K; ++k) {
              const std::int64_t at = tap(shape, boundaries, int(n % shape.nx), int(n / shape.nx % shape.ny),
                                          int(n / shape.nx / shape.ny), radius, k);
              ASSERT_TRUE(torch::equal(out[n].narrow(0, k * C, C), e[at]));
              expected[at] += weights[n].narrow(0, k * C, C);
            }
          EXPECT_LT(largest(gradient - expected), 2e-5);
        }
}

// Every setting against the definition in double: the precise backend to rounding, float32 within 1e-4 rad.
TEST(Network, SurrogateIsTheDefinition) {
  const Shape shape{4, 3, 5};
  const int T = 4;
  unsigned seed = 0;
  for (const Cell cell : {Cell::kLstm, Cell::kGru})
    for (const Feedback feedback : {Feedback::kInitial, Feedback::kOwn, Feedback::kNeighbours})
      for (const int variant : {0, 1, 2, 3}) {
        const Model model =
            random_model(local(cell, 1 + variant % 2, variant < 2 ? 1 : variant - 2, feedback),
                         variant == 3 ? "622" : "432", T, ++seed);
        const Boundaries boundaries{Boundary::kPeriodic, variant ? Boundary::kClamped : Boundary::kPeriodic,
                                    Boundary::kPeriodic};
        const auto q0 = random_orientations(shape.voxels(), seed),
                   truth = random_orientations(T * shape.voxels(), seed + 100);
        std::vector<std::uint8_t> mask(std::size_t(shape.voxels()), 1);
        for (std::size_t i = 0; i < mask.size(); i += 7) mask[i] = 0;
        for (const bool masked : {false, true})
          for (const bool taught : {false, true}) {
            const std::uint8_t* m = masked ? mask.data() : nullptr;
            const float* teacher = taught ? truth.data() : nullptr;
            const float* start = taught ? truth.data() : q0.data();  // teacher[0] is step 0
            const OracleRun expected = Oracle(model, shape, boundaries).run(start, m, teacher);
            for (const bool precise : {true, false}) {
              const auto surrogate = make_libtorch(model, {}, precise);
              // Precise: the outputs are rounded to float32. float32: the bound that all backends keep.
              const double tolerance = precise ? 3e-7 : 1e-4;
              int steps = 0;
              surrogate->run(whole_box(shape, boundaries), start, m, teacher, [&](const StepOutput& out) {
                ASSERT_EQ(out.step, ++steps);
                const std::size_t at = std::size_t((out.step - 1) * shape.voxels());
                for (std::size_t i = 0; i < std::size_t(shape.voxels()); ++i) {
                  for (std::size_t a = 0; a < 4; ++a)
                    ASSERT_NEAR(out.orientation[4 * i + a], expected.orientation[4 * (at + i) + a],
                                tolerance);
                  for (std::size_t a = 0; a < 3; ++a) {
                    ASSERT_NEAR(out.increment[3 * i + a], expected.increment[3 * (at + i) + a], tolerance);
                    ASSERT_NEAR(out.log_variance[3 * i + a], expected.log_variance[3 * (at + i) + a],
                                10 * tolerance);
                  }
                  for (std::size_t a = 0; a < 6; ++a)
                    ASSERT_NEAR(out.stress[6 * i + a], expected.stress[6 * (at + i) + a], 3e8 * tolerance);
                }
              });
              EXPECT_EQ(steps, T);
            }
          }
      }
}

// The inner part of a box with cut sides: what does not depend on voxels beyond the cut is the whole grid's.
TEST(Network, InnerPartOfACutBox) {
  const Shape shape{12, 3, 4};
  const int T = 2, reach = 2;  // radius 1, two steps
  const Model model = random_model(local(Cell::kLstm, 1, 1, Feedback::kNeighbours), "432", T, 77);
  const auto surrogate = make_libtorch(model, {}, true);
  const auto q = random_orientations(shape.voxels(), 5);
  std::vector<float> whole;
  surrogate->run(whole_box(shape, {}), q.data(), nullptr, nullptr, [&](const StepOutput& o) {
    whole.assign(o.orientation, o.orientation + shape.voxels() * 4);
  });
  Region r = whole_box({5 + 2 * reach, 3, 4}, {});
  r.edge[0] = {Edge::kCut, Edge::kCut};
  r.inner_lo = {reach, 0, 0};
  r.inner = {5, 3, 4};
  std::vector<float> box;
  for (int z = 0; z < 4; ++z)
    for (int y = 0; y < 3; ++y)
      for (int x = 1; x < 1 + r.shape.nx; ++x)
        for (int a = 0; a < 4; ++a) box.push_back(q[std::size_t((((z * 3) + y) * 12 + x) * 4 + a)]);
  surrogate->run(r, box.data(), nullptr, nullptr, [&](const StepOutput& o) {
    if (o.step < T) return;
    for (int z = 0; z < 4; ++z)
      for (int y = 0; y < 3; ++y)
        for (int x = 0; x < 5; ++x)
          for (int a = 0; a < 4; ++a)
            EXPECT_NEAR(o.orientation[((z * 3 + y) * 5 + x) * 4 + a],
                        whole[std::size_t(((z * 3 + y) * 12 + x + 1 + reach) * 4 + a)], 1e-7);
  });
}

// Gathered and turned as tensors: the same samples as the plain loops give.
TEST(Network, DeviceFieldsGiveTheSameSamples) {
  std::vector<grainspin::Run> runs;
  for (const Shape shape : {Shape{4, 3, 5}, Shape{2, 6, 3}}) {
    runs.push_back(made_run(shape, 2, unsigned(shape.nx)));
    for (std::int64_t i = 0; i < 2 * shape.voxels() * 6; ++i) runs.back().stress.push_back(float(i % 19) - 9);
  }
  const auto& operations = cube_operations();
  std::vector<Draw> draws;
  for (int i = 0; i < 300; ++i) draws.push_back(draw(runs, int(operations.size()), 3, i));
  auto near = [](const at::Tensor& a, const at::Tensor& b, double tolerance) {
    ASSERT_EQ(a.defined(), b.defined());
    if (!a.defined()) return;
    ASSERT_EQ(a.sizes(), b.sizes());
    EXPECT_LT(largest(a - b), tolerance);
  };
  for (const Feedback feedback : {Feedback::kInitial, Feedback::kOwn, Feedback::kNeighbours}) {
    ModelSpec spec;
    spec.point_group = "432";
    spec.local = local(Cell::kLstm, 1, 1, feedback);
    spec.loads = runs[0].loads;
    set_scales(runs, spec);
    DeviceFields::Runs shared;
    for (const auto& run : runs) shared.push_back(std::make_shared<const grainspin::Run>(run));
    const DeviceFields fields(shared, spec, operations, torch::kCPU);
    const BatchMaker maker(spec, true, operations, 1);
    Batch batch;
    maker.fill([&](int r) -> const grainspin::Run& { return *shared[std::size_t(r)]; }, draws, batch);
    const Sample a = fields.voxels(draws), b = to_tensors(batch, spec.local, 9, torch::kCPU);
    near(a.x, b.x, 1e-4);
    near(a.own, b.own, 1e-4);
    near(a.q, b.q, 1e-6);
    near(a.w, b.w, 1e-7);
    near(a.stress, b.stress, 1e-5);
    for (const int i : {0, 1, 2, 3, 4, 5}) {
      TurnedRun turned = turn(runs[std::size_t(draws[std::size_t(i)].run)],
                              operations[std::size_t(draws[std::size_t(i)].operation)]);
      const Sample g = fields.grid(draws[std::size_t(i)]), h = to_tensors(turned, 2, torch::kCPU);
      near(g.q, h.q, 1e-6);
      near(g.w, h.w, 1e-7);
      near(g.stress, h.stress, 1e-5);
    }
  }
}
