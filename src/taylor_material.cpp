// From an archive's phase to slip systems with their rate law and hardening coefficients.
#include <cmath>

#include "grainspin/taylor.h"
#include "src/taylor_grain.h"
#include "src/taylor_hardening.h"

namespace grainspin {

TaylorMaterial taylor_material(const PhaseInfo& phase) {
  TaylorMaterial material;
  if (phase.law) {
    material.slip = damask_slip_set(phase.lattice, phase.law->N_sl, phase.c_over_a);
    material.law = phase.law;
    return material;
  }
  const std::string& group = phase.point_group;
  if (phase.lattice == "cI") {
    material.slip = named_slip_set("bcc24");
  } else if (phase.lattice == "cF" || (phase.lattice.empty() && group == "432")) {
    material.slip = named_slip_set("fcc");
  } else if (phase.lattice == "hP" || (phase.lattice.empty() && group == "622")) {
    require(phase.c_over_a > 0, Errc::kArgument,
            "Taylor: phase " + phase.name + " is hexagonal, but its c/a is not stated");
    material.slip = named_slip_set("hcp24", phase.c_over_a);
  } else {
    throw Error(Errc::kArgument, "Taylor: no slip systems for phase " + phase.name + " (lattice '" + phase.lattice +
                                     "', point group '" + group + "')");
  }
  return material;
}

std::vector<double> interaction_matrix(const TaylorMaterial& material) {
  const int n = material.slip.count();
  std::vector<double> h(std::size_t(n) * n, 1.0);
  if (!material.law) return h;
  const std::vector<int> types = damask_slip_interaction_types(material.slip);
  for (std::size_t i = 0; i < h.size(); ++i) {
    require(types[i] >= 1 && std::size_t(types[i]) <= material.law->h_sl_sl.size(), Errc::kFormat,
            "phenopowerlaw: h_sl-sl has " + std::to_string(material.law->h_sl_sl.size()) +
                " coefficients, interaction type " + std::to_string(types[i]) + " is needed");
    h[i] = material.law->h_sl_sl[std::size_t(types[i] - 1)];
  }
  return h;
}

namespace taylor_detail {

Systems::Systems(const TaylorMaterial& material) : count(material.slip.count()) {
  double rank[15] = {};
  for (const SlipSystem& s : material.slip.systems) {
    Mat3<double> bn;
    const double b[3] = {s.b.x, s.b.y, s.b.z}, p[3] = {s.n.x, s.n.y, s.n.z};
    for (int i = 0; i < 3; ++i)
      for (int j = 0; j < 3; ++j) bn(i, j) = b[i] * p[j];
    m.push_back(deviator(bn));
    spin.push_back({(p[1] * b[2] - p[2] * b[1]) / 2, (p[2] * b[0] - p[0] * b[2]) / 2, (p[0] * b[1] - p[1] * b[0]) / 2});
    for (int k = 0, at = 0; k < 5; ++k)
      for (int l = 0; l <= k; ++l) rank[at++] += m.back()[k] * m.back()[l];
  }
  if (material.law) {
    const Phenopowerlaw& law = *material.law;
    gdot0 = unrolled(material.slip, law, law.gdot0, "dot_gamma_0_sl");
    n = unrolled(material.slip, law, law.n, "n_sl");
    for (int i = 0; i < count; ++i)
      require(gdot0[i] > 0 && n[i] >= 1, Errc::kFormat,
              "phenopowerlaw: dot_gamma_0_sl, xi_0_sl and xi_inf_sl must be positive and n_sl at least 1");
  } else {
    gdot0.assign(std::size_t(count), material.dot_gamma_reference);
    n.assign(std::size_t(count), material.n);
  }
  hardening = material.hardening ? material.hardening
              : material.law     ? phenopowerlaw_hardening(material.slip, *material.law, interaction_matrix(material))
                                 : constant_hardening(count);
  require(hardening->systems() == count, Errc::kShape,
          "Taylor: a hardening law of " + std::to_string(hardening->systems()) + " slip systems for the " +
              std::to_string(count) + " of " + material.slip.name);
  Factor independent;
  double largest = 0;
  for (const int k : {0, 2, 5, 9, 14}) largest = std::max(largest, rank[k]);
  for (const int k : {0, 2, 5, 9, 14}) rank[k] -= 1e-9 * largest;
  require(count >= 5 && independent.factor(rank), Errc::kArgument,
          "Taylor: the slip systems of " + material.slip.name + " cannot carry every strain (fewer than five independent)");
}

}  // namespace taylor_detail
}  // namespace grainspin
