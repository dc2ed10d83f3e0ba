// consumer_fields RESULT STEP FOLDER: fields of a result of `grainspin predict` as plain float32 files, x fastest, for
// consumers that read no HDF5: initial.f32 [voxel][4], and of a step orientation.f32 [voxel][4], stress.f32 [voxel][6].
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "grainspin/archive.h"
#include "grainspin/core.h"

namespace {

void write(const std::string& path, const std::vector<float>& values) {
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(values.data()), std::streamsize(values.size() * sizeof(float)));
  grainspin::require(bool(file.flush()), grainspin::Errc::kIo, path + " cannot be written");
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 4) return 2;
  const auto reader = grainspin::open_archive(argv[1]);
  const std::int64_t n = reader->info().shape.voxels();
  const int step = std::stoi(argv[2]);
  const std::string folder = argv[3];
  std::vector<float> q(std::size_t(4 * n)), s(std::size_t(6 * n));
  reader->orientation(0, 0, n, q.data());
  write(folder + "/initial.f32", q);
  reader->orientation(step, 0, n, q.data());
  write(folder + "/orientation.f32", q);
  reader->stress(step, 0, n, s.data());
  write(folder + "/stress.f32", s);
  return 0;
} catch (const std::exception& e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 1;
}
