#include "material.h"

#include <charconv>
#include <cmath>
#include <fstream>
#include <map>
#include <stdexcept>

namespace cp {
namespace {

double dot(const std::array<double, 3>& a, const std::array<double, 3>& b) {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

bool parallel(const std::array<double, 3>& a, const std::array<double, 3>& b) {
  return std::abs(dot(a, b)) > 0.999;
}
bool normal(const std::array<double, 3>& a, const std::array<double, 3>& b) {
  return std::abs(dot(a, b)) < 0.001;
}

}  // namespace

Crystal::Crystal(const Material& material) : law(material) {
  if (law.n == std::floor(law.n) && law.n >= 1 && law.n < 1000) whole_n = static_cast<int>(law.n);
  int s = 0;
  const double planes[4][3] = {{1, 1, 1}, {-1, -1, 1}, {1, -1, -1}, {-1, 1, -1}};
  for (const auto& plane : planes)
    for (int axis = 0; axis < 3; ++axis) {  // the three <110> of the plane: zero along `axis`
      const int j = (axis + 1) % 3, k = (axis + 2) % 3;
      std::array<double, 3> direction{};
      direction[j] = plane[k], direction[k] = -plane[j];
      for (int i = 0; i < 3; ++i) {
        m[s][i] = direction[i] / std::sqrt(2.0);
        n[s][i] = plane[i] / std::sqrt(3.0);
      }
      for (int i = 0; i < 9; ++i) schmid[s][i] = m[s][i / 3] * n[s][i % 3];
      for (int v = 0; v < 6; ++v) {
        const auto [p, q] = kVoigt[v];
        stress_weight[s][v] = p == q ? schmid[s][4 * p] : schmid[s][3 * p + q] + schmid[s][3 * q + p];
      }
      ++s;
    }
  for (int x = 0; x < kSystems; ++x)
    for (int y = 0; y < kSystems; ++y) {
      const bool plane = parallel(n[x], n[y]), burgers = parallel(m[x], m[y]);
      const bool glissile = normal(m[x], n[y]) || normal(m[y], n[x]);  // one moves in both planes
      h[x][y] = law.h[plane && burgers     ? 0
                      : plane              ? 1
                      : burgers            ? 2
                      : normal(m[x], m[y]) ? 3
                      : glissile           ? 4
                                           : 5];
    }
}

Material read_material(const std::string& path) {
  Material law;
  const std::map<std::string, double*> names{{"C11", &law.C11},
                                             {"C12", &law.C12},
                                             {"C44", &law.C44},
                                             {"rate", &law.rate},
                                             {"n", &law.n},
                                             {"xi_0", &law.xi_0},
                                             {"xi_inf", &law.xi_inf},
                                             {"h_0", &law.h_0},
                                             {"a", &law.a},
                                             {"h_self", &law.h[0]},
                                             {"h_coplanar", &law.h[1]},
                                             {"h_collinear", &law.h[2]},
                                             {"h_hirth", &law.h[3]},
                                             {"h_glissile", &law.h[4]},
                                             {"h_lomer", &law.h[5]}};
  std::ifstream file(path);
  if (!file) throw std::runtime_error(path + ": cannot be opened");
  int number = 0;
  for (std::string line; std::getline(file, line);) {
    ++number;
    line.resize(std::min(line.find('#'), line.size()));
    const auto blank = " \t\r";
    const auto start = line.find_first_not_of(blank);
    if (start == std::string::npos) continue;
    const auto stop = std::min(line.find_first_of(blank, start), line.size());
    const auto value = std::min(line.find_first_not_of(blank, stop), line.size());
    const auto known = names.find(line.substr(start, stop - start));
    const std::string where = path + ", line " + std::to_string(number) + ": ";
    if (known == names.end())
      throw std::runtime_error(where + "no constant is called " + line.substr(start, stop - start));
    const auto [end, error] = std::from_chars(line.data() + value, line.data() + line.size(), *known->second);
    if (error != std::errc() || line.find_first_not_of(blank, end - line.data()) != std::string::npos)
      throw std::runtime_error(where + "wants one number after the name");
    if (!(*known->second > 0)) throw std::runtime_error(where + "wants a positive number");
  }
  return law;
}

}  // namespace cp
