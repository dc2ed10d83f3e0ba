#include "src/io/prisms.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include "src/io/representation.h"
#include "src/io/state.h"
#include "src/io/text_file.h"

namespace grainspin {
namespace {

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

// "set KEY = VALUE"; blanks within a key count once. Later lines win, as in the solver.
class Parameters {
 public:
  explicit Parameters(const std::string& path) : path_(path) {
    TextFile text(path);
    std::string_view line;
    while (text.line(line)) {
      line = trimmed(line.substr(0, line.find('#')));
      if (!line.starts_with("set ") && !line.starts_with("set\t")) continue;
      const std::size_t equals = line.find('=');
      if (equals == std::string_view::npos) throw text.error("wanted set NAME = VALUE");
      std::string_view rest = line.substr(4, equals - 4);
      std::string key;
      for (std::string_view w = next_word(rest); !w.empty(); w = next_word(rest)) key.append(key.empty() ? "" : " ").append(w);
      values_[key] = std::string(trimmed(line.substr(equals + 1)));
      require(values_.size() <= 10'000, Errc::kFormat, path + ": implausibly many parameters");
    }
  }
  std::optional<std::string> text(const std::string& key) const {
    const auto found = values_.find(key);
    if (found == values_.end() || found->second.empty()) return std::nullopt;
    return found->second;
  }
  std::string wanted(const std::string& key) const {
    const auto value = text(key);
    require(value.has_value(), Errc::kFormat, path_ + ": parameter '" + key + "' is missing");
    return *value;
  }
  template <class T>
  T number(const std::string& key) const {
    const auto value = parse_number<T>(wanted(key));
    require(value.has_value(), Errc::kFormat, path_ + ": parameter '" + key + "' is '" + wanted(key) + "', wanted a number");
    return *value;
  }
  std::string beside(const std::string& key) const {
    return (std::filesystem::path(path_).parent_path() / wanted(key)).string();
  }

 private:
  std::string path_;
  std::map<std::string, std::string> values_;
};

struct Grain {
  std::int32_t row, phase;
};

// Orientations by grain, in the order of the file; q and phases grow.
std::unordered_map<std::int64_t, Grain> read_orientations(const std::string& path, bool several_phases, std::vector<Quat>& q,
                                                          std::vector<std::int64_t>& phases) {
  TextFile text(path);
  std::string_view line;
  text.line(line);  // the header
  const OrientationFormat format{Representation::kRodrigues};
  const std::size_t wanted = several_phases ? 5 : 4;
  std::unordered_map<std::int64_t, Grain> grains;
  std::vector<double> v;
  while (text.line(line)) {
    if (trimmed(line).empty()) continue;
    if (!numbers_of<double>(line, 4096, v) || v.size() < wanted)
      throw text.error(several_phases ? "wanted grain, Rodrigues vector and phase" : "wanted grain and Rodrigues vector");
    const Quatd o = orientation_of(format, &v[1]);
    if (!(v[0] >= 0 && v[0] <= 2147483647.0 && v[0] == std::floor(v[0]))) throw text.error("wanted a grain's number");
    if (!std::isfinite(o.w)) throw text.error("wanted three finite numbers");
    std::int32_t phase = 0;
    if (several_phases) {
      if (!(v[4] >= 0 && v[4] <= 1e4 && v[4] == std::floor(v[4]))) throw text.error("wanted a phase's number");
      const auto found = std::find(phases.begin(), phases.end(), std::int64_t(v[4]));
      phase = std::int32_t(found - phases.begin());
      if (found == phases.end()) phases.push_back(std::int64_t(v[4]));
    }
    grains[std::int64_t(v[0])] = {std::int32_t(q.size()), phase};  // a later line wins, as in the solver
    q.push_back({float(o.w), float(o.x), float(o.y), float(o.z)});
  }
  require(!grains.empty(), Errc::kFormat, path + ": holds no orientations");
  return grains;
}

}  // namespace

bool is_prisms(std::string_view head) { return head.find("set Grain ID file name") != std::string_view::npos; }

std::unique_ptr<FieldReader> read_prisms(const std::string& path, const SourceOptions& source) {
  const Parameters parameters(path);
  State state;
  ArchiveInfo& info = state.info;
  info.path = path;
  info.format = "PRISMS-Plasticity input";
  info.boundaries = {Boundary::kClamped, Boundary::kClamped, Boundary::kClamped};
  std::array<std::int64_t, 3> cells{};
  std::array<double, 3> spacing{};
  for (std::size_t i = 0; i < 3; ++i) {
    const std::string axis(1, char('x' + i)), Axis(1, char('X' + i));
    const std::string key = "Voxels in " + Axis + " direction";
    cells[i] = parameters.number<std::int64_t>(parameters.text(key) ? key : "Voxels in " + axis + " direction");
    spacing[i] = parameters.number<double>("Domain size " + Axis) / double(cells[i]);
  }
  const std::string ids = parameters.beside("Grain ID file name");
  TextFile text(ids);
  info.shape = checked_shape(cells, double(text.size()) / 2 + 1, path);  // a digit and a blank each
  set_spacing(info, spacing, 1, source);

  const std::string multiphase = parameters.text("Enable Multiphase").value_or("false");
  std::vector<std::int64_t> phases;
  const std::string table = parameters.beside("Orientations file name");
  const auto grains = read_orientations(table, multiphase == "true", state.q, phases);
  if (phases.empty()) phases = {1};
  for (const std::int64_t p : phases) {
    info.phases.emplace_back();
    info.phases.back().name = "phase_" + std::to_string(p);
  }

  std::string_view word;
  const std::string header = parameters.text("Header Lines GrainID File").value_or("0");
  const auto lines = parse_number<std::int64_t>(header);
  require(lines && *lines >= 0, Errc::kFormat, path + ": parameter 'Header Lines GrainID File' is '" + header + "'");
  for (std::int64_t i = 0; i < *lines; ++i)
    require(text.line(word), Errc::kFormat, ids + ": ends within its " + header + " header lines");
  const Shape s = info.shape;
  const std::size_t n = std::size_t(s.voxels());
  state.row.resize(n);
  state.grain.resize(n);
  if (phases.size() > 1) state.phase.resize(n);
  for (std::int64_t x = 0, k = 0; x < s.nx; ++x)
    for (std::int64_t y = 0; y < s.ny; ++y)
      for (std::int64_t z = 0; z < s.nz; ++z, ++k) {
        if (!text.word(word))
          throw Error(Errc::kShape, ids + ": ends after " + std::to_string(k) + " of " + std::to_string(n) + " voxels");
        const auto id = parse_number<std::int64_t>(word);
        if (!id) throw text.error("wanted a grain's number, found '" + std::string(word.substr(0, 40)) + "'");
        const auto found = grains.find(*id);
        if (found == grains.end()) throw text.error("grain " + std::to_string(*id) + " has no orientation in " + table);
        const std::size_t v = std::size_t((z * s.ny + y) * s.nx + x);
        state.row[v] = found->second.row;
        state.grain[v] = std::int32_t(*id);
        if (!state.phase.empty()) state.phase[v] = found->second.phase;
      }
  if (text.word(word) && parse_number<std::int64_t>(word))
    throw text.error("more grain ids than " + path + " states voxels, " + std::to_string(n));
  return state_archive(std::move(state), source);
}

}  // namespace grainspin
