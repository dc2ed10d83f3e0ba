// What the nonlocal cell is compared with: a plain convolutional network and a U-Net of about its cost, the
// local cube with four descriptions of an orientation, Taylor and persistence. Each network is trained for
// the same CPU time (a cube: a sixth of it) on single steps of whole grids (true orientations given), then carries the
// validation runs from their initial state.
//
//   study_networks FOLDER [--minutes M] [--seed S] [--rows a,b,...] [--lr R]
//
// FOLDER holds train/ and validation/ (datasets/cu_uniaxial). One thread. A JSON line a row on stdout: name,
// parameters, products per voxel-step, optimiser steps, CPU seconds, voxel-steps per CPU second without
// gradient, and for each validation run the R2 of one step and of the rollout, the mean error by step in
// degrees, persistence and skill; `scores_any` is of the same runs with another equivalent orientation in
// every voxel.
#include <ATen/Parallel.h>

#include <cmath>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <functional>
#include <numbers>
#include <sstream>

#include <nlohmann/json.hpp>

#include "bench/study_grids.h"
#include "bench/study_models.h"
#include "grainspin/archive.h"
#include "grainspin/evaluation.h"

namespace grainspin::bench {
namespace {

// CPU time of the process: what else the machine does costs a row nothing.
double cpu_seconds() {
  return double(std::clock()) / CLOCKS_PER_SEC;
}

struct Arguments {
  std::string folder, rows;
  double minutes = 3, lr = 0;  // 0: the row's own
  std::uint64_t seed = 1;
};

struct Row {
  std::string name;
  Input input;
  bool scatter;  // trained on archives with another equivalent orientation in every voxel
  double lr;     // the best of those tried
  double share;  // of the CPU time asked for: a cube costs a fourteenth of the others
  std::function<std::shared_ptr<Model>(int channels)> make;
};

const std::vector<Row>& rows() {
  const auto cube = [](int c) { return std::make_shared<Cube>(c, 128); };
  static const std::vector<Row> all{
      {"convolutions", Input::kEmbedding, false, 7e-4, 1,
       [](int c) { return std::make_shared<Convolutions>(c, 64, 6); }},
      {"unet", Input::kEmbedding, false, 5e-4, 1, [](int c) { return std::make_shared<UNet>(c, 56); }},
      {"cube_embedding", Input::kEmbedding, false, 2e-3, 1. / 6, cube},
      {"cube_quaternion", Input::kQuaternion, false, 2e-3, 1. / 6, cube},
      {"cube_quaternion_any", Input::kQuaternion, true, 2e-3, 1. / 6, cube},
      {"cube_columns", Input::kColumns, false, 2e-3, 1. / 6, cube},
      {"cube_columns_any", Input::kColumns, true, 2e-3, 1. / 6, cube},
      {"cube_euler", Input::kEuler, false, 2e-3, 1. / 6, cube},
      {"cube_euler_any", Input::kEuler, true, 2e-3, 1. / 6, cube},
  };
  return all;
}

std::vector<std::string> archives(const std::string& folder) {
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.path().extension() == ".h5") paths.push_back(entry.path().string());
  std::sort(paths.begin(), paths.end());
  require(!paths.empty(), Errc::kIo, folder + ": holds no .h5 archive");
  return paths;
}

class Network {
 public:
  Network(const Row& row, const std::vector<Grid>& runs)
      : input_(row.input), model_(row.make(channels(row.input))) {
    std::vector<torch::Tensor> all;
    double squares = 0, count = 0;
    for (const Grid& run : runs) {
      all.push_back(describe(input_, run.q[0]));
      squares += run.w.square().sum().item<double>();
      count += double(run.w.numel());
    }
    const torch::Tensor x = torch::cat(all);
    mean_ = x.mean(0), scale_ = x.std(0);
    unit_ = std::sqrt(squares / count);
  }
  Model& model() { return *model_; }
  double unit() const { return unit_; }

  // Increments [N, 3] in units of their root mean square.
  torch::Tensor operator()(const torch::Tensor& q, Shape shape) {
    return from_volume(model_->forward(to_volume((describe(input_, q) - mean_) / scale_, shape)));
  }

 private:
  Input input_;
  std::shared_ptr<Model> model_;
  torch::Tensor mean_, scale_;
  double unit_ = 1;
};

// AdamW for the given CPU time: linear warm-up over 3 %, then cosine to 1 %. One step of one grid at a time.
std::int64_t fit(Network& network, const std::vector<Grid>& runs, const Arguments& a) {
  torch::optim::AdamW optimiser(network.model().parameters(),
                                torch::optim::AdamWOptions(a.lr).weight_decay(0.01));
  const std::vector<Operation> operations = load_operations(runs[0].loads);
  const double start = cpu_seconds(), budget = 60 * a.minutes;
  std::int64_t steps = 0;
  for (double done = 0; done < 1; done = (cpu_seconds() - start) / budget, ++steps) {
    const double lr = a.lr * std::min(1.0, 0.01 + done / 0.03) *
                      (0.505 + 0.495 * std::cos(std::numbers::pi * std::min(done, 1.0)));
    for (auto& group : optimiser.param_groups())
      static_cast<torch::optim::AdamWOptions&>(group.options()).lr(lr);
    const auto pick = [&](std::uint64_t what, std::size_t n) {
      return std::size_t(mix(a.seed, 3 * std::uint64_t(steps) + what) % n);
    };
    const Grid& run = runs[pick(0, runs.size())];
    const Step step =
        turned_step(run, std::int64_t(pick(1, run.loads.size())), operations[pick(2, operations.size())]);
    const torch::Tensor loss = (network(step.q, step.shape) - step.w / network.unit()).square().mean();
    optimiser.zero_grad();
    loss.backward();
    torch::nn::utils::clip_grad_norm_(network.model().parameters(), 1);
    optimiser.step();
    if (steps % 200 == 0) std::fprintf(stderr, "  step %ld  loss %.3f\n", long(steps), loss.item<double>());
  }
  return steps;
}

double mean_degrees(const torch::Tensor& a, const torch::Tensor& b) {
  std::vector<float> angle(std::size_t(a.size(0)));
  const torch::Tensor x = a.contiguous(), y = b.contiguous();
  disorientation_angles(PointGroup::named("432"), a.size(0), x.data_ptr<float>(), y.data_ptr<float>(),
                        angle.data());
  return std::accumulate(angle.begin(), angle.end(), 0.0) / double(angle.size()) * 180 / std::numbers::pi;
}

nlohmann::json score(Network& network, const Grid& run) {
  nlohmann::json out{{"run", std::filesystem::path(run.path).stem().string()}};
  torch::Tensor q = run.q[0];
  double one_step = 0, rolled = 0;
  std::vector<double> error;
  for (std::int64_t t = 0; t < run.w.size(0); ++t) {
    const auto residual = [&](const torch::Tensor& w) {
      return (w - run.w[t]).square().sum().item<double>();
    };
    one_step += residual(network(run.q[t], run.shape) * network.unit());
    const torch::Tensor w = network(q, run.shape) * network.unit();
    rolled += residual(w);
    q = turn(w, q);
    error.push_back(mean_degrees(q, run.q[t + 1]));
  }
  const double total = run.w.square().sum().item<double>(), persistence = mean_degrees(run.q[0], run.q[-1]);
  out["r2_one_step"] = 1 - one_step / total;
  out["r2_rolled"] = 1 - rolled / total;
  out["error_deg"] = error;
  out["persistence_deg"] = persistence;
  out["skill"] = 1 - error.back() / persistence;
  return out;
}

// Forward steps, describing and turning included; the best of five, since all else only makes it slower.
double voxel_steps_per_second(Network& network, const Grid& run) {
  double best = 0;
  for (int i = 0; i < 6; ++i) {
    const double start = cpu_seconds();
    for (int k = 0; k < 3; ++k) turn(network(run.q[0], run.shape) * network.unit(), run.q[0]);
    if (i > 0) best = std::max(best, 3 * double(run.q.size(1)) / (cpu_seconds() - start));
  }
  return best;
}

nlohmann::json run_row(const Row& row, Arguments a) {
  if (a.lr <= 0) a.lr = row.lr;
  a.minutes *= row.share;
  std::vector<Grid> runs, stored, any;
  for (const std::string& path : archives(a.folder + "/train"))
    runs.push_back(read_grid(path, row.scatter, mix(a.seed, runs.size())));
  for (const std::string& path : archives(a.folder + "/validation")) {
    stored.push_back(read_grid(path, false, 0));
    any.push_back(read_grid(path, true, mix(a.seed + 1, any.size())));
  }
  torch::manual_seed(a.seed);
  Network network(row, runs);
  const double start = cpu_seconds();
  nlohmann::json out{{"name", row.name}, {"seed", a.seed}, {"lr", a.lr}, {"runs", runs.size()}};
  out["optimiser_steps"] = fit(network, runs, a);
  out["cpu_seconds"] = cpu_seconds() - start;
  std::int64_t parameters = 0;
  for (const auto& p : network.model().parameters()) parameters += p.numel();
  out["parameters"] = parameters;
  out["flop_per_voxel_step"] = 2 * network.model().products();
  torch::NoGradGuard no_gradient;
  out["voxel_steps_per_second"] = voxel_steps_per_second(network, stored[0]);
  for (const Grid& run : stored) out["scores"].push_back(score(network, run));
  for (const Grid& run : any) out["scores_any"].push_back(score(network, run));
  return out;
}

// Taylor without hardening, the better one on copper (docs/accuracy.md), and persistence.
void baselines(const Arguments& a) {
  nlohmann::json taylor{{"name", "taylor"}}, persistence{{"name", "persistence"}};
  for (const std::string& path : archives(a.folder + "/validation")) {
    const Grid run = read_grid(path, false, 0);
    RunFields truth;
    truth.info = open_archive(path)->info();
    truth.orientation.assign(run.q.data_ptr<float>(), run.q.data_ptr<float>() + run.q.numel());
    const TaylorRun solved = taylor_run(truth, false, 1, {});
    std::vector<double> error, still;
    for (std::size_t t = 0; t < solved.steps.size(); ++t) {
      std::vector<float> field = solved.orientation(int(t) + 1);
      const torch::Tensor q = torch::from_blob(field.data(), {run.q.size(1), 4}), end = run.q[std::int64_t(t) + 1];
      error.push_back(mean_degrees(q, end));
      still.push_back(mean_degrees(run.q[0], end));
    }
    const std::string name = std::filesystem::path(path).stem().string();
    taylor["scores"].push_back({{"run", name},
                                {"error_deg", error},
                                {"persistence_deg", still.back()},
                                {"skill", 1 - error.back() / still.back()}});
    persistence["scores"].push_back(
        {{"run", name}, {"error_deg", still}, {"persistence_deg", still.back()}, {"skill", 0}});
  }
  std::printf("%s\n%s\n", taylor.dump().c_str(), persistence.dump().c_str());
}

Arguments parse(int argc, char** argv) {
  Arguments a;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word.rfind("--", 0) != 0) {
      a.folder = word;
      continue;
    }
    require(i + 1 < argc, Errc::kArgument, word + " wants a value");
    const std::string value = argv[++i];
    if (word == "--minutes")
      a.minutes = std::stod(value);
    else if (word == "--lr")
      a.lr = std::stod(value);
    else if (word == "--seed")
      a.seed = std::stoull(value);
    else if (word == "--rows")
      a.rows = value;
    else
      throw Error(Errc::kArgument, word + ": not an option");
  }
  require(!a.folder.empty(), Errc::kArgument,
          "usage: study_networks FOLDER [--minutes M] [--seed S] [--rows a,b,...] [--lr R]");
  return a;
}

bool wanted(const std::string& list, const std::string& name) {
  std::istringstream names(list);
  for (std::string one; std::getline(names, one, ',');)
    if (one == name) return true;
  return list.empty();
}

void study(const Arguments& a) {
  at::set_num_threads(1);
  if (wanted(a.rows, "baselines")) baselines(a);
  for (const Row& row : rows()) {
    if (!wanted(a.rows, row.name)) continue;
    std::fprintf(stderr, "%s\n", row.name.c_str());
    std::printf("%s\n", run_row(row, a).dump().c_str());
    std::fflush(stdout);
  }
}

}  // namespace
}  // namespace grainspin::bench

int main(int argc, char** argv) {
  try {
    grainspin::bench::study(grainspin::bench::parse(argc, argv));
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
}
