#include "src/io/hdf5_state.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "src/io/boxes.h"
#include "src/io/state.h"

namespace grainspin {
namespace {

constexpr std::int64_t kSlab = 1 << 18;  // voxels at once

std::string text_of(const std::vector<hsize_t>& shape) {
  std::string out;
  for (const hsize_t n : shape) out.append(out.empty() ? "" : " x ").append(std::to_string(n));
  return out.empty() ? "a single number" : out;
}

class Hdf5Reader final : public FieldReader {
 public:
  Hdf5Reader(Hdf5State state, const SourceOptions& source) : state_(std::move(state)) {
    ArchiveInfo& info = state_.info;
    info.path = state_.file.path();
    info.steps = {initial_step()};
    info.has_orientation = true;
    info.has_grain = state_.grain.open();
    for (PhaseInfo& p : info.phases) p.voxels = 0;
    std::vector<std::int32_t> ids(std::size_t(std::min(kSlab, voxels())));
    for (std::int64_t begin = 0; begin < voxels(); begin += kSlab) {
      const std::int64_t n = std::min(kSlab, voxels() - begin);
      read_phases(begin, n, ids.data());
      for (std::int64_t i = 0; i < n; ++i) ++info.phases[std::size_t(ids[std::size_t(i)])].voxels;
    }
    place_.resize(info.phases.size());
    std::vector<PhaseInfo> kept;
    for (std::size_t i = 0; i < info.phases.size(); ++i) {
      place_[i] = std::int32_t(kept.size());
      if (info.phases[i].voxels > 0) kept.push_back(info.phases[i]);
    }
    info.phases = std::move(kept);
    apply_lattices(source.lattices, info.path, info.phases);
    for (const PhaseInfo& p : info.phases)
      if (p.point_group.empty() && !has_no_crystal(p)) info.problems.push_back("phase " + p.name + ": its crystal symmetry is not stated");
  }
  const ArchiveInfo& info() const override { return state_.info; }

  void orientation(int step, std::int64_t begin, std::int64_t count, float* q) override {
    check(step, begin, count);
    const int width = components(state_.format.kind);
    std::vector<double> values;
    std::vector<std::int64_t> ids;
    for (std::int64_t done = 0; done < count; done += kSlab) {
      const std::int64_t n = std::min(kSlab, count - done);
      if (!state_.table.empty()) {
        ids.resize(std::size_t(n));
        state_.grain.read(begin + done, n, ids.data());
      } else {
        values.resize(std::size_t(n * width));
        state_.orientation.read(begin + done, n, values.data());
      }
      for (std::int64_t i = 0; i < n; ++i, q += 4) {
        if (!state_.table.empty()) {
          const std::int64_t id = ids[std::size_t(i)];
          require(id >= 0 && id < std::int64_t(state_.table.size()), Errc::kShape,
                  state_.grain.where() + ": grain " + std::to_string(id) + " has no orientation");
          put(state_.table[std::size_t(id)], q);
        } else {
          const double* v = &values[std::size_t(i * width)];
          // Voxels of one grain follow each other.
          if (i > 0 && std::equal(v, v + width, v - width)) {
            std::copy_n(q - 4, 4, q);
            continue;
          }
          const Quatd o = orientation_of(state_.format, v);
          put({float(o.w), float(o.x), float(o.y), float(o.z)}, q);
        }
      }
    }
  }
  void F(int, std::int64_t, std::int64_t, float*) override { throw none("deformation gradients"); }
  void P(int, std::int64_t, std::int64_t, float*) override { throw none("first Piola-Kirchhoff stresses"); }
  void phase(std::int64_t begin, std::int64_t count, std::int32_t* phase) override {
    check(0, begin, count);
    read_phases(begin, count, phase);
    for (std::int64_t i = 0; i < count; ++i) phase[i] = place_[std::size_t(phase[i])];
  }
  void grain(std::int64_t begin, std::int64_t count, std::int32_t* grain) override {
    check(0, begin, count);
    if (!state_.grain.open()) throw none("grains");
    if (grains_.empty()) {
      std::vector<std::int32_t> ids(std::size_t(voxels()), 0);
      state_.grain.read(0, voxels(), ids.data());
      make_dense(ids);
      grains_ = std::move(ids);
    }
    std::copy_n(grains_.begin() + begin, count, grain);
  }

 private:
  static void put(const Quat& o, float* q) { q[0] = o.w, q[1] = o.x, q[2] = o.y, q[3] = o.z; }
  std::int64_t voxels() const { return state_.info.shape.voxels(); }
  Error none(const char* what) const { return Error(Errc::kFormat, state_.info.path + ": holds no " + what); }
  void check(int step, std::int64_t begin, std::int64_t count) const {
    require(step == 0, Errc::kArgument, state_.info.path + ": wanted step " + std::to_string(step) + " of 0..0");
    require(begin >= 0 && count >= 0 && begin <= voxels() && count <= voxels() - begin, Errc::kArgument,
            state_.info.path + ": wanted cells " + std::to_string(begin) + " + " + std::to_string(count) + " of " +
                std::to_string(voxels()));
  }
  // Index into the phases as they were found.
  void read_phases(std::int64_t begin, std::int64_t count, std::int32_t* out) const {
    if (!state_.phase.open()) {
      std::fill_n(out, count, 0);
      return;
    }
    state_.phase.read(begin, count, out);
    std::int64_t last = std::numeric_limits<std::int64_t>::min();
    std::int32_t index = 0;
    for (std::int64_t i = 0; i < count; ++i) {
      if (out[i] != last) {
        last = out[i];
        const auto found = state_.phase_of.find(last);
        require(found != state_.phase_of.end(), Errc::kFormat, state_.phase.where() + ": unknown phase " + std::to_string(last));
        index = found->second;
      }
      out[i] = index;
    }
  }

  Hdf5State state_;
  std::vector<std::int32_t> place_;   // of the phases that were found
  std::vector<std::int32_t> grains_;  // read when first asked for
};

}  // namespace

CellArray::CellArray(h5::Dataset data, Shape shape, int width) : data_(std::move(data)), shape_(shape), width_(width) {
  std::vector<hsize_t> wanted{hsize_t(shape.nz), hsize_t(shape.ny), hsize_t(shape.nx)};
  std::vector<hsize_t> found = data_.shape();
  if (shape.nz == 1 && found.size() >= 2 && found[0] != 1) found.insert(found.begin(), 1);
  if (width > 1 || found.size() == 4) wanted.push_back(hsize_t(width));
  require(found == wanted, Errc::kShape,
          data_.where() + ": wanted the shape " + text_of(wanted) + ", found " + text_of(data_.shape()));
  // Declared but never written arrays of any size would read as zeros; gzip packs 1032:1 at best.
  const h5::Id type(H5Dget_type(data_.id()), H5Tclose);
  const H5T_class_t kind = H5Tget_class(type);
  require(kind == H5T_INTEGER || kind == H5T_FLOAT, Errc::kFormat, data_.where() + ": holds no numbers");
  const double declared = double(shape.voxels()) * width * double(H5Tget_size(type));
  require(declared <= 2000.0 * double(data_.stored()), Errc::kFormat, data_.where() + ": is declared but was not written");
}

template <class T>
void CellArray::read(std::int64_t begin, std::int64_t count, T* out) const {
  const std::size_t rank = data_.shape().size();
  for_each_box(shape_, begin, count, [&](std::array<int, 3> lo, Shape e, std::int64_t offset) {
    std::vector<hsize_t> start{hsize_t(lo[2]), hsize_t(lo[1]), hsize_t(lo[0])};
    std::vector<hsize_t> box{hsize_t(e.nz), hsize_t(e.ny), hsize_t(e.nx)};
    if (rank < 3 || (rank == 3 && width_ > 1)) start.erase(start.begin()), box.erase(box.begin());  // one layer
    if (start.size() < rank) start.push_back(0), box.push_back(hsize_t(width_));
    data_.read(out + offset * width_, start, box);
  });
}
template void CellArray::read<float>(std::int64_t, std::int64_t, float*) const;
template void CellArray::read<double>(std::int64_t, std::int64_t, double*) const;
template void CellArray::read<std::int32_t>(std::int64_t, std::int64_t, std::int32_t*) const;
template void CellArray::read<std::int64_t>(std::int64_t, std::int64_t, std::int64_t*) const;

std::unique_ptr<FieldReader> hdf5_state(Hdf5State state, const SourceOptions& source) {
  return std::make_unique<Hdf5Reader>(std::move(state), source);
}

OrientationFormat stated_format(const SourceOptions& source, Representation missing) {
  OrientationFormat format;
  format.kind = source.representation.empty() ? missing : representation_named(source.representation, "--as");
  require(source.angles.empty() || source.angles == "degrees" || source.angles == "radians", Errc::kArgument,
          "angles in '" + source.angles + "': wanted degrees or radians");
  if (source.angles == "degrees") format.angle = std::numbers::pi / 180;
  return format;
}

std::unique_ptr<FieldReader> read_hdf5_arrays(h5::File file, const SourceOptions& source) {
  require(!source.orientations.empty(), Errc::kArgument, file.path() + ": which dataset holds the orientations is not stated");
  require(!source.representation.empty(), Errc::kArgument,
          file.path() + ": what " + source.orientations + " holds is not stated (--as bunge, quaternion ...)");
  Hdf5State state;
  state.format = stated_format(source, Representation::kQuaternion);
  const bool has_angles = state.format.kind != Representation::kQuaternion && state.format.kind != Representation::kDream3d &&
                          state.format.kind != Representation::kRodrigues && state.format.kind != Representation::kMatrix;
  require(!has_angles || !source.angles.empty(), Errc::kArgument,
          file.path() + ": the unit of the angles in " + source.orientations + " is not stated (--angles degrees or radians)");
  h5::Dataset data = file.dataset(source.orientations);
  std::vector<hsize_t> shape = data.shape();
  const hsize_t width = hsize_t(components(state.format.kind));
  if (shape.size() == 3) shape.insert(shape.begin(), 1);
  require(shape.size() == 4 && shape[3] == width, Errc::kShape,
          data.where() + ": wanted the shape nz x ny x nx x " + std::to_string(width) + ", found " + text_of(data.shape()));
  for (const hsize_t n : shape)
    require(n <= hsize_t(std::numeric_limits<int>::max()), Errc::kShape, data.where() + ": implausibly many voxels");
  ArchiveInfo& info = state.info;
  info.path = file.path();
  info.format = "HDF5 arrays";
  info.boundaries = {Boundary::kClamped, Boundary::kClamped, Boundary::kClamped};
  info.shape = checked_shape({std::int64_t(shape[2]), std::int64_t(shape[1]), std::int64_t(shape[0])}, 1e15, data.where());
  set_spacing(info, {1, 1, 1}, 1, source);
  state.orientation = CellArray(std::move(data), info.shape, int(width));
  if (!source.grains.empty()) state.grain = CellArray(file.dataset(source.grains), info.shape, 1);
  if (!source.phases.empty()) {
    state.phase = CellArray(file.dataset(source.phases), info.shape, 1);
    std::vector<std::int32_t> ids(std::size_t(std::min(kSlab, info.shape.voxels())));
    for (std::int64_t begin = 0; begin < info.shape.voxels(); begin += kSlab) {
      const std::int64_t n = std::min(kSlab, info.shape.voxels() - begin);
      state.phase.read(begin, n, ids.data());
      for (std::int64_t i = 0; i < n; ++i) state.phase_of.emplace(ids[std::size_t(i)], 0);
      require(state.phase_of.size() <= 10'000, Errc::kFormat, state.phase.where() + ": implausibly many phases");
    }
    for (auto& [number, index] : state.phase_of) {
      index = std::int32_t(info.phases.size());
      info.phases.emplace_back();
      info.phases.back().name = "phase_" + std::to_string(number);
    }
  } else {
    info.phases.emplace_back();
    info.phases.back().name = "phase_1";
  }
  state.file = std::move(file);
  return hdf5_state(std::move(state), source);
}

}  // namespace grainspin
