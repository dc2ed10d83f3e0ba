// The JSON part of a result file.
#include <nlohmann/json.hpp>

#include "src/io/result.h"

namespace grainspin {
namespace {

using nlohmann::json;

json law_json(const Phenopowerlaw& law) {
  return {{"type", "phenopowerlaw"}, {"N_sl", law.N_sl},     {"dot_gamma_0_sl", law.gdot0},
          {"n_sl", law.n},           {"a_sl", law.a},        {"xi_0_sl", law.xi0},
          {"xi_inf_sl", law.xi_inf}, {"h_0_sl-sl", law.h0},  {"h_sl-sl", law.h_sl_sl},
          {"h_int", law.h_int}};
}

Phenopowerlaw law_of(const json& j) {
  Phenopowerlaw law;
  j.at("N_sl").get_to(law.N_sl);
  j.at("dot_gamma_0_sl").get_to(law.gdot0);
  j.at("n_sl").get_to(law.n);
  j.at("a_sl").get_to(law.a);
  j.at("xi_0_sl").get_to(law.xi0);
  j.at("xi_inf_sl").get_to(law.xi_inf);
  j.at("h_0_sl-sl").get_to(law.h0);
  j.at("h_sl-sl").get_to(law.h_sl_sl);
  j.at("h_int").get_to(law.h_int);
  for (const auto* per_family : {&law.gdot0, &law.n, &law.a, &law.xi0, &law.xi_inf, &law.h0, &law.h_int})
    if (per_family->size() != law.N_sl.size()) throw Error(Errc::kFormat, "a law with lists of unequal length");
  return law;
}

const char* text(Boundary b) { return b == Boundary::kPeriodic ? "periodic" : "clamped"; }

Boundary boundary(const std::string& text) {
  if (text == "periodic") return Boundary::kPeriodic;
  if (text == "clamped") return Boundary::kClamped;
  throw Error(Errc::kFormat, "unknown boundary " + text);
}

}  // namespace

std::string info_text(const ArchiveInfo& info) {
  json phases = json::array(), steps = json::array();
  for (const auto& p : info.phases) {
    json phase = {{"name", p.name},        {"lattice", p.lattice}, {"point_group", p.point_group},
                  {"c_over_a", p.c_over_a}, {"voxels", p.voxels},   {"elastic_Pa", p.elastic}};
    if (p.law) phase["law"] = law_json(*p.law);
    phases.push_back(phase);
  }
  for (const auto& s : info.steps) steps.push_back(s.name);
  const json all = {
      {"creator", info.creator},
      {"constituents", info.constituents},
      {"boundaries", {text(info.boundaries.x), text(info.boundaries.y), text(info.boundaries.z)}},
      {"phases", phases},
      {"step_names", steps},
      {"has_mean_F", info.has_mean_F},
      {"has_mean_P", info.has_mean_P},
      {"conventions",
       {{"orientation", "unit quaternion (w,x,y,z), scalar first, v_sample = R(q) v_crystal"},
        {"crystal_axes", "z along the main axis; hexagonal and trigonal x parallel to a"},
        {"order", "x fastest: [state][z][y][x][component]"},
        {"tensors", "row-major; P is the first Piola-Kirchhoff stress"},
        {"stress", "Cauchy, components xx yy zz yz xz xy"},
        {"units", "SI: Pa, m, s; rotations in radians, strains dimensionless"},
        {"load", "load[k] = log(F[k+1] F[k]^-1) of the mean deformation gradients, sample frame"}}}};
  return all.dump(1, ' ', false, json::error_handler_t::replace);
}

void read_info_text(const std::string& text, const std::string& where, ArchiveInfo& info) {
  try {
    const json all = json::parse(text);
    all.at("creator").get_to(info.creator);
    all.at("constituents").get_to(info.constituents);
    const auto& b = all.at("boundaries");
    info.boundaries = {boundary(b.at(0)), boundary(b.at(1)), boundary(b.at(2))};
    for (const auto& j : all.at("phases")) {
      PhaseInfo phase;
      j.at("name").get_to(phase.name);
      j.at("lattice").get_to(phase.lattice);
      j.at("point_group").get_to(phase.point_group);
      j.at("c_over_a").get_to(phase.c_over_a);
      j.at("voxels").get_to(phase.voxels);
      j.at("elastic_Pa").get_to(phase.elastic);
      if (j.contains("law")) phase.law = law_of(j.at("law"));
      info.phases.push_back(phase);
    }
    for (const auto& name : all.at("step_names")) {
      info.steps.emplace_back();
      name.get_to(info.steps.back().name);
    }
    all.at("has_mean_F").get_to(info.has_mean_F);
    all.at("has_mean_P").get_to(info.has_mean_P);
  } catch (const json::exception& e) {
    throw Error(Errc::kFormat, where + ": " + e.what());
  } catch (const Error& e) {
    throw Error(Errc::kFormat, where + ": " + e.what());
  }
}

}  // namespace grainspin
