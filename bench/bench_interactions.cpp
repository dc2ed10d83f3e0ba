// K of the 39 HCP systems from 20,000 rows: shared Gram matrix, reduction to seven regressions, the path of each, and the
// whole fit with five folds. items of the Gram matrix are products and sums. `bench_interactions --export FOLDER` writes the
// regressions, lambdas, coefficients and times for bench_interactions.py, which compares with scikit-learn.
#include <benchmark/benchmark.h>

#include <cmath>
#include <ctime>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "bench/interaction_problem.h"
#include "bench/timing.h"
#include "grainspin/interactions/on_gpu.h"
#include "grainspin/interactions/selection.h"
#include "src/backend.h"

namespace grainspin::bench {
namespace {

using namespace interactions;

PathOptions fifty() {
  PathOptions o;
  o.lambdas = 50;
  o.lambda_min_ratio = std::pow(10, -2.5);
  return o;
}

// 0 even: slip on all systems; 1 sharp: on few; 2 short: the same, one run only, so that columns are dependent; 3 long: as
// sharp, 100,000 rows (1.2 GB).
const InteractionProblem& problem(int kind) {
  static InteractionProblem made[4];
  InteractionProblem& p = made[kind];
  if (p.rows == 0) p = planted_interactions("hcp39", kind == 2 ? 1 : kind == 3 ? 1000 : 200, kind > 0, 0.2, 16, 1);
  return p;
}

const std::vector<std::vector<BlockMoments>>& reduced(int kind) {
  static std::vector<std::vector<BlockMoments>> made[4];
  if (made[kind].empty()) made[kind] = reduce(problem(kind).moments(0), problem(kind).tied, problem(kind).blocks);
  return made[kind];
}

void gram(benchmark::State& state) {
  const InteractionProblem& p = problem(1);
  for (auto _ : state) benchmark::DoNotOptimize(p.moments(int(state.range(0))));
  const double M = double(p.tied.features);
  state.SetItemsProcessed(std::int64_t(double(state.iterations()) * double(p.rows) * M * (M + 2 * p.systems)));
}

void reduction(benchmark::State& state) {
  const InteractionProblem& p = problem(1);
  const std::vector<Moments> m = p.moments(0);
  for (auto _ : state) benchmark::DoNotOptimize(reduce(m, p.tied, p.blocks, int(state.range(0))));
}

void path(benchmark::State& state) {
  const BlockMoments all = sum(reduced(int(state.range(0)))[std::size_t(state.range(1))]);
  Path p;
  for (auto _ : state) p = lasso_path(all, fifty());
  state.counters["columns"] = all.columns;
  state.counters["lambdas"] = double(p.points.size());
  state.counters["active"] = double(p.points.back().active.size());
  state.counters["updates"] = double(p.updates);
  state.counters["solves"] = double(p.solves);
  for (const PathPoint& q : p.points) state.counters["gap"] = std::max(double(state.counters["gap"]), q.gap);
}

void whole_fit(benchmark::State& state) {
  const InteractionProblem& p = problem(int(state.range(0)));
  CvOptions o;
  o.path = fifty();
  if (state.range(0) == 3) o.path.lambdas = 100;
  o.threads = int(state.range(1));
  double active = 0;
  for (auto _ : state) {
    const CrossValidations cv = cross_validate(reduce(p.moments(o.threads), p.tied, p.blocks, o.threads), o);
    active = 0;
    for (const CrossValidation& b : cv.blocks) active += double(b.path.points[std::size_t(b.one_se)].active.size());
  }
  state.counters["active_one_se"] = active;
}

void gram_gpu(benchmark::State& state) {
  if (const std::string why = cuda_unavailable(); !why.empty()) return state.SkipWithError(why.c_str());
  const InteractionProblem& p = problem(1);
  for (auto _ : state) {
    Moments m(p.tied.features, p.systems);
    add_on_gpu(m, p.rows, p.x.data(), p.y.data(), nullptr);
    benchmark::DoNotOptimize(m);
  }
  const double M = double(p.tied.features);
  state.SetItemsProcessed(std::int64_t(double(state.iterations()) * double(p.rows) * M * (M + 2 * p.systems)));
}

// Paths of seven blocks and five folds, CPU and GPU in one run.
void paths_gpu(benchmark::State& state) {
  if (const std::string why = cuda_unavailable(); !why.empty()) return state.SkipWithError(why.c_str());
  CvOptions o;
  o.path = fifty();
  const double cpu = seconds([&] { benchmark::DoNotOptimize(cross_validate(reduced(int(state.range(0))), o)); });
  o.gpu = 0;
  for (auto _ : state) benchmark::DoNotOptimize(cross_validate(reduced(int(state.range(0))), o));
  state.counters["cpu_ms"] = 1e3 * cpu;
}

BENCHMARK(gram_gpu)->Name("interactions/gram_gpu")->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(paths_gpu)->Name("interactions/cross_validation_gpu")->ArgName("kind")->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(gram)->Name("interactions/gram")->ArgName("threads")->Arg(1)->Arg(2)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(reduction)->Name("interactions/reduce")->ArgName("threads")->Arg(1)->Arg(2)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(path)->Name("interactions/path")->ArgNames({"kind", "block"})->ArgsProduct({{0, 1, 2}, {0, 2, 3, 4}})->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(whole_fit)->Name("interactions/whole_fit")->ArgNames({"kind", "threads"})->ArgsProduct({{0, 1, 3}, {1, 2}})->Unit(benchmark::kMillisecond)->UseRealTime();

// NumPy's format 1.0.
void write_npy(const std::string& file, const std::vector<double>& values, std::size_t rows, std::size_t columns) {
  std::string header = "{'descr': '<f8', 'fortran_order': False, 'shape': (" + std::to_string(rows) + ", " + std::to_string(columns) + "), }";
  header.resize((header.size() + 10 + 1 + 63) / 64 * 64 - 10, ' ');
  header.back() = '\n';
  std::ofstream out(file, std::ios::binary);
  out.write("\x93NUMPY\x01\x00", 8);
  out.put(char(header.size() % 256)).put(char(header.size() / 256));
  out.write(header.data(), std::streamsize(header.size()));
  out.write(reinterpret_cast<const char*>(values.data()), std::streamsize(values.size() * sizeof(double)));
  require(bool(out), Errc::kIo, file + " cannot be written");
}

// Columns of unit mean square, so that both solve the same numbers.
int export_to(const std::string& folder) {
  const char* const names[] = {"/even", "/sharp", "/short"};
  for (int kind = 0; kind < 3; ++kind)
    for (std::size_t b = 0; b < reduced(kind).size(); ++b) {
      BlockMoments m = sum(reduced(kind)[b]);
      const std::size_t C = std::size_t(m.columns);
      std::vector<double> unit(C);
      for (std::size_t c = 0; c < C; ++c) unit[c] = std::sqrt(m.gram[c * C + c] / m.weight);
      for (std::size_t c = 0; c < C; ++c) {
        for (std::size_t d = 0; d < C; ++d) m.gram[c * C + d] /= unit[c] * unit[d] * m.weight;
        m.xy[c] /= unit[c] * m.weight;
      }
      m.yy /= m.weight;
      m.weight = 1;
      PathOptions o = fifty();
      o.standardise = false;
      o.stop_gain = 0;
      o.stop_explained = 2;
      Path p;
      std::vector<double> times;
      for (int k = 0; k < 5; ++k) {
        const std::clock_t start = std::clock();
        p = lasso_path(m, o);
        times.push_back(double(std::clock() - start) / CLOCKS_PER_SEC);
      }
      std::vector<double> lambda, coefficients;
      for (const PathPoint& q : p.points) {
        lambda.push_back(q.lambda);
        const std::vector<double> theta = dense(q, m.columns);
        coefficients.insert(coefficients.end(), theta.begin(), theta.end());
      }
      const std::string name = folder + names[kind] + std::to_string(b);
      write_npy(name + "_gram.npy", m.gram, C, C);
      write_npy(name + "_xy.npy", m.xy, 1, C);
      write_npy(name + "_lambda.npy", lambda, 1, lambda.size());
      write_npy(name + "_coefficients.npy", coefficients, lambda.size(), C);
      write_npy(name + "_facts.npy", {m.yy, median(times), double(effective_rank(m))}, 1, 3);
    }
  return 0;
}

}  // namespace
}  // namespace grainspin::bench

int main(int argc, char** argv) {
  if (argc == 3 && std::string(argv[1]) == "--export") {
    try {
      return grainspin::bench::export_to(argv[2]);
    } catch (const std::exception& e) {
      std::cerr << e.what() << '\n';
      return 1;
    }
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
