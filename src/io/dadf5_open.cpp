// What a DADF5 file says before any field is read: version, grid, increments, phases, means, loads.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>

#include "src/io/dadf5.h"
#include "src/io/kinematics.h"
#include "src/io/numbers.h"
#include "src/io/vti.h"

namespace grainspin {
namespace {
constexpr std::int64_t kSlab = 1 << 16;  // rows at once in sums over a field

std::string listed(const std::vector<std::string>& names) {
  std::string out;
  for (const auto& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}
}  // namespace

Dadf5Reader::Dadf5Reader(h5::File file, const OpenOptions& options) : file_(std::move(file)) {
  info_.path = file_.path();
  read_version();
  read_geometry();
  map_ = CellMap(file_);
  info_.constituents = map_.constituents();
  require(map_.cells() == info_.shape.voxels(), Errc::kShape,
          map_.where() + ": wanted " + std::to_string(info_.shape.voxels()) + " cells, found " +
              std::to_string(map_.cells()));
  read_increments();
  read_setup();
  read_phases();
  find_fields();
  if (options.means) {
    read_means();
    read_loads();
  }
}

void Dadf5Reader::read_version() {
  const auto major = file_.integers("/", "DADF5_version_major", 1)[0];
  const auto minor = file_.integers("/", "DADF5_version_minor", 1)[0];
  const std::string version = std::to_string(major) + "." + std::to_string(minor);
  require(major == 1 || (major == 0 && minor == 14), Errc::kFormat,
          info_.path + ": DADF5 version " + version + " is not supported (0.14 and 1.x are)");
  info_.format = "DAMASK DADF5 " + version;
  info_.creator = file_.string("/", "creator");
}

void Dadf5Reader::read_geometry() {
  require(file_.has_attribute("geometry", "cells"), Errc::kFormat,
          info_.path + ": has no grid (attribute geometry/cells); results of mesh solvers are not supported");
  const auto cells = file_.integers("geometry", "cells", 3);
  for (const auto n : cells)
    require(n >= 1 && n <= std::numeric_limits<int>::max(), Errc::kShape,
            file_.where("attribute", "geometry/cells") + ": wanted at least one cell along each axis, found " +
                std::to_string(cells[0]) + " x " + std::to_string(cells[1]) + " x " + std::to_string(cells[2]));
  require(double(cells[0]) * double(cells[1]) * double(cells[2]) < 1e15, Errc::kShape,
          file_.where("attribute", "geometry/cells") + ": implausibly many cells");
  info_.shape = {int(cells[0]), int(cells[1]), int(cells[2])};
  const auto size = file_.numbers("geometry", "size", 3), origin = file_.numbers("geometry", "origin", 3);
  std::copy(size.begin(), size.end(), info_.size.begin());
  std::copy(origin.begin(), origin.end(), info_.origin.begin());
}

void Dadf5Reader::read_increments() {
  const std::string prefix = "increment_";
  for (const auto& name : file_.children("/"))
    if (name.compare(0, prefix.size(), prefix) == 0)
      if (const auto number = parse_number<std::int64_t>(std::string_view(name).substr(prefix.size())))
        increments_.push_back(*number);
  std::sort(increments_.begin(), increments_.end());
  require(!increments_.empty(), Errc::kFormat, info_.path + ": holds no increments");
  for (const auto k : increments_) {
    StepInfo step;
    step.name = prefix + std::to_string(k);
    const auto t = file_.number(step.name, "t/s");
    if (!t) info_.problems.push_back(step.name + " has no time (attribute t/s)");
    step.time = t.value_or(0);
    info_.steps.push_back(step);
  }
  if (increments_[0] != 0)
    info_.problems.push_back("the undeformed state increment_0 is missing; " + info_.steps[0].name +
                             " is taken as step 0");
  if (file_.has_link("current"))
    info_.problems.push_back("the solver did not finish this file (link `current`); its last increment may be incomplete");
}

void Dadf5Reader::read_setup() {
  if (!file_.exists("setup")) {
    info_.problems.push_back("the file holds no input texts (group setup)");
    return;
  }
  for (const auto& name : file_.children("setup")) {
    if (!file_.is_dataset("setup/" + name)) continue;
    const auto ends_with = [&](std::string_view end) {
      return name.size() >= end.size() && name.compare(name.size() - end.size(), end.size(), end) == 0;
    };
    try {
      if (ends_with(".vti")) {
        const auto head = read_vti_head(file_.dataset("setup/" + name).text(), "setup/" + name);
        if (head.shape == info_.shape && head.has_material)
          geometry_ = name;
        else
          info_.problems.push_back("setup/" + name + " does not describe this grid's materials");
      } else if (ends_with(".yaml") || ends_with(".yml")) {
        const std::string text = file_.dataset("setup/" + name).text();
        if (is_material(text)) material_ = name;
        if (is_load_case(text)) load_case_ = "setup/" + name, load_text_ = text;
      }
    } catch (const Error& e) {
      info_.problems.push_back(e.what());
    }
  }
  info_.has_grain = !geometry_.empty();
}

void Dadf5Reader::read_phases() {
  std::vector<std::int64_t> voxels;
  std::vector<std::int32_t> label(static_cast<std::size_t>(kSlab));
  std::vector<std::int64_t> row(static_cast<std::size_t>(kSlab));
  for (std::int64_t begin = 0; begin < map_.cells(); begin += kSlab) {
    const std::int64_t n = std::min(kSlab, map_.cells() - begin);
    map_.read(begin, n, 0, label.data(), row.data());
    voxels.resize(map_.labels().size(), 0);
    for (std::int64_t i = 0; i < n; ++i) {
      const auto at = std::size_t(i);
      require(label[at] >= 0 && row[at] >= 0, Errc::kFormat,
              map_.where() + ": cell " + std::to_string(begin + i) + " has no first constituent");
      ++voxels[std::size_t(label[at])];
    }
  }
  std::map<std::string, MaterialPhase> stated;
  if (!material_.empty()) {
    try {
      stated = read_phases_text();
      info_.material = without_materials(file_.dataset("setup/" + material_).text());
    } catch (const Error& e) {
      info_.problems.push_back(e.what());
    }
  }
  std::vector<std::string> names = map_.labels();
  std::sort(names.begin(), names.end());
  phase_of_label_.resize(names.size());
  for (const auto& name : names) {
    const auto at = std::size_t(std::find(map_.labels().begin(), map_.labels().end(), name) - map_.labels().begin());
    phase_of_label_[at] = std::int32_t(info_.phases.size());
    PhaseInfo phase;
    phase.name = name;
    phase.voxels = voxels[at];
    const MaterialPhase& material = stated[name];
    const std::string group = info_.steps[0].name + "/phase/" + name, O = group + "/mechanical/O";
    for (const std::string& text : {file_.string(O, "lattice"), file_.string(group, "lattice"), material.lattice})
      if (phase.lattice.empty()) phase.lattice = text;
    phase.point_group = point_group_name(phase.lattice);
    phase.c_over_a = file_.number(O, "c/a").value_or(file_.number(group, "c/a").value_or(material.c_over_a));
    phase.law = material.law;
    phase.elastic = material.elastic;
    if (phase.point_group.empty())
      info_.problems.push_back("phase " + name + ": " +
                               (phase.lattice.empty() ? "its lattice is not stated"
                                                      : "lattice " + phase.lattice + " is not known"));
    info_.phases.push_back(phase);
  }
}

std::map<std::string, MaterialPhase> Dadf5Reader::read_phases_text() const {
  const std::string name = "setup/" + material_;
  return grainspin::read_phases(file_.dataset(name).text(), name);
}

bool Dadf5Reader::everywhere(const char* field, int from_step) {
  std::vector<std::string> without, gaps;
  for (const auto& phase : info_.phases) {
    int missing = 0;
    for (int k = from_step; k <= info_.step_count(); ++k)
      if (!file_.exists(field_path(k, phase.name, field))) ++missing;
    if (missing == 0) continue;
    (missing == info_.step_count() + 1 - from_step ? without : gaps).push_back(phase.name);
  }
  if (!gaps.empty())
    info_.problems.push_back(std::string(field) + " is missing in some increments of phase " + listed(gaps));
  if (!without.empty() && without.size() < info_.phases.size())
    info_.problems.push_back(std::string(field) + " is missing for phase " + listed(without));
  return without.empty() && gaps.empty();
}

void Dadf5Reader::find_fields() {
  info_.has_orientation = everywhere("O", 0);
  info_.has_F = everywhere("F", 0);
  info_.has_P = everywhere("P", info_.step_count() > 0 ? 1 : 0);
}

// Several constituents a cell: their volume fractions as material.yaml states them, else equal ones.
std::vector<std::vector<double>> Dadf5Reader::row_weights() {
  const int constituents = map_.constituents();
  if (constituents == 1) return {};
  std::vector<std::vector<double>> fractions;
  std::vector<std::int32_t> unused;
  std::vector<std::int64_t> material;
  try {
    if (!material_.empty() && !geometry_.empty()) {
      fractions = read_fractions(file_.dataset("setup/" + material_).text(), "setup/" + material_);
      material = read_vti_material(file_.dataset("setup/" + geometry_).text(), "setup/" + geometry_);
    }
  } catch (const Error& e) {
    info_.problems.push_back(e.what());
    material.clear();
  }
  std::vector<std::vector<double>> weights;
  std::vector<std::int32_t> label(static_cast<std::size_t>(kSlab));
  std::vector<std::int64_t> row(static_cast<std::size_t>(kSlab));
  for (std::int64_t begin = 0; begin < map_.cells(); begin += kSlab) {
    const std::int64_t n = std::min(kSlab, map_.cells() - begin);
    std::vector<int> present(static_cast<std::size_t>(n), 0);
    for (const bool count : {true, false})
      for (int c = 0; c < constituents; ++c) {
        map_.read(begin, n, c, label.data(), row.data());
        weights.resize(map_.labels().size());
        for (std::size_t i = 0; i < std::size_t(n); ++i) {
          if (label[i] < 0) continue;  // padding
          if (count) {
            ++present[i];
            continue;
          }
          double w = 1.0 / present[i];
          if (!material.empty()) {
            const auto m = material[std::size_t(begin) + i];
            if (m >= 0 && m < std::int64_t(fractions.size()) && std::size_t(c) < fractions[std::size_t(m)].size())
              w = fractions[std::size_t(m)][std::size_t(c)];
          }
          auto& of_label = weights[std::size_t(label[i])];
          require(row[i] >= 0 && row[i] < map_.cells() * constituents, Errc::kFormat,
                  map_.where() + ": implausible row " + std::to_string(row[i]));
          if (row[i] >= std::int64_t(of_label.size())) of_label.resize(std::size_t(row[i]) + 1, 0.0);
          of_label[std::size_t(row[i])] += w;
        }
      }
  }
  return weights;
}

void Dadf5Reader::read_means() {
  if (!info_.has_F && !info_.has_P) return;
  const auto weights = row_weights();
  std::vector<double> rows(static_cast<std::size_t>(kSlab) * 9);
  // With several constituents a label may own rows without owning any cell's first constituent.
  const auto mean = [&](int step, const char* name, std::array<double, 9>& out) {
    std::array<double, 9> sum{};
    double total = 0;
    for (std::size_t l = 0; l < map_.labels().size(); ++l) {
      const std::string path = field_path(step, map_.labels()[l], name);
      if (!file_.exists(path)) return false;
      const h5::Dataset data = file_.dataset(path);
      const auto& shape = data.shape();
      require(shape.size() == 3 && shape[1] == 3 && shape[2] == 3, Errc::kShape,
              data.where() + ": wanted the shape [n, 3, 3]");
      data.require_written();
      const auto n_rows = std::int64_t(data.rows());
      for (std::int64_t begin = 0; begin < n_rows; begin += kSlab) {
        const std::int64_t n = std::min(kSlab, n_rows - begin);
        data.read_rows(rows.data(), begin, n);
        for (std::int64_t i = 0; i < n; ++i) {
          const std::size_t at = std::size_t(begin + i);
          const double w = weights.empty() ? 1 : at < weights[l].size() ? weights[l][at] : 0;
          for (std::size_t c = 0; c < 9; ++c) sum[c] += w * rows[std::size_t(i) * 9 + c];
          total += w;
        }
      }
    }
    for (std::size_t c = 0; c < 9; ++c) out[c] = sum[c] / total;
    return total > 0;
  };
  info_.has_mean_F = info_.has_F;
  info_.has_mean_P = info_.has_P;
  for (int k = 0; k <= info_.step_count(); ++k) {
    auto& step = info_.steps[std::size_t(k)];
    if (info_.has_mean_F) info_.has_mean_F = mean(k, "F", step.mean_F);
    if (info_.has_mean_P && !mean(k, "P", step.mean_P)) info_.has_mean_P = k == 0;
  }
  if (info_.has_F && !info_.has_mean_F)
    info_.problems.push_back("no mean F: some constituents have none");
}

void Dadf5Reader::read_loads() {
  if (!info_.has_mean_F) return;
  try {
    info_.loads = loads_of(info_.steps);
  } catch (const Error& e) {
    info_.problems.push_back(std::string("no loads: ") + e.what());
    for (auto& step : info_.steps) step.strain = 0;
    return;
  }
  if (load_text_.empty()) {  // a load case beside the result, as DAMASK's users keep it
    const auto beside = std::filesystem::path(info_.path).parent_path() / "load.yaml";
    std::ifstream in(beside, std::ios::binary);
    if (in) {
      load_text_.assign(std::istreambuf_iterator<char>(in), {});
      load_case_ = beside.string();
    }
  }
  std::vector<LoadCaseStep> stated;
  try {
    if (!load_text_.empty()) stated = read_load_case(load_text_, load_case_);
  } catch (const Error& e) {
    info_.problems.push_back(e.what());
  }
  for (std::size_t k = 0; k < info_.loads.size(); ++k) {
    const auto mask = prescribed_between(stated, increments_[k], increments_[k + 1]);
    if (mask) {
      info_.loads[k].prescribed = *mask;
    } else {
      info_.problems.push_back("which components of the load were prescribed is not stated from " +
                               info_.steps[k + 1].name + " on");
      break;
    }
  }
}

}  // namespace grainspin
