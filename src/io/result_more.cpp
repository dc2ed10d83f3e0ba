#include "src/io/result_more.h"

#include <algorithm>

#include "src/io/boxes.h"
#include "src/io/hdf5.h"

namespace grainspin {

struct MoreFields::Data {
  std::vector<h5::Dataset> sets;  // by name
};

MoreFields::MoreFields(const ArchiveInfo& info) : shape_(info.shape), states_(int(info.steps.size())), data_(std::make_shared<Data>()) {
  if (!info.format.starts_with("grainspin result")) return;
  const h5::File file = h5::File::open(info.path);
  for (const char* name : {"estimated_error", "verdict"}) {
    const std::string path = std::string("VTKHDF/CellData/") + name;
    if (!file.exists(path)) continue;
    h5::Dataset data = file.dataset(path);
    require(data.shape() == std::vector<hsize_t>{hsize_t(states_), hsize_t(shape_.nz), hsize_t(shape_.ny), hsize_t(shape_.nx)}, Errc::kShape,
            data.where() + ": is not of the states and the grid of the file");
    data.require_written();
    names_.push_back(name);
    data_->sets.push_back(std::move(data));
  }
}

bool MoreFields::has(const std::string& name) const { return std::ranges::find(names_, name) != names_.end(); }

template <class T>
void MoreFields::read_as(const std::string& name, int state, std::int64_t begin, std::int64_t count, T* to) const {
  const auto found = std::ranges::find(names_, name);
  require(found != names_.end() && state >= 0 && state < states_ && begin >= 0 && count >= 0 && begin <= shape_.voxels() - count, Errc::kArgument,
          "the result holds no '" + name + "' of state " + std::to_string(state) + ", cells " + std::to_string(begin) + " + " + std::to_string(count));
  const h5::Dataset& data = data_->sets[std::size_t(found - names_.begin())];
  for_each_box(shape_, begin, count, [&](std::array<int, 3> lo, Shape e, std::int64_t offset) {
    data.read(to + offset, {hsize_t(state), hsize_t(lo[2]), hsize_t(lo[1]), hsize_t(lo[0])}, {1, hsize_t(e.nz), hsize_t(e.ny), hsize_t(e.nx)});
  });
}

void MoreFields::read(const std::string& name, int state, std::int64_t begin, std::int64_t count, float* to) const {
  read_as(name, state, begin, count, to);
}
void MoreFields::read(const std::string& name, int state, std::int64_t begin, std::int64_t count, std::uint8_t* to) const {
  read_as(name, state, begin, count, to);
}

}  // namespace grainspin
