// ParaDiS' densities and fluxes of hexagonal crystals: 10 Burgers vectors on 4 planes each (the last on 3).
#include <cmath>
#include <filesystem>

#include "src/io/ddd_file.h"
#include "src/io/ddd_import.h"
#include "src/io/numbers.h"

namespace grainspin::interactions {

namespace {

using Point = Vec3<double>;

Point minus(const Point& a, const Point& b) { return {a.x - b.x, a.y - b.y, a.z - b.z}; }
Point unit(const Point& v) {
  const double s = 1 / std::sqrt(v.x * v.x + v.y * v.y + v.z * v.z);
  return {v.x * s, v.y * s, v.z * s};
}

// Glide systems in ParaDiS' order (HCP_Util.cc, GetBurgList_HCP): Burgers vectors and planes by lattice points of the
// unit cell's prism: A B C below, a b c above them, d in the middle of the face BC's prism at half height.
std::vector<SlipSystem> paradis_systems(double c_over_a) {
  const double h = std::sqrt(0.75);
  const auto point = [&](char name) -> Point {
    switch (name) {
      case 'A': return {0, 0, 0};
      case 'B': return {-0.5, h, 0};
      case 'C': return {0.5, h, 0};
      case 'a': return {0, 0, c_over_a};
      case 'b': return {-0.5, h, c_over_a};
      case 'c': return {0.5, h, c_over_a};
      default: return {0, std::sqrt(3.0) / 3, 0.5 * c_over_a};
    }
  };
  struct Burgers {
    const char* line;       // from, to
    const char* planes[4];  // three points each
  };
  static const Burgers table[10] = {{"AB", {"CAB", "cAB", "ABb", "Cba"}}, {"BC", {"CAB", "Abc", "cCB", "aCB"}},
                                    {"CA", {"ACB", "bAC", "ACa", "Bca"}}, {"Ab", {"dAb", "Abc", "ABb", "bAC"}},
                                    {"Bc", {"CBc", "cAB", "dBc", "Bca"}}, {"Ca", {"Cda", "aCB", "CAa", "bCa"}},
                                    {"aB", {"adB", "aCB", "aBb", "Bca"}}, {"bC", {"bdC", "Cba", "bcC", "bCA"}},
                                    {"cA", {"cAd", "Abc", "cAa", "cBA"}}, {"Aa", {"CAa", "CBc", "aAb", nullptr}}};
  std::vector<SlipSystem> out;
  for (const Burgers& b : table)
    for (const char* plane : b.planes) {
      if (!plane) continue;
      const Point p = point(plane[0]), u = minus(point(plane[1]), p), v = minus(point(plane[2]), p);
      const Point n = {u.y * v.z - u.z * v.y, u.z * v.x - u.x * v.z, u.x * v.y - u.y * v.x};
      out.push_back({unit(minus(point(b.line[1]), point(b.line[0]))), unit(n), 0});
    }
  return out;
}

}  // namespace

DddData import_paradis_hcp(const std::vector<std::string>& folders, const ImportOptions& o) {
  namespace fs = std::filesystem;
  check_material(o);
  require(!folders.empty(), Errc::kArgument, "import: no folders");
  require(o.c_over_a > 0, Errc::kArgument, "import: wanted c/a, which ParaDiS' flux files do not state");
  constexpr std::size_t kSystems = 39;
  DddData data;
  DddHead head;
  head.set = "hcp39";
  head.c_over_a = o.c_over_a;
  head.systems = paradis_systems(o.c_over_a);
  head.shear_modulus = o.shear_modulus;
  head.burgers = {o.burgers};
  head.friction = {o.friction};
  double elsewhere = 0, glissile = 0;
  bool totals = false;
  for (const std::string& folder : folders) {
    require(fs::is_directory(folder), Errc::kIo, folder + ": is no folder (of ParaDiS' fluxtot_b1 .. fluxtot_b10)");
    DddRun run;
    run.id = run_name(folder);
    if (run.id == "fluxdata") run.id = run_name(fs::path(folder).lexically_normal().parent_path().string());
    if (run.id.empty()) run.id = "run";
    std::size_t first = 0;
    for (std::size_t b = 1; b <= 10; ++b) {
      const std::size_t planes = b < 10 ? 4 : 3;
      const std::string stem = (fs::path(folder) / ("Ltot_b" + std::to_string(b))).string();
      const bool full = fs::exists(stem + "_full_decomp");
      const std::string density_file = stem + (full ? "_full_decomp" : "_full_decomp_totals");
      require(fs::exists(density_file), Errc::kIo,
              folder + ": has neither Ltot_b" + std::to_string(b) + "_full_decomp nor its _totals (ParaDiS: writeFluxFullDecomp = 1)");
      const std::string flux_file = (fs::path(folder) / ("fluxtot_b" + std::to_string(b))).string();
      const auto density = number_rows(density_file, full ? 13 : 9), flux = number_rows(flux_file, 12);
      totals |= !full;
      if (b == 1) {
        for (const auto& row : flux) {
          run.time.push_back(std::abs(row[1]) / o.strain_rate);
          run.strain.push_back(row[1]);
          run.columns["plastic_strain"].push_back(row[0]);
        }
        run.density.resize(run.time.size() * kSystems);
        run.slip_rate.resize(run.time.size() * kSystems);
      }
      for (const auto& [file, rows] : {std::pair{&density_file, &density}, std::pair{&flux_file, &flux}}) {
        require(rows->size() == run.time.size(), Errc::kFormat,
                *file + ": has " + std::to_string(rows->size()) + " rows, fluxtot_b1 has " + std::to_string(run.time.size()));
        for (std::size_t t = 0; t < rows->size(); ++t)
          require(std::abs((*rows)[t][1] - run.strain[t]) <= 1e-5 * std::abs(run.strain[t]), Errc::kFormat,
                  *file + ": row " + std::to_string(t + 1) + " is of strain " + number_text((*rows)[t][1]) + ", that of fluxtot_b1 of " +
                      number_text(run.strain[t]));
      }
      const double length = b <= 3 ? o.burgers : b == 10 ? o.c_over_a * o.burgers : o.burgers * std::hypot(1.0, o.c_over_a);
      for (std::size_t t = 0; t < run.time.size(); ++t) {
        for (std::size_t p = 0; p < planes; ++p) {
          const double rho = full ? density[t][2 + p] + density[t][7 + p] : density[t][2 + p];
          run.density[t * kSystems + first + p] = rho;
          run.slip_rate[t * kSystems + first + p] = (flux[t][3 + p] + flux[t][7 + p]) * length;
          glissile += rho;
        }
        elsewhere += full ? density[t][6] + density[t][11] : density[t][6];
      }
      first += planes;
    }
    data.runs.push_back(std::move(run));
  }
  settle(folders[0], head, kSystems, data);
  data.sources = folders;
  if (elsewhere > 0)
    data.remarks.push_back(number_text(std::round(1e3 * elsewhere / (elsewhere + glissile)) / 10) + " % of the line length lies in other planes and was left out");
  if (totals)
    data.remarks.push_back("densities from _full_decomp_totals: roots of the sum of squares of edge and screw density, not their sum");
  validate(data);
  return data;
}

}  // namespace grainspin::interactions
