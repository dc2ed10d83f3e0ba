// What a model costs: voxel-steps per CPU second of one thread, by the engine and by LibTorch where it is there.
//
//   study_rate MODEL.safetensors ...
//
// A JSON line a model on stdout: its name, and engine and libtorch (null where that cannot run it). The grid is 16^3 of
// random orientations; what a step costs does not depend on them.
#include <cmath>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <random>

#include <nlohmann/json.hpp>

#include "grainspin/surrogate.h"
#include "networks/networks.h"

namespace grainspin::bench {
namespace {

std::vector<float> random_orientations(std::int64_t n) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  std::vector<float> q(4 * std::size_t(n));
  for (std::size_t i = 0; i < q.size(); i += 4) {
    float length = 0;
    for (std::size_t c = i; c < i + 4; ++c) q[c] = normal(random), length += q[c] * q[c];
    for (std::size_t c = i; c < i + 4; ++c) q[c] /= std::sqrt(length);
  }
  return q;
}

// The best of three runs after one that warms up: all else only makes a run slower.
double rate(const Surrogate& surrogate) {
  const Shape shape{16, 16, 16};
  const std::vector<float> q = random_orientations(shape.voxels());
  double best = 0;
  for (int i = 0; i < 4; ++i) {
    std::int64_t steps = 0;
    const std::clock_t start = std::clock();
    surrogate.run(whole(shape, {}), q.data(), nullptr, nullptr, [&](const StepOutput&) { ++steps; });
    const double seconds = double(std::clock() - start) / CLOCKS_PER_SEC;
    if (i > 0) best = std::max(best, double(shape.voxels() * steps) / seconds);
  }
  return best;
}

template <class Make>
nlohmann::json rate_or_null(Make&& make) {
  try {
    return rate(*make());
  } catch (const Error& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return nullptr;
  }
}

}  // namespace
}  // namespace grainspin::bench

int main(int argc, char** argv) {
  using namespace grainspin;
  if (argc < 2) return std::fprintf(stderr, "usage: study_rate MODEL.safetensors ...\n"), 1;
  try {
    for (int i = 1; i < argc; ++i) {
      const Model model = read_model(argv[i]);
      const EngineOptions one{.threads = 1};
      const nlohmann::json line{{"name", std::filesystem::path(argv[i]).stem().string()},
                                {"engine", bench::rate_or_null([&] { return make_engine(model, one); })},
                                {"libtorch", bench::rate_or_null([&] { return make_libtorch(model, one); })}};
      std::printf("%s\n", line.dump().c_str());
      std::fflush(stdout);
    }
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
}
