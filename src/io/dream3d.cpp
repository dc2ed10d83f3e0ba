#include "src/io/dream3d.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "src/io/hdf5_state.h"
#include "src/io/numbers.h"
#include "src/io/state.h"

namespace grainspin {
namespace {

constexpr double kMicrometre = 1e-6;

std::string listed(const std::vector<std::string>& names) {
  std::string out;
  for (const auto& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

bool is_group(const h5::File& file, const std::string& path) { return file.exists(path) && !file.is_dataset(path); }

// Datasets below a group with one of these names, nearest first; groups may loop, so depth and number are bounded.
std::vector<std::string> find_arrays(const h5::File& file, const std::string& group, std::initializer_list<const char*> names) {
  std::vector<std::string> found, level{group};
  int visited = 0;
  for (int depth = 0; depth < 4 && !level.empty(); ++depth) {
    std::vector<std::string> below;
    for (const std::string& g : level)
      for (const std::string& child : file.children(g)) {
        require(++visited <= 20'000, Errc::kFormat, file.path() + ": implausibly many objects");
        const std::string path = g + "/" + child;
        if (std::any_of(names.begin(), names.end(), [&](const char* n) { return child == n; })) {
          if (file.is_dataset(path)) found.push_back(path);
        } else if (is_group(file, path)) {
          below.push_back(path);
        }
      }
    level = std::move(below);
  }
  return found;
}

struct Geometry {
  std::string group;
  std::array<std::int64_t, 3> cells{};
  std::array<double, 3> spacing{}, origin{};
};

// The numbers of a dataset of three.
template <class T>
std::array<T, 3> three(const h5::File& file, const std::string& name) {
  const h5::Dataset data = file.dataset(name);
  require(data.shape() == std::vector<hsize_t>{3}, Errc::kShape, data.where() + ": wanted three numbers");
  std::array<T, 3> out;
  data.read(out.data(), {0}, {3});
  return out;
}

template <class T>
std::array<T, 3> three(const std::vector<T>& v) {
  return {v[0], v[1], v[2]};
}

// All image geometries of a file; groups that hold other ones are left out.
std::vector<Geometry> find_geometries(const h5::File& file, const std::string& version) {
  std::vector<Geometry> out;
  const std::string root = version == "7.0" ? "DataContainers" : "DataStructure";
  require(is_group(file, root), Errc::kFormat, file.where("group", root) + ": is missing");
  for (const std::string& name : file.children(root)) {
    Geometry g;
    g.group = root + "/" + name;
    if (!is_group(file, g.group)) continue;
    if (version == "7.0") {
      const std::string geometry = g.group + "/_SIMPL_GEOMETRY";
      if (!file.exists(geometry + "/DIMENSIONS") || !file.exists(geometry + "/SPACING")) continue;
      g.cells = three<std::int64_t>(file, geometry + "/DIMENSIONS");
      g.spacing = three<double>(file, geometry + "/SPACING");
      if (file.exists(geometry + "/ORIGIN")) g.origin = three<double>(file, geometry + "/ORIGIN");
    } else {
      if (!file.has_attribute(g.group, "_DIMENSIONS") || !file.has_attribute(g.group, "_SPACING")) continue;
      g.cells = three(file.integers(g.group, "_DIMENSIONS", 3));
      g.spacing = three(file.numbers(g.group, "_SPACING", 3));
      if (file.has_attribute(g.group, "_ORIGIN")) g.origin = three(file.numbers(g.group, "_ORIGIN", 3));
    }
    out.push_back(g);
  }
  return out;
}

// The first of these arrays that covers the grid, else one of another grid (to be refused by its shape); empty where
// there is none.
std::string cell_array(const h5::File& file, const Geometry& g, std::initializer_list<const char*> names) {
  std::string other;
  for (const std::string& path : find_arrays(file, g.group, names)) {
    const auto shape = file.dataset(path).shape();
    if (shape.size() >= 3 && other.empty()) other = path;
    if (shape.size() >= 3 && shape[0] == hsize_t(g.cells[2]) && shape[1] == hsize_t(g.cells[1]) && shape[2] == hsize_t(g.cells[0]))
      return path;
  }
  return other;
}

// EbsdLib's numbers of Laue groups, by their proper point groups; empty: unknown.
std::string group_of(std::int64_t structure) {
  constexpr const char* kGroups[] = {"622", "432", "6", "23", "1", "2", "222", "4", "422", "3", "32"};
  return structure >= 0 && structure < 11 ? kGroups[structure] : "";
}

// Phases by the file's number: 0 is what was not indexed.
void read_ensembles(const h5::File& file, const Geometry& g, Hdf5State& state) {
  auto& phases = state.info.phases;
  PhaseInfo unindexed;
  unindexed.name = "unindexed";
  phases = {unindexed};
  state.phase_of[0] = 0;
  std::vector<std::int64_t> structures;
  std::vector<std::string> names;
  const std::string root = g.group.substr(0, g.group.find('/'));
  for (const std::string& group : {g.group, root}) {
    if (structures.empty())
      for (const std::string& path : find_arrays(file, group, {"CrystalStructures"})) {
        const h5::Dataset data = file.dataset(path);
        if (data.shape().empty() || data.shape().size() > 2 || data.rows() < 2 || data.rows() > 10'000) continue;
        if (data.shape().size() == 2 && data.shape()[1] != 1) continue;
        structures.resize(std::size_t(data.rows()));
        data.read_rows(structures.data(), 0, std::int64_t(data.rows()));
        const std::string beside = path.substr(0, path.rfind('/')) + "/PhaseName";
        if (file.is_dataset(beside)) names = file.dataset(beside).texts(10'000);
        break;
      }
  }
  for (std::size_t i = 1; i < std::max<std::size_t>(structures.size(), 2); ++i) {
    PhaseInfo phase;
    phase.name = std::string("phase_").append(std::to_string(i));
    if (i < names.size() && !names[i].empty()) phase.name = names[i];
    for (const PhaseInfo& other : phases)
      if (other.name == phase.name) phase.name.append("_").append(std::to_string(i));
    if (i < structures.size()) phase.point_group = group_of(structures[i]);
    if (phase.point_group == "622") phase.lattice = "hP";
    state.phase_of[std::int64_t(i)] = std::int32_t(phases.size());
    phases.push_back(phase);
  }
}

// Orientations of the features, by their number.
bool read_features(const h5::File& file, const Geometry& g, Hdf5State& state) {
  for (const char* name : {"EulerAngles", "AvgEulerAngles", "AvgQuats", "Quats"})
    for (const std::string& path : find_arrays(file, g.group, {name})) {
      const h5::Dataset data = file.dataset(path);
      const bool angles = std::string_view(name).ends_with("EulerAngles");
      const OrientationFormat format{angles ? Representation::kBunge : Representation::kDream3d};
      const hsize_t width = hsize_t(components(format.kind));
      if (data.shape().size() != 2 || data.shape()[1] != width || data.rows() < 1 || data.rows() > 50'000'000) continue;
      require(double(data.rows()) * double(width) * 4 <= 2000.0 * double(data.stored()), Errc::kFormat,
              data.where() + ": is declared but was not written");
      std::vector<double> v(std::size_t(data.rows() * width));
      data.read_rows(v.data(), 0, std::int64_t(data.rows()));
      for (std::size_t i = 0; i < std::size_t(data.rows()); ++i) {
        const Quatd q = i == 0 ? Quatd{} : orientation_of(format, &v[i * width]);  // the first is a dummy
        state.table.push_back({float(q.w), float(q.x), float(q.y), float(q.z)});
      }
      state.info.problems.push_back("orientations are those of the features (" + path + ")");
      return true;
    }
  return false;
}

}  // namespace

bool is_dream3d(const h5::File& file) {
  return file.has_attribute("/", "FileVersion") && (file.has_link("DataContainers") || file.has_link("DataStructure"));
}

std::unique_ptr<FieldReader> read_dream3d(h5::File file, const SourceOptions& source) {
  const std::string version = file.string("/", "FileVersion");
  require(version == "7.0" || version == "8.0", Errc::kFormat,
          file.path() + ": DREAM.3D file version " + version + " is not supported (7.0 and 8.0 are)");
  std::vector<Geometry> geometries = find_geometries(file, version);
  require(!geometries.empty(), Errc::kFormat,
          file.path() + ": holds no image geometry (other geometries than a regular grid are not read)");
  // The one with orientations, or with the array that was asked for.
  std::erase_if(geometries, [&](const Geometry& g) {
    if (!source.orientations.empty()) {
      const std::string wanted = source.orientations.front() == '/' ? source.orientations.substr(1) : source.orientations;
      return !wanted.starts_with(g.group + "/");
    }
    return find_arrays(file, g.group, {"EulerAngles", "Quats", "AvgQuats", "AvgEulerAngles"}).empty();
  });
  require(!geometries.empty(), Errc::kFormat,
          file.path() + ": no image geometry holds " +
              (source.orientations.empty() ? "EulerAngles or Quats (--orientations names another array)" : source.orientations));
  std::vector<std::string> groups;
  for (const Geometry& g : geometries) groups.push_back(g.group);
  require(geometries.size() == 1, Errc::kFormat,
          file.path() + ": several image geometries hold orientations (" + listed(groups) + "); --orientations PATH chooses");
  const Geometry& g = geometries[0];

  Hdf5State state;
  ArchiveInfo& info = state.info;
  info.path = file.path();
  info.format = "DREAM.3D " + version;
  info.boundaries = {Boundary::kClamped, Boundary::kClamped, Boundary::kClamped};
  info.shape = checked_shape(g.cells, 1e15, file.where("group", g.group));
  set_spacing(info, g.spacing, kMicrometre, source);
  for (std::size_t i = 0; i < 3; ++i) info.origin[i] = g.origin[i] * (source.unit > 0 ? source.unit : kMicrometre);
  if (source.unit <= 0 && source.spacing[0] <= 0 && g.spacing[0] < 1e-3)
    info.problems.push_back("edges of " + number_text(float(g.spacing[0])) +
                            " are taken for micrometres; DAMASK's exports are in metres (--unit 1)");
  read_ensembles(file, g, state);

  const std::string grains = source.grains.empty() ? cell_array(file, g, {"FeatureIds"}) : source.grains;
  const std::string phases = source.phases.empty() ? cell_array(file, g, {"Phases"}) : source.phases;
  if (!grains.empty()) state.grain = CellArray(file.dataset(grains), info.shape, 1);
  if (!phases.empty()) {
    state.phase = CellArray(file.dataset(phases), info.shape, 1);
  } else {  // all of the first phase
    info.phases.erase(info.phases.begin());
    info.problems.push_back("the file holds no array Phases: all voxels are taken for " + info.phases[0].name);
  }
  std::string orientations = source.orientations;
  if (orientations.empty()) orientations = cell_array(file, g, {"EulerAngles"});
  if (orientations.empty()) orientations = cell_array(file, g, {"Quats"});
  if (!orientations.empty()) {
    h5::Dataset data = file.dataset(orientations);
    const bool three = !data.shape().empty() && data.shape().back() == 3;
    state.format = stated_format(source, three ? Representation::kBunge : Representation::kDream3d);
    state.orientation = CellArray(std::move(data), info.shape, components(state.format.kind));
    if (state.format.kind == Representation::kDream3d)
      info.problems.push_back("no EulerAngles: orientations are read from " + orientations + ", conjugated as DREAM.3D writes them");
  } else {
    require(state.grain.open() && read_features(file, g, state), Errc::kFormat,
            file.path() + ": " + g.group + " holds no EulerAngles or Quats on its grid");
  }
  state.file = std::move(file);
  return hdf5_state(std::move(state), source);
}

}  // namespace grainspin
