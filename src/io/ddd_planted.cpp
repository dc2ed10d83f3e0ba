#include "grainspin/interactions/planted.h"

#include <nlohmann/json.hpp>

#include "grainspin/core.h"
#include "grainspin/interactions/families.h"
#include "src/io/whole_file.h"

namespace grainspin::interactions {

using nlohmann::json;

void write_planted(const std::string& path, const DislocationLaw& law, const std::string& provenance_json) {
  check(law);
  const auto n = std::size_t(law.slip.count());
  json H = json::array(), terms = json::array();
  for (std::size_t i = 0; i < n; ++i) H.push_back(std::vector<double>(law.H.begin() + std::ptrdiff_t(i * n), law.H.begin() + std::ptrdiff_t((i + 1) * n)));
  for (std::size_t t = 0; t < law.terms.size(); ++t) {
    const int arity = law.terms[t].arity();
    json entries = json::array();
    for (std::size_t e = 0; e < law.K[t].size(); ++e) {
      if (law.K[t][e] == 0) continue;
      json entry = json::array();
      std::size_t place = law.K[t].size() / n, rest = e;
      for (int index = 0; index <= arity; ++index, place /= n) {
        entry.push_back(rest / place + 1);
        rest %= place;
      }
      entry.push_back(law.K[t][e]);
      entries.push_back(entry);
    }
    terms.push_back({{"term", law.terms[t].text}, {"entries", entries}});
  }
  const json out = {{"grainspin", "interaction law"},
                    {"format_version", 1},
                    {"slip", json::parse(slip_set_json(law.slip))},
                    {"shear_modulus_Pa", law.material.shear_modulus},
                    {"burgers_m", law.material.burgers},
                    {"friction_Pa", law.material.friction},
                    {"gdot0_1_s", law.gdot0},
                    {"n", law.n},
                    {"density0_1_m2", law.density0},
                    {"H", H},
                    {"K", terms},
                    {"provenance", json::parse(provenance_json)}};
  write_whole_text(path, out.dump(1) + "\n");
}

DislocationLaw read_planted(const std::string& path) {
  const std::string text = read_whole_text(path);
  try {
    const json j = json::parse(text);
    require(j.is_object() && j.value("grainspin", "") == "interaction law", Errc::kFormat, "is no interaction law");
    require(j.at("format_version") == 1, Errc::kFormat, "format version " + j.at("format_version").dump() + " is not known (1 is)");
    DislocationLaw law;
    law.slip = slip_set_from_json(j.at("slip").dump(), path);
    const auto n = std::size_t(law.slip.count());
    j.at("shear_modulus_Pa").get_to(law.material.shear_modulus);
    j.at("burgers_m").get_to(law.material.burgers);
    j.at("friction_Pa").get_to(law.material.friction);
    j.at("gdot0_1_s").get_to(law.gdot0);
    j.at("n").get_to(law.n);
    j.at("density0_1_m2").get_to(law.density0);
    for (const json& row : j.at("H")) {
      require(row.size() == n, Errc::kFormat, "H: wanted rows of " + std::to_string(n));
      for (const json& x : row) law.H.push_back(x.get<double>());
    }
    for (const json& t : j.at("K")) {
      law.terms.push_back(parse_term(t.at("term").get<std::string>()));
      const int arity = law.terms.back().arity();
      std::size_t size = n;
      for (int k = 0; k < arity; ++k) size *= n;
      std::vector<double> tensor(size, 0);
      for (const json& entry : t.at("entries")) {
        require(entry.is_array() && int(entry.size()) == arity + 2, Errc::kFormat,
                "K of " + law.terms.back().text + ": wanted entries of " + std::to_string(arity + 1) + " systems and a value, found " + entry.dump());
        std::size_t e = 0;
        for (int k = 0; k <= arity; ++k) {
          const auto system = entry[std::size_t(k)].get<std::int64_t>();
          require(system >= 1 && system <= std::int64_t(n), Errc::kFormat, "K of " + law.terms.back().text + ": no such system in " + entry.dump());
          e = e * n + std::size_t(system - 1);
        }
        tensor[e] = entry.back().get<double>();
      }
      law.K.push_back(std::move(tensor));
    }
    check(law);
    return law;
  } catch (const json::exception& e) {
    throw Error(Errc::kFormat, path + ": is no interaction law (" + e.what() + ")");
  } catch (const Error& e) {
    const std::string what = e.what();
    throw Error(Errc::kFormat, what.rfind(path, 0) == 0 ? what : path + ": " + what);
  }
}

}  // namespace grainspin::interactions
