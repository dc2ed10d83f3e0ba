// Hardening laws of the engine itself: none, and DAMASK's phenopowerlaw.
#include "src/taylor_hardening.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "grainspin/core.h"
#include "grainspin/hardening.h"

namespace grainspin {

namespace {

class Constant final : public Hardening {
 public:
  explicit Constant(std::vector<double> xi) : n_(int(xi.size())), xi_(std::move(xi)) {
    for (const double x : xi_) require(x > 0 && std::isfinite(x), Errc::kArgument, "Taylor: slip resistances must be positive");
  }
  int systems() const override { return n_; }
  int states() const override { return n_; }
  void initial(double* xi) const override { std::copy(xi_.begin(), xi_.end(), xi); }
  void resistance(const double* state, double* xi) const override { std::copy_n(state, n_, xi); }
  void rate(const double*, const double*, double* rate) const override { std::fill_n(rate, n_, 0.0); }
  double speed(const double*, const double*) const override { return 0; }

 private:
  int n_;
  std::vector<double> xi_;
};

class PowerLaw final : public Hardening {
 public:
  PowerLaw(const SlipSet& slip, const Phenopowerlaw& law, std::vector<double> h)
      : n_(slip.count()),
        xi0_(taylor_detail::unrolled(slip, law, law.xi0, "xi_0_sl")),
        xi_inf_(taylor_detail::unrolled(slip, law, law.xi_inf, "xi_inf_sl")),
        h0_(taylor_detail::unrolled(slip, law, law.h0, "h_0_sl-sl")),
        a_(taylor_detail::unrolled(slip, law, law.a, "a_sl")),
        h_(std::move(h)) {
    for (int i = 0; i < n_; ++i)
      require(xi0_[i] > 0 && xi_inf_[i] > 0, Errc::kFormat,
              "phenopowerlaw: dot_gamma_0_sl, xi_0_sl and xi_inf_sl must be positive and n_sl at least 1");
    require(h_.size() == std::size_t(n_) * n_, Errc::kShape, "phenopowerlaw: one hardening coefficient a pair of systems");
  }
  int systems() const override { return n_; }
  int states() const override { return n_; }
  void initial(double* xi) const override { std::copy(xi0_.begin(), xi0_.end(), xi); }
  void resistance(const double* state, double* xi) const override { std::copy_n(state, n_, xi); }
  void rate(const double* xi, const double* gdot, double* rate) const override {
    std::fill_n(rate, n_, 0.0);
    for (int i = 0; i < n_; ++i) {
      if (h0_[i] == 0) continue;
      double sum = 0;
      for (int j = 0; j < n_; ++j) sum += h_[std::size_t(i) * n_ + j] * std::abs(gdot[j]);
      const double left = 1 - xi[i] / xi_inf_[i];
      rate[i] = std::copysign(h0_[i] * std::pow(std::abs(left), a_[i]) * sum, left);
    }
  }
  double speed(const double* xi, const double* rate) const override {
    double fastest = 0;
    for (int i = 0; i < n_; ++i) fastest = std::max(fastest, std::abs(rate[i]) / xi[i]);
    return fastest;
  }

 private:
  int n_;
  std::vector<double> xi0_, xi_inf_, h0_, a_;  // Pa; h0 = 0 without hardening
  std::vector<double> h_;                      // [N,N]
};

}  // namespace

std::shared_ptr<const Hardening> constant_hardening(int systems) {
  return constant_hardening(std::vector<double>(std::size_t(systems), 1.0));
}
std::shared_ptr<const Hardening> constant_hardening(std::vector<double> xi) {
  return std::make_shared<Constant>(std::move(xi));
}

std::shared_ptr<const Hardening> phenopowerlaw_hardening(const SlipSet& slip, const Phenopowerlaw& law, std::vector<double> h) {
  return std::make_shared<PowerLaw>(slip, law, std::move(h));
}

namespace taylor_detail {

std::vector<double> unrolled(const SlipSet& slip, const Phenopowerlaw& law, const std::vector<double>& values, const char* name) {
  // DAMASK's family index (into N_sl) of each family of the set, families without systems left out.
  std::vector<std::size_t> index;
  for (std::size_t k = 0; k < law.N_sl.size(); ++k)
    if (law.N_sl[k] > 0) index.push_back(k);
  std::vector<double> out;
  for (const SlipSystem& s : slip.systems) {
    require(std::size_t(s.family) < index.size(), Errc::kInternal, "Taylor: slip family without entry in N_sl");
    const std::size_t family = index[std::size_t(s.family)];
    require(family < values.size(), Errc::kFormat,
            std::string("phenopowerlaw: ") + name + " has " + std::to_string(values.size()) + " entries, family " +
                std::to_string(family + 1) + " of N_sl needs one more");
    out.push_back(values[family]);
  }
  return out;
}

}  // namespace taylor_detail
}  // namespace grainspin
