// consumer MODEL FOLDER NX NY NZ STEPS: carries FOLDER/initial.f32 through STEPS steps of the model's own load with the C++
// wrapper, a step taken back and taken again among them, and compares with what the program wrote, bit for bit.
#include <grainspin/grainspin.hpp>

#include <cstring>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

namespace gs = grainspin::api;

static std::vector<float> field(const std::string& path, std::size_t n) {
  std::vector<float> values(n);
  std::ifstream file(path, std::ios::binary);
  if (!file.read(reinterpret_cast<char*>(values.data()), std::streamsize(n * sizeof(float)))) throw std::runtime_error(path + " is too short");
  return values;
}

static bool same(const std::vector<float>& a, const std::vector<float>& b) {
  return std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

int main(int argc, char** argv) try {
  if (argc != 7) return 2;
  const std::string folder = std::string(argv[2]) + "/";
  const gs::Grid grid({std::stoll(argv[3]), std::stoll(argv[4]), std::stoll(argv[5])});
  const auto n = std::size_t(grid.extent[0] * grid.extent[1] * grid.extent[2]);
  const long long steps = std::stoll(argv[6]);
  try {
    gs::Model("no such model.safetensors");
    throw std::runtime_error("a missing file was loaded");
  } catch (const gs::Error& e) {
    if (e.status() != GRAINSPIN_ERROR_IO || !std::strstr(e.what(), "no such model.safetensors")) throw;
  }

  gs::Model::Options options;
  options.device = GRAINSPIN_HOST;
  const gs::Model model(argv[1], options);
  std::vector<float> q = field(folder + "initial.f32", 4 * n), s(6 * n);
  gs::State state(model, grid, gs::array(q));
  state.advance(steps - 1);
  state.accept();
  state.advance();
  state.revert();
  const gs::Report report = state.advance(model.loads()[std::size_t(steps - 1)]);
  state.orientations(gs::array(q));
  state.stress(gs::array(s));
  if (report.verdict == gs::Verdict::outside || !same(q, field(folder + "orientation.f32", 4 * n)) ||
      !same(s, field(folder + "stress.f32", 6 * n)))
    throw std::runtime_error("not what the program gives; " + report.reason);
  std::cout << grainspin_version() << ": " << steps << " steps, " << n << " voxels, bit for bit\n";
  return 0;
} catch (const std::exception& e) {
  std::cerr << e.what() << '\n';
  return 1;
}
