// Property tables of OpenDiS/ExaDiS, and what importers share.
#include "src/io/ddd_import.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "grainspin/interactions/families.h"
#include "src/io/ddd_file.h"
#include "src/io/numbers.h"
#include "src/io/whole_file.h"

namespace grainspin::interactions {

std::vector<std::vector<double>> number_rows(const std::string& path, std::size_t columns) {
  const std::string text = read_whole_text(path);
  std::vector<std::vector<double>> rows;
  std::size_t number = 0;
  for (std::size_t at = 0; at < text.size(); ++number) {
    const std::size_t to = std::min(text.find('\n', at), text.size());
    const std::string_view line = std::string_view(text).substr(at, to - at);
    at = to + 1;
    std::vector<double> row;
    for (std::size_t from = 0; (from = line.find_first_not_of(" \t\r", from)) != std::string_view::npos;) {
      if (row.empty() && line[from] == '#') break;
      const std::size_t end = std::min(line.find_first_of(" \t\r", from), line.size());
      const auto x = parse_number<double>(line.substr(from, end - from));
      require(x && std::isfinite(*x), Errc::kFormat,
              path + ": line " + std::to_string(number + 1) + ": '" + std::string(line.substr(from, end - from)) + "' is not a finite number");
      row.push_back(*x);
      from = end;
    }
    if (row.empty()) continue;
    require(row.size() >= columns && (rows.empty() || row.size() == rows[0].size()), Errc::kFormat,
            path + ": line " + std::to_string(number + 1) + ": wanted " + std::to_string(rows.empty() ? columns : rows[0].size()) +
                " numbers, found " + std::to_string(row.size()));
    rows.push_back(std::move(row));
  }
  require(!rows.empty(), Errc::kFormat, path + ": has no rows");
  return rows;
}

std::string run_name(const std::string& path) {
  std::filesystem::path p(path);
  while (p.has_parent_path() && p.filename().empty()) p = p.parent_path();
  return p.stem().string();
}

void check_material(const ImportOptions& o) {
  for (const auto& [name, value] : {std::pair{"shear modulus", o.shear_modulus}, std::pair{"Burgers length", o.burgers}, std::pair{"strain rate", o.strain_rate}})
    require(std::isfinite(value) && value > 0, Errc::kArgument, std::string("import: wanted a ") + name + " above 0, which the files do not state");
}

DddData import_property_tables(const std::vector<std::string>& files, const ImportOptions& o) {
  check_material(o);
  require(!files.empty(), Errc::kArgument, "import: no files");
  const double length = std::sqrt(o.axis[0] * o.axis[0] + o.axis[1] * o.axis[1] + o.axis[2] * o.axis[2]);
  require(std::isfinite(length) && length > 0, Errc::kArgument, "import: wanted the loading axis in the crystal's frame");
  const double e[3] = {o.axis[0] / length, o.axis[1] / length, o.axis[2] / length};
  DddData data;
  DddHead head;
  head.set = o.slip;
  head.c_over_a = o.c_over_a;
  head.shear_modulus = o.shear_modulus;
  head.burgers = {o.burgers};
  head.friction = {o.friction};
  SlipSet slip = interaction_slip_set(o.slip, o.c_over_a);
  std::vector<double> schmid;
  double largest = 0, sum = 0;
  for (const SlipSystem& s : slip.systems) {
    schmid.push_back((s.b.x * e[0] + s.b.y * e[1] + s.b.z * e[2]) * (s.n.x * e[0] + s.n.y * e[1] + s.n.z * e[2]));
    largest = std::max(largest, std::abs(schmid.back()));
  }
  require(largest > 1e-6, Errc::kArgument, "import: that axis shears none of the slip systems");
  for (double& m : schmid) {
    if (std::abs(m) < (1 - 1e-6) * largest) m = 0;
    sum += std::abs(m);
  }
  const std::size_t n = schmid.size();
  for (const std::string& file : files) {
    DddRun run;
    run.id = run_name(file);
    if (run.id == "stress_strain_dens") run.id = run_name(std::filesystem::path(file).parent_path().string());
    if (run.id.empty()) run.id = "run";
    for (const auto& row : number_rows(file, 5)) {
      const double strain = row[1], stress = row[2], density = row[3];
      require(density >= 0, Errc::kFormat, file + ": step " + number_text(row[0]) + ": a density below 0");
      run.time.push_back(std::abs(strain) / o.strain_rate);
      run.strain.push_back(strain);
      for (const double c : {e[0] * e[0], e[1] * e[1], e[2] * e[2], e[1] * e[2], e[0] * e[2], e[0] * e[1]}) run.stress.push_back(stress * c);
      run.columns["density_total"].push_back(density);
      run.columns["walltime"].push_back(row[4]);
      for (std::size_t i = 0; i < n; ++i) {
        run.density.push_back(density / double(n));
        run.slip_rate.push_back(schmid[i] == 0 ? 0 : std::copysign(o.strain_rate / sum, schmid[i] * (strain < 0 ? -1 : 1)));
      }
    }
    data.runs.push_back(std::move(run));
  }
  settle(files[0], head, n, data);
  data.sources = files;
  data.remarks.push_back("property tables hold the total density only: it was shared equally by the " + std::to_string(n) +
                         " systems, and the strain rate by those of the largest Schmid factor, elastic strain left out");
  validate(data);
  return data;
}

}  // namespace grainspin::interactions
