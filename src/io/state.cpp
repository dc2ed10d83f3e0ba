#include "src/io/state.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_set>

#include "grainspin/symmetry.h"

namespace grainspin {
namespace {

class StateArchive final : public FieldReader {
 public:
  explicit StateArchive(State state) : state_(std::move(state)) {}
  const ArchiveInfo& info() const override { return state_.info; }
  void orientation(int step, std::int64_t begin, std::int64_t count, float* q) override {
    check(step, begin, count);
    for (std::int64_t i = 0; i < count; ++i, q += 4) {
      const std::size_t voxel = std::size_t(begin + i);
      const Quat& o = state_.q[state_.row.empty() ? voxel : std::size_t(state_.row[voxel])];
      q[0] = o.w, q[1] = o.x, q[2] = o.y, q[3] = o.z;
    }
  }
  void F(int, std::int64_t, std::int64_t, float*) override { throw none("deformation gradients"); }
  void P(int, std::int64_t, std::int64_t, float*) override { throw none("first Piola-Kirchhoff stresses"); }
  void phase(std::int64_t begin, std::int64_t count, std::int32_t* phase) override {
    check(0, begin, count);
    if (state_.phase.empty())
      std::fill_n(phase, count, 0);
    else
      std::copy_n(state_.phase.begin() + begin, count, phase);
  }
  void grain(std::int64_t begin, std::int64_t count, std::int32_t* grain) override {
    check(0, begin, count);
    if (state_.grain.empty()) throw none("grains");
    std::copy_n(state_.grain.begin() + begin, count, grain);
  }

 private:
  Error none(const char* what) const {
    return Error(Errc::kFormat, state_.info.path + ": " + state_.info.format + " holds no " + what);
  }
  void check(int step, std::int64_t begin, std::int64_t count) const {
    const std::int64_t n = state_.info.shape.voxels();
    require(step == 0, Errc::kArgument, state_.info.path + ": wanted step " + std::to_string(step) + " of 0..0");
    require(begin >= 0 && count >= 0 && begin <= n && count <= n - begin, Errc::kArgument,
            state_.info.path + ": wanted cells " + std::to_string(begin) + " + " + std::to_string(count) + " of " +
                std::to_string(n));
  }
  State state_;
};

// Phases that own no voxel leave; the others keep their order.
void keep_owned(State& state) {
  auto& phases = state.info.phases;
  require(!phases.empty(), Errc::kInternal, state.info.path + ": no phases");
  for (PhaseInfo& p : phases) p.voxels = 0;
  if (state.phase.empty()) {
    phases.resize(1);
    phases[0].voxels = state.info.shape.voxels();
    return;
  }
  for (const std::int32_t p : state.phase) {
    require(p >= 0 && std::size_t(p) < phases.size(), Errc::kInternal, state.info.path + ": no such phase");
    ++phases[std::size_t(p)].voxels;
  }
  std::vector<std::int32_t> place(phases.size());
  std::vector<PhaseInfo> kept;
  for (std::size_t i = 0; i < phases.size(); ++i) {
    place[i] = std::int32_t(kept.size());
    if (phases[i].voxels > 0) kept.push_back(phases[i]);
  }
  for (std::int32_t& p : state.phase) p = place[std::size_t(p)];
  phases = std::move(kept);
}

// Empty where the word is neither a lattice symbol nor a point group.
std::string group_of(const std::string& word, bool& is_lattice) {
  constexpr const char* kLattices[] = {"aP", "mP", "mS", "oP", "oS", "oI", "oF", "tP", "tI", "hP", "cP", "cI", "cF"};
  is_lattice = std::any_of(std::begin(kLattices), std::end(kLattices), [&](const char* l) { return word == l; });
  try {
    return (is_lattice ? PointGroup::of_lattice(word) : PointGroup::named(word)).name();
  } catch (const Error&) {
    return "";
  }
}

}  // namespace

StepInfo initial_step() {
  StepInfo step;
  step.name = "initial";
  return step;
}

std::int32_t make_dense(std::vector<std::int32_t>& ids) {
  std::unordered_set<std::int32_t> seen;
  std::int32_t last = ids.front();  // ids come in runs
  seen.insert(last);
  for (const std::int32_t id : ids)
    if (id != last) seen.insert(last = id);
  std::vector<std::int32_t> sorted(seen.begin(), seen.end());
  std::sort(sorted.begin(), sorted.end());
  last = sorted.front();
  std::int32_t place = 0;
  for (std::int32_t& id : ids) {
    if (id != last) {
      last = id;
      place = std::int32_t(std::lower_bound(sorted.begin(), sorted.end(), id) - sorted.begin());
    }
    id = place;
  }
  return std::int32_t(sorted.size());
}

bool has_no_crystal(const PhaseInfo& phase) {
  return phase.point_group.empty() &&
         (phase.name == "void" || phase.name == "undefined" || phase.name == "unindexed" || phase.name == "phase_0");
}

void apply_lattices(const std::vector<std::string>& lattices, const std::string& path, std::vector<PhaseInfo>& phases) {
  for (const std::string& item : lattices) {
    const std::size_t at = item.rfind('=');
    const std::string word = at == std::string::npos ? item : item.substr(at + 1);
    bool is_lattice = false;
    const std::string group = group_of(word, is_lattice);
    require(!group.empty(), Errc::kArgument,
            "lattice '" + item + "': wanted a lattice (cF, cI, hP, tI ...) or a proper point group (432, 622 ...), or "
            "PHASE= and one of them");
    bool used = false;
    for (PhaseInfo& p : phases) {
      if (at == std::string::npos ? !p.point_group.empty() || has_no_crystal(p) : p.name != item.substr(0, at)) continue;
      used = true;
      p.point_group = group;
      p.lattice = is_lattice ? word : "";
    }
    require(used || at == std::string::npos, Errc::kArgument,
            path + ": has no phase '" + item.substr(0, at == std::string::npos ? 0 : at) + "' to give a lattice to");
  }
}

Shape checked_shape(const std::array<std::int64_t, 3>& cells, double limit, const std::string& where) {
  const auto text = [&] {
    return std::to_string(cells[0]) + " x " + std::to_string(cells[1]) + " x " + std::to_string(cells[2]);
  };
  for (const std::int64_t n : cells)
    require(n >= 1 && n <= std::numeric_limits<int>::max(), Errc::kShape,
            where + ": wanted at least one voxel along each axis, found " + text());
  require(double(cells[0]) * double(cells[1]) * double(cells[2]) <= limit, Errc::kShape,
          where + ": " + text() + " voxels are more than the file can hold");
  return {int(cells[0]), int(cells[1]), int(cells[2])};
}

void set_spacing(ArchiveInfo& info, const std::array<double, 3>& spacing, double unit, const SourceOptions& source) {
  const std::array<int, 3> cells{info.shape.nx, info.shape.ny, info.shape.nz};
  for (std::size_t i = 0; i < 3; ++i) {
    const double edge = source.spacing[i] > 0 ? source.spacing[i] : spacing[i] * (source.unit > 0 ? source.unit : unit);
    require(std::isfinite(edge) && edge > 0, Errc::kFormat, info.path + ": a voxel's edge is no positive number");
    info.size[i] = edge * cells[i];
  }
}

std::unique_ptr<FieldReader> state_archive(State state, const SourceOptions& source) {
  ArchiveInfo& info = state.info;
  const std::size_t n = std::size_t(info.shape.voxels());
  const auto fits = [n](std::size_t size) { return size == 0 || size == n; };
  require(n > 0 && fits(state.row.size()) && fits(state.grain.size()) && fits(state.phase.size()) &&
              (!state.row.empty() || state.q.size() == n),
          Errc::kInternal, info.path + ": fields of another size than the grid");
  for (const std::int32_t r : state.row)
    require(r >= 0 && std::size_t(r) < state.q.size(), Errc::kInternal, info.path + ": no such orientation");
  info.steps = {initial_step()};
  info.has_orientation = true;
  info.has_grain = !state.grain.empty();
  if (info.has_grain) make_dense(state.grain);
  keep_owned(state);
  apply_lattices(source.lattices, info.path, info.phases);
  for (const PhaseInfo& p : info.phases)
    if (p.point_group.empty() && !has_no_crystal(p))
      info.problems.push_back("phase " + p.name + ": its crystal symmetry is not stated");
  return std::make_unique<StateArchive>(std::move(state));
}

}  // namespace grainspin
