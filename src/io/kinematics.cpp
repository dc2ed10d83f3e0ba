#include "src/io/kinematics.h"

#include <Eigen/Dense>
#include <cmath>
#include <unsupported/Eigen/MatrixFunctions>

namespace grainspin {
namespace {
using Matrix = Eigen::Matrix<double, 3, 3, Eigen::RowMajor>;
}

std::array<double, 9> load_between(const std::array<double, 9>& F0, const std::array<double, 9>& F1) {
  const Matrix a = Eigen::Map<const Matrix>(F0.data()), b = Eigen::Map<const Matrix>(F1.data());
  require(a.allFinite() && b.allFinite() && a.determinant() > 0 && b.determinant() > 0, Errc::kFormat,
          "a mean deformation gradient has no positive determinant");
  const Eigen::Matrix3d step = b * a.inverse();
  // Eigen's Schur decomposition reads outside its matrix where it does not converge, as with numbers that overflow.
  require(step.cwiseAbs().maxCoeff() <= 1e3 && step.determinant() >= 1e-6, Errc::kFormat,
          "a step's mean deformation is implausibly large");
  std::array<double, 9> L;
  const Matrix log = step.log();
  require(log.allFinite(), Errc::kFormat, "a step's mean deformation has no real logarithm");
  Eigen::Map<Matrix>(L.data()) = log;
  return L;
}

std::array<double, 9> deformed_by(const std::array<double, 9>& L, const std::array<double, 9>& F) {
  const Matrix l = Eigen::Map<const Matrix>(L.data()), f = Eigen::Map<const Matrix>(F.data());
  std::array<double, 9> out;
  const Matrix exponential = l.exp();
  Eigen::Map<Matrix>(out.data()) = exponential * f;
  return out;
}

std::optional<std::array<double, 9>> mean_deformation(const ArchiveInfo& info, int step) {
  std::array<double, 9> F = info.steps[info.has_mean_F ? std::size_t(step) : 0].mean_F;
  if (!info.has_mean_F && step > 0 && info.loads.size() < std::size_t(step)) return std::nullopt;
  for (int k = 0; k < step && !info.has_mean_F; ++k) F = deformed_by(info.loads[std::size_t(k)].L, F);
  for (const double f : F)
    if (!std::isfinite(f)) return std::nullopt;
  return F;
}

std::vector<LoadStep> loads_of(std::vector<StepInfo>& steps) {
  std::vector<LoadStep> loads;
  for (std::size_t k = 1; k < steps.size(); ++k) {
    LoadStep load;
    load.L = load_between(steps[k - 1].mean_F, steps[k].mean_F);
    steps[k].strain = steps[k - 1].strain + load.von_mises();
    loads.push_back(load);
  }
  return loads;
}

}  // namespace grainspin
