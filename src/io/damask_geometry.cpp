#include "src/io/damask_geometry.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <vector>

#include "grainspin/symmetry.h"
#include "src/io/damask_setup.h"
#include "src/io/representation.h"
#include "src/io/state.h"
#include "src/io/vti.h"
#include "src/io/whole_file.h"
#include "src/io/yaml.h"

namespace grainspin {
namespace {

std::string material_beside(const std::string& path) {
  namespace fs = std::filesystem;
  fs::path same = path;
  same.replace_extension(".yaml");
  const fs::path plain = fs::path(path).parent_path() / "material.yaml";
  std::error_code error;
  for (const fs::path& p : {same, plain})
    if (fs::is_regular_file(p, error)) return p.string();
  throw Error(Errc::kIo, path + ": its material configuration is missing (wanted " + same.string() + " or " +
                             plain.string() + ", or another by --material)");
}

struct Materials {
  std::vector<Quat> q;
  std::vector<std::int32_t> phase;
  std::vector<std::string> phases;  // in the order of their first use
  int constituents = 1;
};

Materials read_materials(const std::string& yaml, const std::string& where) {
  Materials out;
  const auto bad = [&](const std::string& text) {
    return Error(Errc::kFormat, where + ": material " + std::to_string(out.q.size()) + ": " + text);
  };
  try {
    const YAML::Node all = load_materials(yaml, where);
    require(all && all.IsSequence(), Errc::kFormat, where + ": holds no list of materials");
    for (const auto& material : all) {
      const YAML::Node list = child(material, {"constituents"});
      if (!list || !list.IsSequence() || list.size() == 0) throw bad("no constituents");
      out.constituents = std::max(out.constituents, int(std::min<std::size_t>(list.size(), 1'000'000)));
      const YAML::Node phase = child(list[0], {"phase"}), O = child(list[0], {"O"});
      if (!phase || !phase.IsScalar()) throw bad("no phase");
      if (!O || !O.IsSequence() || O.size() != 4) throw bad("O is no quaternion");
      double v[4];
      for (std::size_t c = 0; c < 4; ++c) v[c] = number(O[c]).value_or(std::numeric_limits<double>::quiet_NaN());
      const Quatd q = orientation_of({Representation::kQuaternion}, v);
      if (!std::isfinite(q.w)) throw bad("O is no unit quaternion");
      const auto known = std::find(out.phases.begin(), out.phases.end(), phase.Scalar());
      out.phase.push_back(std::int32_t(known - out.phases.begin()));
      if (known == out.phases.end()) out.phases.push_back(phase.Scalar());
      if (out.phases.size() > 10'000) throw bad("implausibly many phases");
      out.q.push_back({float(q.w), float(q.x), float(q.y), float(q.z)});
    }
  } catch (const YAML::Exception& e) {
    throw Error(Errc::kFormat, where + ": unreadable materials (" + e.what() + ")");
  }
  require(!out.q.empty(), Errc::kFormat, where + ": holds no materials");
  return out;
}

}  // namespace

std::unique_ptr<FieldReader> read_damask_geometry(const std::string& path, const SourceOptions& source) {
  const std::string xml = read_whole_text(path);
  const VtiHead head = read_vti_head(xml, path);
  if (!head.has_material)
    throw Error(Errc::kFormat, path + ": is a VTK image, but no DAMASK geometry (no cell array material)");
  State state;
  ArchiveInfo& info = state.info;
  info.path = path;
  info.format = "DAMASK geometry";
  info.shape = head.shape;
  set_spacing(info, head.spacing, 1, source);
  for (std::size_t i = 0; i < 3; ++i) info.origin[i] = head.origin[i] * (source.unit > 0 ? source.unit : 1);
  const std::vector<std::int64_t> material = read_vti_material(xml, path);

  const std::string where = source.material.empty() ? material_beside(path) : source.material;
  const std::string yaml = read_whole_text(where);
  Materials materials = read_materials(yaml, where);
  info.constituents = materials.constituents;
  info.material = without_materials(yaml);
  const auto stated = read_phases(yaml, where);
  for (const std::string& name : materials.phases) {
    PhaseInfo phase;
    phase.name = name;
    if (const auto found = stated.find(name); found != stated.end()) state_phase(found->second, phase);
    info.phases.push_back(phase);
  }
  const auto count = std::int64_t(materials.q.size());
  state.row.resize(material.size());
  state.phase.resize(material.size());
  for (std::size_t v = 0; v < material.size(); ++v) {
    require(material[v] >= 0 && material[v] < count, Errc::kShape,
            path + ": voxel " + std::to_string(v) + " is of material " + std::to_string(material[v]) + ", but " + where +
                " has " + std::to_string(count));
    state.row[v] = std::int32_t(material[v]);
    state.phase[v] = materials.phase[std::size_t(material[v])];
  }
  state.q = std::move(materials.q);
  state.grain = state.row;
  return state_archive(std::move(state), source);
}

}  // namespace grainspin
