// Files of DDD runs, told apart by content; several make one data set.
#include <cmath>
#include <map>

#include "src/io/ddd_file.h"
#include "src/io/numbers.h"
#include "src/io/whole_file.h"

namespace grainspin::interactions {

namespace {

DddData read_one(const std::string& path) {
  std::string text = read_whole_text(path);
  require(!text.empty(), Errc::kFormat, path + ": is empty");
  if (text.rfind("\x89HDF", 0) == 0) return read_ddd_hdf5(path);
  require(text.find('\0') == std::string::npos, Errc::kFormat, path + ": is neither HDF5 nor CSV");
  return read_ddd_csv(path, std::move(text));
}

bool differs(double a, double b) { return !(std::abs(a - b) <= 1e-9 * std::abs(a)); }

// Throws where two files are not of one crystal.
void check_same(const DddData& a, const DddData& b) {
  const std::string where = b.sources[0] + ": against " + a.sources[0] + ": ";
  require(a.slip.name == b.slip.name, Errc::kFormat, where + "slip systems " + b.slip.name + ", not " + a.slip.name);
  require(a.slip.c_over_a == b.slip.c_over_a || !differs(a.slip.c_over_a, b.slip.c_over_a), Errc::kFormat,
          where + "c/a " + number_text(b.slip.c_over_a) + ", not " + number_text(a.slip.c_over_a));
  for (std::size_t i = 0; i < a.slip.systems.size(); ++i) {
    const SlipSystem &s = a.slip.systems[i], &t = b.slip.systems[i];
    const double bb = s.b.x * t.b.x + s.b.y * t.b.y + s.b.z * t.b.z, nn = s.n.x * t.n.x + s.n.y * t.n.y + s.n.z * t.n.z;
    require(bb * nn > 1 - 1e-6, Errc::kFormat, where + "another slip system " + std::to_string(i + 1));
    for (const auto& [name, x, y] : {std::tuple{"Burgers length", a.material.burgers[i], b.material.burgers[i]},
                                     std::tuple{"friction stress", a.material.friction[i], b.material.friction[i]}})
      require(x == y || !differs(x, y), Errc::kFormat,
              where + name + " of system " + std::to_string(i + 1) + " is " + number_text(y) + ", not " + number_text(x));
  }
  require(!differs(a.material.shear_modulus, b.material.shear_modulus), Errc::kFormat,
          where + "shear modulus " + number_text(b.material.shear_modulus) + " Pa, not " + number_text(a.material.shear_modulus));
}

}  // namespace

DddData read_ddd(const std::vector<std::string>& paths) {
  require(!paths.empty(), Errc::kArgument, "no files of DDD runs");
  DddData all;
  std::map<std::string, std::string> owner;
  for (const std::string& path : paths) {
    DddData data = read_one(path);
    try {
      validate(data);
    } catch (const Error& e) {
      throw Error(e.code(), path + ": " + e.what());
    }
    for (const DddRun& run : data.runs) {
      const auto [at, fresh] = owner.emplace(run.id, path);
      require(fresh, Errc::kFormat, path + ": run '" + run.id + "' is in " + at->second + " too");
    }
    if (all.sources.empty()) {
      all = std::move(data);
      continue;
    }
    check_same(all, data);
    for (DddRun& run : data.runs) all.runs.push_back(std::move(run));
    for (auto list : {&DddData::sources, &DddData::remarks}) (all.*list).insert((all.*list).end(), (data.*list).begin(), (data.*list).end());
  }
  for (std::string& remark : oddities(all)) all.remarks.push_back(std::move(remark));
  return all;
}

void write_ddd(const std::string& path, const DddData& data, const std::string& provenance_json) {
  validate(data);
  const auto ends = [&](std::string_view end) { return path.size() >= end.size() && path.compare(path.size() - end.size(), end.size(), end) == 0; };
  if (ends(".h5") || ends(".hdf5")) return write_ddd_hdf5(path, data, provenance_json);
  require(ends(".csv"), Errc::kArgument, path + ": wanted a name that ends in .h5, .hdf5 or .csv");
  write_ddd_csv(path, data, provenance_json);
}

}  // namespace grainspin::interactions
