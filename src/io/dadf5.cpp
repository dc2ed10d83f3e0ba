// Reading fields; what is read at opening is in dadf5_open.cpp.
#include "src/io/dadf5.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "src/io/vti.h"

namespace grainspin {
namespace {
constexpr std::int64_t kSlab = 1 << 18;  // cells handled at once: some 10 MB
}

CellMap::CellMap(const h5::File& file) : rows_(file.dataset("cell_to/phase")) {
  const auto& shape = rows_.shape();
  require(shape.size() == 2 && shape[1] >= 1 && shape[1] <= 1'000'000, Errc::kFormat,
          where() + ": wanted the shape [cells, constituents]");
  constituents_ = int(shape[1]);
  const h5::Id type(H5Dget_type(rows_.id()), H5Tclose);
  const int label = H5Tget_class(type) == H5T_COMPOUND ? H5Tget_member_index(type, "label") : -1;
  const int entry = label < 0 ? -1 : H5Tget_member_index(type, "entry");
  require(entry >= 0 && H5Tget_member_class(type, unsigned(label)) == H5T_STRING &&
              H5Tget_member_class(type, unsigned(entry)) == H5T_INTEGER,
          Errc::kFormat, where() + ": wanted entries of {label, entry}");
  const h5::Id text(H5Tget_member_type(type, unsigned(label)), H5Tclose);
  require(H5Tis_variable_str(text) == 0, Errc::kFormat, where() + ": labels of variable length");
  length_ = H5Tget_size(text);
  type_ = h5::Id(H5Tcreate(H5T_COMPOUND, length_ + sizeof(std::int64_t)), H5Tclose);
  H5Tinsert(type_, "label", 0, text);
  H5Tinsert(type_, "entry", length_, H5T_NATIVE_INT64);
  // A declared but never written map of any size would read as zeros; gzip packs 1032:1 at best.
  const double declared = double(shape[0]) * double(shape[1]) * double(length_ + 8);
  require(declared <= 2000.0 * double(rows_.stored()), Errc::kFormat,
          where() + ": is declared but was not written");
}

void CellMap::read(std::int64_t begin, std::int64_t count, int c, std::int32_t* label, std::int64_t* row) {
  const std::size_t size = length_ + sizeof(std::int64_t);
  std::string last;  // labels come in runs
  std::int32_t last_index = -2;
  for (std::int64_t done = 0; done < count; done += kSlab) {
    const std::int64_t n = std::min(kSlab, count - done);
    buffer_.resize(std::size_t(n) * size);
    rows_.read_as(type_, buffer_.data(), {hsize_t(begin + done), hsize_t(c)}, {hsize_t(n), 1});
    for (std::int64_t i = 0; i < n; ++i) {
      const char* at = buffer_.data() + std::size_t(i) * size;
      if (last_index == -2 || std::memcmp(at, last.data(), length_) != 0) {
        last.assign(at, length_);
        std::string name = last.substr(0, std::min(last.find('\0'), last.size()));
        while (!name.empty() && name.back() == ' ') name.pop_back();
        const auto known = std::find(labels_.begin(), labels_.end(), name);
        last_index = name.empty() ? -1 : std::int32_t(known - labels_.begin());
        if (last_index >= 0 && known == labels_.end()) {
          require(labels_.size() < 100'000, Errc::kFormat, where() + ": implausibly many phases");
          labels_.push_back(name);
        }
      }
      label[done + i] = last_index;
      std::memcpy(&row[done + i], at + length_, sizeof(std::int64_t));
    }
  }
}

std::string Dadf5Reader::field_path(int step, const std::string& label, const char* field) const {
  return info_.steps[std::size_t(step)].name + "/phase/" + label + "/mechanical/" + field;
}

void Dadf5Reader::check_range(int step, std::int64_t begin, std::int64_t count) const {
  require(step >= 0 && step < int(info_.steps.size()), Errc::kArgument,
          info_.path + ": wanted step " + std::to_string(step) + " of 0.." + std::to_string(info_.step_count()));
  require(begin >= 0 && count >= 0 && begin <= map_.cells() && count <= map_.cells() - begin, Errc::kArgument,
          info_.path + ": wanted cells " + std::to_string(begin) + " + " + std::to_string(count) + " of " +
              std::to_string(map_.cells()));
}

const h5::Dataset& Dadf5Reader::field(int step, int phase, const char* name, int width) {
  auto& slot = open_[{name, phase}];
  if (slot.second.id() >= 0 && slot.first == step) return slot.second;
  h5::Dataset data = file_.dataset(field_path(step, info_.phases[std::size_t(phase)].name, name));
  const auto& shape = data.shape();
  const hsize_t found =
      shape.empty() ? 0 : std::accumulate(shape.begin() + 1, shape.end(), hsize_t(1), std::multiplies<>());
  if (shape.size() < 2 || shape.size() > 3 || found != hsize_t(width) || !data.floating())
    throw Error(Errc::kShape, data.where() + ": wanted floating-point rows of " + std::to_string(width) +
                                  " numbers, found " + (data.floating() ? std::to_string(found) : "another type"));
  data.require_written();
  slot = {step, std::move(data)};
  return slot.second;
}

void Dadf5Reader::read_field(int step, std::int64_t begin, std::int64_t count, const char* name, int width,
                             float* out) {
  check_range(step, begin, count);
  std::vector<std::int32_t> label;
  std::vector<std::int64_t> row;
  std::vector<std::vector<h5::Pick>> picks(info_.phases.size());
  for (std::int64_t done = 0; done < count; done += kSlab) {
    const std::int64_t n = std::min(kSlab, count - done);
    label.resize(std::size_t(n));
    row.resize(std::size_t(n));
    map_.read(begin + done, n, 0, label.data(), row.data());
    for (auto& p : picks) p.clear();
    for (std::int64_t i = 0; i < n; ++i)
      picks[std::size_t(phase_of_label_[std::size_t(label[std::size_t(i)])])].push_back({row[std::size_t(i)], done + i});
    for (std::size_t p = 0; p < picks.size(); ++p)
      if (!picks[p].empty()) h5::read_picked(field(step, int(p), name, width), width, picks[p], out);
  }
}

void Dadf5Reader::orientation(int step, std::int64_t begin, std::int64_t count, float* q) {
  read_field(step, begin, count, "O", 4, q);
}

void Dadf5Reader::F(int step, std::int64_t begin, std::int64_t count, float* F) {
  read_field(step, begin, count, "F", 9, F);
}

void Dadf5Reader::P(int step, std::int64_t begin, std::int64_t count, float* P) {
  // Some files leave out the stress of the undeformed state, which is zero.
  check_range(step, begin, count);
  if (step == 0 && info_.has_P && !file_.exists(field_path(0, info_.phases[0].name, "P")))
    std::fill_n(P, count * 9, 0.0f);
  else
    read_field(step, begin, count, "P", 9, P);
}

void Dadf5Reader::phase(std::int64_t begin, std::int64_t count, std::int32_t* phase) {
  check_range(0, begin, count);
  std::vector<std::int64_t> row;
  for (std::int64_t done = 0; done < count; done += kSlab) {
    const std::int64_t n = std::min(kSlab, count - done);
    row.resize(std::size_t(n));
    map_.read(begin + done, n, 0, phase + done, row.data());
    for (std::int64_t i = done; i < done + n; ++i) phase[i] = phase_of_label_[std::size_t(phase[i])];
  }
}

void Dadf5Reader::grain(std::int64_t begin, std::int64_t count, std::int32_t* grain) {
  check_range(0, begin, count);
  require(info_.has_grain, Errc::kFormat, info_.path + ": holds no geometry with a material index");
  if (grains_.empty()) {
    const std::string name = "setup/" + geometry_;
    const auto material =
        read_vti_material(file_.dataset(name).text(), file_.where("dataset", name));
    std::vector<std::int64_t> ids = material;
    std::sort(ids.begin(), ids.end());
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    grains_.resize(material.size());
    for (std::size_t i = 0; i < material.size(); ++i)
      grains_[i] = std::int32_t(std::lower_bound(ids.begin(), ids.end(), material[i]) - ids.begin());
  }
  std::copy_n(grains_.begin() + begin, count, grain);
}

}  // namespace grainspin
