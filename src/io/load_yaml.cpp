// DAMASK's load case as a list of steps.
#include <algorithm>
#include <cmath>

#include "grainspin/load_file.h"
#include "src/io/kinematics.h"
#include "src/io/yaml.h"

namespace grainspin {
namespace {

using Matrix = std::array<double, 9>;
constexpr Matrix kIdentity{1, 0, 0, 0, 1, 0, 0, 0, 1};
constexpr double kMaxIncrements = 1e6;
constexpr std::size_t kMaxSteps = 100'000;

// One loadstep as it is written.
struct Case {
  enum class Kind { kF, kRate, kGradient } kind = Kind::kF;
  Matrix value{};
  std::array<bool, 9> prescribed{};
  double t = 0, r = 1;
  int N = 0, f_out = 1;
};

std::string component(std::size_t c) { return {"xyz"[c / 3], "xyz"[c % 3]}; }

Matrix product(const Matrix& a, const Matrix& b) {
  Matrix out{};
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t j = 0; j < 3; ++j)
      for (std::size_t k = 0; k < 3; ++k) out[3 * i + j] += a[3 * i + k] * b[3 * k + j];
  return out;
}

double determinant(const Matrix& F) {
  return F[0] * (F[4] * F[8] - F[5] * F[7]) - F[1] * (F[3] * F[8] - F[5] * F[6]) + F[2] * (F[3] * F[7] - F[4] * F[6]);
}

// The nine entries; false where one is x.
std::array<bool, 9> read_matrix(const YAML::Node& node, const std::string& where, const char* name, Matrix& value) {
  const std::string wanted = where + ": " + name + " is not 3 x 3 of numbers and x";
  require(node.IsSequence() && node.size() == 3, Errc::kFormat, wanted);
  std::array<bool, 9> numbers{};
  for (std::size_t c = 0; c < 9; ++c) {
    const YAML::Node row = node[c / 3];
    require(row.IsSequence() && row.size() == 3, Errc::kFormat, wanted);
    const YAML::Node entry = row[c % 3];
    const auto v = number(entry);
    require((v && std::isfinite(*v)) || (entry.IsScalar() && entry.Scalar() == "x"), Errc::kFormat,
            wanted + " (component " + component(c) + ")");
    numbers[c] = v.has_value();
    if (v) value[c] = *v;
  }
  return numbers;
}

// What is free must be without stress: the only condition on a mean stress that a model knows.
void check_stress(const YAML::Node& mechanical, const std::array<bool, 9>& prescribed, const std::string& where) {
  const YAML::Node node = child(mechanical, {"P", "dot_P"});
  Matrix P{};
  std::array<bool, 9> given{};
  if (node) given = read_matrix(node, where, "P", P);
  for (std::size_t c = 0; c < 9; ++c) {
    require(!(given[c] && prescribed[c]), Errc::kFormat,
            where + ": component " + component(c) + " has both a deformation and a stress");
    require(given[c] || prescribed[c], Errc::kFormat,
            where + ": component " + component(c) + " has neither a deformation nor a stress");
    require(P[c] == 0, Errc::kArgument,
            where + ": component " + component(c) + " carries a stress of " + number_text(P[c]) +
                " Pa; free components can only be without stress");
  }
}

int count_of(const YAML::Node& node, const std::string& where, const char* name) {
  const auto v = number(node);
  require(v && *v >= 1 && *v <= kMaxIncrements && *v == std::floor(*v), Errc::kFormat,
          where + ": " + name + " is not a whole number from 1 to 1e6");
  return int(*v);
}

Case read_case(const YAML::Node& node, const std::string& where) {
  Case out;
  const YAML::Node mechanical = child(child(node, {"boundary_conditions"}), {"mechanical", "mechanics"});
  require(mechanical && mechanical.IsMap(), Errc::kFormat, where + ": has no boundary_conditions: mechanical");
  require(!child(mechanical, {"R"}), Errc::kArgument, where + ": a rotated boundary condition (R) is not supported");
  const std::pair<const char*, Case::Kind> kinds[] = {
      {"F", Case::Kind::kF}, {"dot_F", Case::Kind::kRate}, {"L", Case::Kind::kGradient}};
  int found = 0;
  for (const auto& [name, kind] : kinds) {
    const YAML::Node rate = child(mechanical, {name});
    if (!rate) continue;
    ++found;
    out.kind = kind;
    out.prescribed = read_matrix(rate, where, name, out.value);
  }
  require(found == 1, Errc::kFormat,
          where + ": has " + std::to_string(found) + " of F, dot_F and L, wanted one of them");
  check_stress(mechanical, out.prescribed, where);
  const YAML::Node discretization = child(node, {"discretization"});
  const auto t = number(child(discretization, {"t"}));
  require(t && *t > 0 && std::isfinite(*t), Errc::kFormat, where + ": discretization t is not a time above 0");
  out.t = *t;
  out.N = count_of(child(discretization, {"N"}), where, "discretization N");
  if (const YAML::Node r = child(discretization, {"r"})) {
    out.r = number(r).value_or(0);
    require(out.r > 0 && std::isfinite(out.r), Errc::kFormat, where + ": discretization r is not a ratio above 0");
  }
  if (const YAML::Node f = child(node, {"f_out"}))
    out.f_out = f.IsScalar() && f.Scalar() == "none" ? out.N : count_of(f, where, "f_out");
  return out;
}

// Time at the end of increment i = 0 .. N: each is r times as long as the one before.
double time_at(const Case& c, int i) {
  if (i == c.N) return c.t;
  if (std::abs(c.r - 1) < 1e-9) return c.t * i / c.N;
  return c.t * (1 - std::pow(c.r, i)) / (1 - std::pow(c.r, c.N));
}

// Free components of F: shears as they were, normal ones by one factor such that the volume stays.
void complete(Matrix& F, const std::array<bool, 9>& prescribed, const Matrix& before, const std::string& where) {
  for (std::size_t c = 0; c < 9; ++c)
    if (!prescribed[c]) F[c] = before[c];
  if (prescribed[0] && prescribed[4] && prescribed[8]) return;
  const double volume = determinant(before);
  double m = 1;
  for (int iteration = 0; iteration < 50; ++iteration) {  // Newton on det F(m) = volume
    for (std::size_t i = 0; i < 3; ++i)
      if (!prescribed[4 * i]) F[4 * i] = m * before[4 * i];
    double slope = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      const std::size_t j = (i + 1) % 3, k = (i + 2) % 3;
      if (!prescribed[4 * i]) slope += before[4 * i] * (F[4 * j] * F[4 * k] - F[3 * j + k] * F[3 * k + j]);
    }
    const double step = (determinant(F) - volume) / slope;
    m -= step;
    require(std::isfinite(m) && m > 0, Errc::kFormat, where + ": leaves no way to keep the volume");
    if (std::abs(step) < 1e-13) break;
  }
}

}  // namespace

std::vector<LoadStep> read_load_yaml(const std::string& yaml, const std::string& where) {
  std::vector<LoadStep> loads;
  try {
    const YAML::Node list = child(load_yaml(yaml, where), {"loadstep", "step"});
    require(list && list.IsSequence() && list.size() > 0, Errc::kFormat, where + ": holds no list loadstep");
    Matrix F = kIdentity;  // at the increment, at the last step
    for (std::size_t l = 0; l < list.size(); ++l) {
      const std::string place = where + ", loadstep " + std::to_string(l + 1);
      const Case c = read_case(list[l], place);
      const Matrix start = F;
      Matrix last = F;
      LoadStep gradient{c.value, c.prescribed};
      gradient = completed(gradient);
      for (int i = 1; i <= c.N; ++i) {
        const double t = time_at(c, i);
        if (c.kind == Case::Kind::kGradient) {  // as the solver does: F_i = F_(i-1) + dt L F_(i-1)
          const Matrix rate = product(gradient.L, F);
          for (std::size_t k = 0; k < 9; ++k) F[k] += (t - time_at(c, i - 1)) * rate[k];
        }
        if (i % c.f_out != 0 && i != c.N) continue;
        if (c.kind != Case::Kind::kGradient) {
          const Matrix before = F;
          for (std::size_t k = 0; k < 9; ++k) {
            if (!c.prescribed[k]) continue;
            F[k] = c.kind == Case::Kind::kRate ? start[k] + t * c.value[k]
                                               : start[k] + t / c.t * (c.value[k] - start[k]);
          }
          complete(F, c.prescribed, before, place);
        }
        LoadStep step;
        step.prescribed = c.prescribed;
        try {
          step.L = load_between(last, F);
        } catch (const Error& e) {
          throw Error(e.code(), place + ": " + e.what());
        }
        for (std::size_t k = 0; k < 9; ++k)
          if (!c.prescribed[k]) step.L[k] = 0;
        last = F;
        require(loads.size() < kMaxSteps, Errc::kFormat, where + ": more than " + std::to_string(kMaxSteps) + " steps");
        loads.push_back(step);
      }
    }
  } catch (const YAML::Exception& e) {
    throw Error(Errc::kFormat, where + ": unreadable load case (" + e.what() + ")");
  }
  return loads;
}

}  // namespace grainspin
