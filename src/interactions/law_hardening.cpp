// The dislocation-density law in the place of phenopowerlaw: what the Taylor model asks of a hardening law.
#include <algorithm>
#include <cmath>

#include "grainspin/core.h"
#include "grainspin/interactions/law.h"

namespace grainspin::interactions {

namespace {

class DislocationHardening final : public Hardening {
 public:
  explicit DislocationHardening(const DislocationLaw& law) : rates_(law), density0_(law.density0) {
    require(density0_.size() == std::size_t(rates_.systems()), Errc::kShape,
            "law: wanted an initial density for each of the " + std::to_string(rates_.systems()) + " slip systems, found " +
                std::to_string(density0_.size()));
    std::vector<double> g(density0_.size());
    rates_.resistance(density0_.data(), g.data());
    for (std::size_t i = 0; i < g.size(); ++i)
      require(g[i] > 0, Errc::kArgument,
              "law: system " + std::to_string(i + 1) + " has no resistance at the initial densities (friction 0 and no H_ij rho_j)");
  }
  int systems() const override { return rates_.systems(); }
  int states() const override { return rates_.systems(); }
  void initial(double* state) const override { std::copy(density0_.begin(), density0_.end(), state); }
  void resistance(const double* state, double* xi) const override { rates_.resistance(state, xi); }
  void rate(const double* state, const double* gdot, double* rate) const override {
    rates_.density_rate(state, gdot, rate);
    for (int i = 0; i < systems(); ++i)
      if (state[i] <= 0) rate[i] = std::max(rate[i], 0.0);
  }
  // A density that falls counts too, so that a step ends before it is below zero by much.
  double speed(const double* state, const double* rate) const override {
    const auto n = std::size_t(systems());
    std::vector<double> g(n), g_rate(n);
    rates_.resistance(state, g.data());
    rates_.resistance_rate(state, rate, g_rate.data());
    double fastest = 0, mean = 0;
    for (std::size_t i = 0; i < n; ++i) mean += state[i] / double(n);
    for (std::size_t i = 0; i < n; ++i) {
      fastest = std::max(fastest, std::abs(g_rate[i]) / g[i]);
      if (rate[i] < 0) fastest = std::max(fastest, -rate[i] / (5 * state[i] + 0.1 * mean));
    }
    return fastest;
  }
  void admit(double* state) const override {
    for (int i = 0; i < systems(); ++i) state[i] = std::max(state[i], 0.0);
  }

 private:
  LawRates rates_;
  std::vector<double> density0_;
};

}  // namespace

TaylorMaterial taylor_material(const DislocationLaw& law) {
  TaylorMaterial material;
  material.slip = law.slip;
  material.dot_gamma_reference = law.gdot0;
  material.n = law.n;
  material.hardening = std::make_shared<DislocationHardening>(law);
  return material;
}

}  // namespace grainspin::interactions
