// Runs the examples of docs/interface.md (compiled as they stand there) with the model that is given.
#include <cstdio>
#include <vector>

#include "grainspin/grainspin.hpp"

extern "C" int tension(const char* model_path, std::int64_t n, double* euler);
void run(const grainspin::api::Model& model, std::vector<double>& q, std::int64_t n,
         const std::vector<grainspin::api::Load>& loads);

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  constexpr int n = 4, voxels = n * n * n;
  std::vector<double> euler(voxels * 3), q(voxels * 4);
  for (int i = 0; i < voxels * 3; ++i) euler[std::size_t(i)] = 37 * i % 90;
  const std::vector<double> before = euler;
  if (tension(argv[1], n, euler.data()) != 0 || euler == before) return 1;
  if (tension("no such model", n, euler.data()) != 1) return 1;  // says so on stderr
  for (int i = 0; i < voxels; ++i) q[std::size_t(i)] = 1;
  const grainspin::api::Model model(argv[1]);
  run(model, q, n, model.loads("uniaxial:z:0.03"));
  return std::remove("end of the path.state");
}
