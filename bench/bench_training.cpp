// Training: samples a second of optimiser steps, reading and scoring not counted. Local: voxels, each over all its steps;
// nonlocal: voxel-steps. `ratio`: over the row that the comparison is with, which has run before in the same run.
#include <benchmark/benchmark.h>

#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "bench/datasets.h"
#include "networks/networks.h"
#include "networks/train.h"

namespace grainspin::bench {
namespace {

namespace fs = std::filesystem;

// The rate of a row, and what it is of the row that it is compared with.
void rate(benchmark::State& state, const std::string& name, double samples_per_second, const std::string& beside) {
  static std::map<std::string, double> rates;
  rates[name] = samples_per_second;
  if (const auto other = rates.find(beside); other != rates.end()) state.counters["ratio"] = samples_per_second / other->second;
}

struct Row {
  std::string name;
  Family family = Family::kLocal;
  Device device = Device::kCpu;
  LocalSpec local{Cell::kLstm, 1, 64, 1, Feedback::kNeighbours};
  bool teacher = true;  // the true path is given; else the model's own path, whose loop over the steps goes through the neighbours
  bool bfloat16 = false;
  bool streamed = false;  // memory for some of the runs' fields alone
  std::string beside = "";  // what the ratio is over
};

TrainOptions options_of(const Row& row) {
  TrainOptions o = train_defaults(row.family);
  const bool cuda = row.device == Device::kCuda;
  for (int i = 1; i <= 4; ++i) o.archives.push_back(dataset("train/cu_uniaxial_0" + std::to_string(i) + ".h5"));
  o.local = row.local;
  o.teacher = row.teacher ? 1 : 0;
  o.held_out = 0;
  o.device = row.device;
  o.bfloat16 = row.bfloat16;
  if (row.family == Family::kLocal) {
    o.steps = cuda ? 200 : 20;
    if (cuda) o.batch = 16384;
    if (row.streamed) o.memory = row.local.feedback == Feedback::kInitial ? 8'000'000 : 24'000'000;  // a batch takes 1.4 or 13 of it
  } else {
    o.steps = cuda ? 100 : 12;
    o.recipe.pool = 2;
    if (row.streamed) o.memory = 6'000'000;
  }
  return o;
}

void training(benchmark::State& state, const Row& row) {
  if (row.device == Device::kCuda && !torch_has_cuda()) return state.SkipWithError("LibTorch finds no CUDA device");
  try {
    double samples = 0, seconds = 0;
    for (auto _ : state) {
      const TrainReport report = train(options_of(row), [](double, double, const TrainRow*) { return true; });
      samples += report.samples_per_second * report.seconds;
      seconds += report.seconds;
      state.SetIterationTime(report.seconds);
      state.counters["MB_peak"] = double(report.peak_bytes) / 1e6;
      state.counters["MB_runs"] = double(report.data_bytes) / 1e6;
      state.counters["bytes_per_sample"] = double(report.bytes_per_sample);
    }
    state.SetItemsProcessed(std::int64_t(samples));
    rate(state, row.name, samples / seconds, row.beside);
  } catch (const Error& e) {
    state.SkipWithError(e.what());
  }
}

// The program itself, alone or started by mpirun, one thread each: the same batches, and the same weights at the end.
void processes(benchmark::State& state, const std::string& name, Family family, int ranks, const std::string& beside) {
  const std::string program = GRAINSPIN_PROGRAM, launcher = GRAINSPIN_MPIEXEC;
  if (!fs::exists(program)) return state.SkipWithError("the program is not built");
  if (ranks > 1 && !fs::exists(launcher)) return state.SkipWithError("no MPI here");
  const fs::path folder = fs::temp_directory_path() / ("grainspin bench " + std::to_string(::getpid()));
  fs::create_directories(folder);
  std::vector<std::string> a;
  if (ranks > 1) a = {launcher, "-n", std::to_string(ranks)};
  a.insert(a.end(), {program, "train", "-o", (folder / "model.safetensors").string(), "--summary", (folder / "rows").string(), "-q",
                     "--threads", "1", "--held-out", "0", "--device", "cpu"});
  if (ranks > 1) a.push_back("--mpi");
  for (int i = 1; i <= 4; ++i) a.push_back(dataset("train/cu_uniaxial_0" + std::to_string(i) + ".h5"));
  const bool local = family == Family::kLocal;
  for (const char* word : local ? std::vector<const char*>{"--steps", "40", "--parts", "2", "--teacher", "1"}
                                : std::vector<const char*>{"--steps", "12", "--family", "nonlocal", "--pool", "4", "--grids", "2"})
    a.push_back(word);
  for (auto _ : state) {
    const pid_t child = ::fork();
    if (child == 0) {
      ::setenv("OMPI_ALLOW_RUN_AS_ROOT", "1", 1), ::setenv("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1", 1);
      ::setenv("OMPI_MCA_rmaps_base_oversubscribe", "1", 1);
      std::vector<const char*> argv;
      for (const std::string& text : a) argv.push_back(text.c_str());
      argv.push_back(nullptr);
      ::execv(argv[0], const_cast<char**>(argv.data()));
      ::_exit(127);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
      state.SkipWithError("the training failed");
      break;
    }
    std::ifstream rows(folder / "rows");
    std::string line, last;
    while (std::getline(rows, line)) last = line;
    const auto json = nlohmann::json::parse(last);
    const double seconds = json["seconds"], per_second = json["samples_per_second"];
    state.SetIterationTime(seconds);
    state.SetItemsProcessed(std::int64_t(seconds * per_second));
    rate(state, name, per_second, beside);
  }
  fs::remove_all(folder);
}

LocalSpec local(Cell cell, Feedback feedback) { return {cell, 1, 64, 1, feedback}; }

const LocalSpec kInitial = local(Cell::kLstm, Feedback::kInitial), kNeighbours = local(Cell::kLstm, Feedback::kNeighbours);
constexpr Family kLocal = Family::kLocal, kNonlocal = Family::kNonlocal;
const std::vector<Row> kRows{
    {"cpu_lstm64_initial", kLocal, Device::kCpu, kInitial},
    {"cpu_lstm64_initial_bf16", kLocal, Device::kCpu, kInitial, true, true, false, "cpu_lstm64_initial"},
    {"cpu_lstm64_initial_streamed", kLocal, Device::kCpu, kInitial, true, false, true, "cpu_lstm64_initial"},
    {"cpu_lstm64_neighbours_teacher", kLocal, Device::kCpu, kNeighbours},
    {"cpu_lstm64_neighbours_teacher_bf16", kLocal, Device::kCpu, kNeighbours, true, true, false, "cpu_lstm64_neighbours_teacher"},
    {"cpu_lstm64_neighbours_own_path", kLocal, Device::kCpu, kNeighbours, false},
    {"cpu_lstm64_neighbours_own_path_streamed", kLocal, Device::kCpu, kNeighbours, false, false, true, "cpu_lstm64_neighbours_own_path"},
    {"cpu_gru64_neighbours_teacher", kLocal, Device::kCpu, local(Cell::kGru, Feedback::kNeighbours)},
    {"cpu_nonlocal", kNonlocal},
    {"cpu_nonlocal_bf16", kNonlocal, Device::kCpu, {}, true, true, false, "cpu_nonlocal"},
    {"cpu_nonlocal_streamed", kNonlocal, Device::kCpu, {}, true, false, true, "cpu_nonlocal"},
    {"cuda_lstm64_initial", kLocal, Device::kCuda, kInitial},
    {"cuda_lstm64_initial_bf16", kLocal, Device::kCuda, kInitial, true, true, false, "cuda_lstm64_initial"},
    {"cuda_lstm64_neighbours_teacher", kLocal, Device::kCuda, kNeighbours},
    {"cuda_lstm64_neighbours_own_path", kLocal, Device::kCuda, kNeighbours, false},
    {"cuda_nonlocal", kNonlocal, Device::kCuda},
    {"cuda_nonlocal_bf16", kNonlocal, Device::kCuda, {}, true, true, false, "cuda_nonlocal"},
};

void add_rows() {
  const auto settled = [](benchmark::internal::Benchmark* b) {
    b->UseManualTime()->Iterations(1)->Unit(benchmark::kMillisecond);
  };
  for (const Row& row : kRows)
    settled(benchmark::RegisterBenchmark(("training/" + row.name).c_str(), [&row](benchmark::State& s) { training(s, row); }));
  for (const Family family : {kLocal, kNonlocal}) {
    const std::string one = std::string(name(family)) + "_processes:1", two = std::string(name(family)) + "_processes:2";
    settled(benchmark::RegisterBenchmark(("training/" + one).c_str(),
                                         [=](benchmark::State& s) { processes(s, one, family, 1, ""); }));
    settled(benchmark::RegisterBenchmark(("training/" + two).c_str(),
                                         [=](benchmark::State& s) { processes(s, two, family, 2, one); }));
  }
}

}  // namespace
}  // namespace grainspin::bench

int main(int argc, char** argv) {
  grainspin::bench::add_rows();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
}
