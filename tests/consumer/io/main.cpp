// consumer RESULT STEP FOLDER: reads a result with the installed C++ of component io and compares its orientations with
// FOLDER/orientation.f32; a file that is no archive is refused by name.
#include <grainspin/archive.h>
#include <grainspin/core.h>

#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

int main(int argc, char** argv) try {
  if (argc != 4) return 2;
  const std::string path = std::string(argv[3]) + "/orientation.f32";
  std::ifstream file(path, std::ios::binary);
  const std::vector<char> wanted{std::istreambuf_iterator<char>(file), {}};
  const auto reader = grainspin::open_archive(argv[1]);
  const std::int64_t n = reader->info().shape.voxels();
  std::vector<float> q(std::size_t(4 * n));
  reader->orientation(std::stoi(argv[2]), 0, n, q.data());
  if (wanted.size() != q.size() * sizeof(float) || std::memcmp(wanted.data(), q.data(), wanted.size()) != 0) {
    std::cerr << "orientations differ\n";
    return 1;
  }
  try {
    (void)grainspin::open_archive(path);
  } catch (const grainspin::Error& e) {
    if (e.code() == grainspin::Errc::kFormat && std::string(e.what()).find(path) != std::string::npos) {
      std::cout << reader->info().format << ", " << n << " voxels\n";
      return 0;
    }
  }
  std::cerr << "a file of plain numbers is not refused by name\n";
  return 1;
} catch (const std::exception& e) {
  std::cerr << e.what() << '\n';
  return 1;
}
