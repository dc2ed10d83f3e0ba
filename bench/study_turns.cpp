// Error and time of solver alone, surrogate alone and both in turns (examples/solver), against archives: one
// JSON line a row on standard output. study_turns MODEL ARCHIVE [ROW...]; bench/study_turns.sh runs it,
// bench/study_turns.py prints the table. CPU seconds of one thread, setting up left out; the fastest of
// REPEATS (environment, 1).
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <functional>
#include <set>

#include "examples/solver/rotation.h"
#include "examples/solver/turns.h"
#include "grainspin/archive.h"

namespace {

double cpu_seconds() {
  return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

struct Truth {
  cp::Microstructure start;
  std::vector<double> end;
  double von_mises = 0;
  std::vector<cp::LoadStep> load;
};

Truth read(const std::string& path) {
  const auto archive = grainspin::open_archive(path);
  const auto& info = archive->info();
  const std::int64_t n = info.shape.voxels();
  Truth truth;
  truth.start.voxels = {int(info.shape.nx), int(info.shape.ny), int(info.shape.nz)};
  truth.start.grain.assign(n, 1);
  std::vector<float> q(4 * n), stress(6 * n);
  archive->orientation(0, 0, n, q.data());
  truth.start.orientation.assign(q.begin(), q.end());
  archive->orientation(info.step_count(), 0, n, q.data());
  truth.end.assign(q.begin(), q.end());
  archive->stress(info.step_count(), 0, n, stress.data());
  for (std::int64_t i = 0; i < n; ++i) {
    const std::vector<double> here(stress.begin() + 6 * i, stress.begin() + 6 * i + 6);
    truth.von_mises += cp::von_mises(here.data()) / static_cast<double>(n);
  }
  truth.load = cp::read_load(std::string(GRAINSPIN_SOURCE_DIR) + "/examples/solver/uniaxial.txt");
  return truth;
}

struct Row {
  double seconds = 0, solver = 0, surrogate = 0, follow = 0;
  std::vector<double> q;
  double von_mises = 0, jump = 0;  // the largest jump of the mean von Mises stress at a hand-over
  int laws = 0, products = 0, solver_steps = 0;
};

Row solver_alone(const Truth& truth, const cp::TurnOptions* options) {
  Row row;
  cp::Polycrystal polycrystal(cp::Material{}, truth.start.voxels, {1, 1, 1}, truth.start.orientation.data(),
                              1, cp::Scheme::kNewton, options ? options->tolerances : cp::Tolerances{});
  const double clock = cpu_seconds();
  for (std::size_t s = 0; s < truth.load.size(); ++s) {
    cp::LoadStep step = truth.load[s];
    if (options) {
      step.increments = s ? options->increments : options->first_increments;
      step.ratio = s ? 1 : options->first_ratio;
    }
    const cp::Matrix from = polycrystal.mean_F();
    double time = 0;
    for (int i = 0; i < step.increments; ++i) {
      time += cp::time_of(step, i);
      cp::MeanLoad mean = step.end;
      for (int c = 0; c < 9; ++c) mean.F[c] = from[c] + time / step.time * (step.end.F[c] - from[c]);
      const cp::Report report = polycrystal.advance(cp::time_of(step, i), mean);
      row.laws += report.iterations;
      row.products += report.products;
    }
  }
  row.seconds = row.solver = cpu_seconds() - clock;
  row.solver_steps = static_cast<int>(truth.load.size());
  row.q.resize(truth.end.size());
  polycrystal.orientations(row.q.data());
  row.von_mises = polycrystal.mean_von_mises();
  return row;
}

Row surrogate_alone(const Truth& truth, const std::string& path) {
  namespace gs = grainspin::api;
  gs::Model::Options options;
  options.device = GRAINSPIN_HOST;
  options.threads = 1;
  gs::Model model(path, options);
  gs::State state(model, gs::Grid({truth.start.voxels[0], truth.start.voxels[1], truth.start.voxels[2]}),
                  gs::array(truth.start.orientation));
  Row row;
  const double clock = cpu_seconds();
  state.advance(static_cast<std::int64_t>(truth.load.size()));
  row.seconds = row.surrogate = cpu_seconds() - clock;
  row.q.resize(truth.end.size());
  state.orientations(gs::array(row.q));
  std::vector<double> stress(truth.end.size() / 4 * 6);
  state.stress(gs::array(stress));
  for (std::size_t i = 0; i < stress.size(); i += 6)
    row.von_mises += 6 * cp::von_mises(&stress[i]) / static_cast<double>(stress.size());
  return row;
}

Row in_turns(const Truth& truth, const std::string& path, const cp::TurnOptions& options) {
  cp::TurnTaking turns(path, cp::Material{}, truth.start, options);
  Row row;
  const double clock = cpu_seconds();
  for (const auto& step : truth.load) {
    const cp::Turn turn = turns.step(step);
    row.solver += turn.solver_seconds;
    row.surrogate += turn.surrogate_seconds;
    row.follow += turn.follow_seconds;
    row.laws += turn.report.iterations;
    row.products += turn.report.products;
    row.solver_steps += turn.by_solver;
    if (!std::isnan(turn.jump)) row.jump = std::max(row.jump, std::abs(turn.jump));
  }
  row.seconds = cpu_seconds() - clock;
  row.q = turns.orientations();
  row.von_mises = turns.mean_von_mises();
  return row;
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc < 3) return std::fputs("study_turns MODEL ARCHIVE [ROW...]\n", stderr), 1;
  const std::string model = argv[1];
  const Truth truth = read(argv[2]);
  const std::set<std::string> wanted(argv + 3, argv + argc);
  const char* const repeats = std::getenv("REPEATS");
  const auto print = [&](const std::string& name, const std::function<Row()>& make) {
    if (!wanted.empty() && !wanted.count(name)) return;
    Row row = make();
    for (int r = 1; r < (repeats ? std::atoi(repeats) : 1); ++r)
      if (Row again = make(); again.seconds < row.seconds) row = again;
    double error = 0;
    for (std::size_t i = 0; i < row.q.size(); i += 4)
      error +=
          cp::cubic_disorientation(&row.q[i], &truth.end[i]) * 57.29577951308232 * 4 / double(row.q.size());
    std::printf(
        "{\"run\": \"%s\", \"row\": \"%s\", \"voxels\": %zu, \"error_deg\": %.4f, \"von_mises\": %.5f, "
        "\"seconds\": %.3f, \"solver\": %.3f, \"surrogate\": %.3f, \"follow\": %.3f, \"solver_steps\": %d, "
        "\"laws\": %d, \"products\": %d, \"jump\": %.4f}\n",
        std::filesystem::path(argv[2]).stem().c_str(), name.c_str(), row.q.size() / 4, error,
        row.von_mises / truth.von_mises - 1, row.seconds, row.solver, row.surrogate, row.follow,
        row.solver_steps, row.laws, row.products, row.jump);
    std::fflush(stdout);
  };
  cp::TurnOptions options;
  print("solver", [&] { return solver_alone(truth, nullptr); });
  print("solver-loose", [&] { return solver_alone(truth, &options); });
  print("surrogate", [&] { return surrogate_alone(truth, model); });
  for (const int k : {1, 2, 3, 4, 6}) {
    options.surrogate_steps = k;
    print("turns-" + std::to_string(k), [&] { return in_turns(truth, model, options); });
  }
  options.surrogate_steps = 2;
  options.correct = false;
  print("turns-2-uncorrected", [&] { return in_turns(truth, model, options); });
  return 0;
} catch (const std::exception& e) {
  std::fprintf(stderr, "study_turns: %s\n", e.what());
  return 1;
}
