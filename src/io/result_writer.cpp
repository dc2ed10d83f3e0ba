#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <utility>

#include "src/io/boxes.h"
#include "src/io/result_extra.h"
#include "src/io/result_field.h"
#include "src/io/result_head.h"
#include "src/io/result_view.h"
#include "src/io/virtual_dataset.h"

namespace grainspin {
namespace {

using nlohmann::json;

FieldKind kind_of(Packing packing) {
  if (packing == Packing::kNone) return {.width = 4};
  return {H5T_STD_U8LE, H5T_NATIVE_UINT8, 1, packed_bytes(packing), packing};
}

class ResultWriter final : public ArchiveWriter, public ExtraFields {
 public:
  // parts: of a view (result_view.h), or none.
  ResultWriter(const std::string& path, const ArchiveInfo& info, const WriteOptions& options, const std::vector<ResultPart>& parts,
               const std::vector<std::string>& extra = {})
      : path_(path),
        partial_(options.partial.empty() ? path + "." + std::to_string(getpid()) + ".partial" : options.partial),
        info_(info),
        options_(options),
        parts_(parts) {
    require(extra.empty() || (options_.partial.empty() && parts_.empty()), Errc::kInternal, path_ + ": further fields are of whole files");
    for (const std::string& name : extra) extra_.emplace_back(name, ResultField());
    check_info();
    written_.resize(info_.steps.size(), parts_.empty() ? 0 : info_.shape.voxels());
    const bool in_place = !options_.resumed.empty() && options_.resumed == partial_;
    require(!in_place || !options_.compress, Errc::kInternal, path_ + ": a compressed file is not written on in its place");
    try {
      if (in_place) {
        file_ = h5::File::change(partial_, path_);
        open_fields();
      } else {
        check_space();
        file_ = h5::File::create(partial_, path_);
        load_ = write_head(file_, info_, options_);
        parts_.empty() ? make_fields() : make_views();
      }
      if (!options_.resumed.empty()) take(in_place);
      if (!options_.partial.empty()) file_.flush();
    } catch (...) {
      in_place ? leave() : discard();
      throw;
    }
  }

  ~ResultWriter() override {
    if (finished_) return;
    options_.partial.empty() ? discard() : leave();
  }

  void orientation(int step, std::int64_t begin, std::int64_t count, const float* q) override {
    check_range(step, begin, count);
    for_each_box(info_.shape, begin, count, [&](std::array<int, 3> lo, Shape extent, std::int64_t offset) {
      orientation(step, lo, extent, q + offset * 4);
    });
  }

  void orientation(int step, std::array<int, 3> lo, Shape extent, const float* q) override {
    check_box(step, lo, extent);
    orientation_.write(step, lo, extent, q);
    written_[std::size_t(step)] += extent.voxels();
  }

  void packed_orientation(int step, std::array<int, 3> lo, Shape extent, const std::uint8_t* packed) override {
    require(options_.packing != Packing::kNone, Errc::kArgument, path_ + ": was not opened for packed orientations");
    check_box(step, lo, extent);
    orientation_.write(step, lo, extent, packed, true);
    written_[std::size_t(step)] += extent.voxels();
  }

  void stress(int step, std::array<int, 3> lo, Shape extent, const float* sigma) override {
    require(options_.stress, Errc::kArgument, path_ + ": was not opened for stresses");
    check_box(step, lo, extent);
    stress_.write(step, lo, extent, sigma);
  }

  void verdict(int step, std::array<int, 3> lo, Shape extent, const std::uint8_t* verdict) override {
    require(options_.verdict, Errc::kArgument, path_ + ": was not opened for verdicts");
    check_box(step, lo, extent);
    verdict_.write(step, lo, extent, verdict);
  }

  void extra(const std::string& name, int step, std::array<int, 3> lo, Shape extent, const float* values) override {
    const auto found = std::ranges::find(extra_, name, &std::pair<std::string, ResultField>::first);
    require(found != extra_.end(), Errc::kArgument, path_ + ": was not opened for " + name);
    check_box(step, lo, extent);
    found->second.write(step, lo, extent, values);
  }

  void remark(const std::string& name, const std::string& text) override {
    if (std::ranges::find(options_.later, name) != options_.later.end())
      file_.put_sized("grainspin", name, text, kRemark);
    else
      file_.put("grainspin", name, text);
  }

  void grain(std::int64_t begin, std::int64_t count, const std::int32_t* grain) override {
    write_static(grain_, "grain", begin, count, grain);
  }

  void phase(std::int64_t begin, std::int64_t count, const std::int32_t* phase) override {
    write_static(phase_, "phase", begin, count, phase);
  }

  void load(int step, const LoadStep& load) override {
    require(load_.id() >= 0 && step >= 1 && hsize_t(step) <= load_.rows(), Errc::kArgument,
            path_ + ": no such step, or opened without loads");
    load_.write(load.L.data(), {hsize_t(step - 1), 0, 0}, {1, 3, 3});
  }

  std::string flush() override {
    require(!options_.partial.empty(), Errc::kInternal, path_ + ": was not opened to be gone on with");
    json told = {{"voxels", json::array()}};
    for (std::size_t k = 0; k < written_.size(); ++k) told["voxels"].push_back(written_[k] - told_[k]);
    told_ = written_;
    file_.flush();
    if (options_.compress)
      for (auto& [name, field] : fields()) told[name] = field->places();
    return told.dump();
  }

  void finish() override {
    require(!finished_, Errc::kInternal, path_ + ": was finished before");
    for (std::size_t k = 0; k < written_.size(); ++k)
      require(written_[k] >= info_.shape.voxels(), Errc::kInternal,
              path_ + ": state " + std::to_string(k) + " is incomplete: " + std::to_string(written_[k]) + " of " +
                  std::to_string(info_.shape.voxels()) + " voxels were written");
    try {
      close_arrays();
      file_.close();
      synchronise();
      std::error_code error;
      std::filesystem::rename(partial_, path_, error);
      require(!error, Errc::kIo, path_ + ": cannot be put in place (" + error.message() + ")");
      finished_ = true;
    } catch (...) {
      options_.partial.empty() ? discard() : leave();
      throw;
    }
  }

 private:
  void check_info() const {
    const Shape s = info_.shape;
    require(s.nx >= 1 && s.ny >= 1 && s.nz >= 1, Errc::kShape, path_ + ": wanted at least one voxel along each axis");
    require(!info_.steps.empty(), Errc::kArgument, path_ + ": wanted at least one state");
    require(info_.loads.empty() || info_.loads.size() + 1 == info_.steps.size(), Errc::kArgument,
            path_ + ": wanted one load for each step");
    int before = 0;
    for (const StepInfo& step : info_.steps) {
      require(info_.all_loads.empty() || (info_.loads.empty() && step.after >= before && step.after <= int(info_.all_loads.size())), Errc::kArgument,
              path_ + ": states and loads do not belong together");
      before = step.after;
    }
  }

  // Told before anything is computed for nothing.
  void check_space() const {
    if (!parts_.empty()) return;
    const double bytes = double(info_.shape.voxels()) * double(info_.steps.size()) *
                         (packed_bytes(options_.packing) + (options_.stress ? 24 : 0) + (options_.verdict ? 1 : 0) + 4 * extra_.size());
    std::error_code error;
    auto folder = std::filesystem::path(path_).parent_path();
    const auto space = std::filesystem::space(folder.empty() ? "." : folder, error);
    require(error || options_.compress || bytes < double(space.available), Errc::kIo,
            path_ + ": no space left: needs " + std::to_string(std::uint64_t(bytes / 1e6) + 1) + " MB, " +
                std::to_string(std::uint64_t(double(space.available) / 1e6)) + " MB are free");
  }

  FieldLayout layout(bool in_time) const {
    return {in_time ? options_.tile : Shape{}, options_.compress, in_time && !options_.partial.empty(), options_.threads};
  }
  std::string orientation_name() const {
    return options_.packing == Packing::kNone ? "VTKHDF/CellData/orientation" : kPackedOrientation;
  }
  static FieldKind verdict_kind() { return {H5T_STD_U8LE, H5T_NATIVE_UINT8, 1, 1}; }
  static FieldKind id_kind() { return {H5T_STD_I32LE, H5T_NATIVE_INT32, 4, 1}; }

  void make_fields() {
    const hsize_t S = info_.steps.size();
    if (options_.packing != Packing::kNone) {
      file_.make_group("grainspin/packed");
    } else {
      offsets("orientation", true);
    }
    orientation_ = ResultField(file_, orientation_name(), kind_of(options_.packing), info_.shape, S, layout(true));
    if (options_.stress) {
      offsets("stress", true);
      stress_ = ResultField(file_, "VTKHDF/CellData/stress", {.width = 6}, info_.shape, S, layout(true));
    }
    if (options_.verdict) {
      offsets("verdict", true);
      verdict_ = ResultField(file_, "VTKHDF/CellData/verdict", verdict_kind(), info_.shape, S, layout(true));
    }
    for (auto& [name, field] : extra_) {
      offsets(name, true);
      field = ResultField(file_, "VTKHDF/CellData/" + name, {.width = 1}, info_.shape, S, layout(true));
    }
  }

  // The fields of the parts as one.
  void make_views() {
    const auto view = [&](const std::string& group, const std::string& name, const FieldKind& kind, hsize_t states) {
      if (group == "VTKHDF/CellData/") offsets(name, states > 1);
      std::vector<hsize_t> shape{states, hsize_t(info_.shape.nz), hsize_t(info_.shape.ny), hsize_t(info_.shape.nx)};
      if (kind.width > 1) shape.push_back(hsize_t(kind.width));
      std::vector<h5::VirtualPart> sources;
      for (const ResultPart& part : parts_) sources.push_back({part.file, "/" + group + name, hsize_t(part.begin), hsize_t(part.count)});
      h5::make_view(file_, group + name, kind.file, shape, sources);
    };
    const std::string cells = "VTKHDF/CellData/", packed = "grainspin/packed/";
    const hsize_t S = info_.steps.size();
    if (options_.packing != Packing::kNone) file_.make_group("grainspin/packed");
    view(options_.packing == Packing::kNone ? cells : packed, "orientation", kind_of(options_.packing), S);
    if (options_.stress) view(cells, "stress", {.width = 6}, S);
    if (options_.verdict) view(cells, "verdict", verdict_kind(), S);
    if (info_.has_grain) view(cells, "grain", id_kind(), 1);
    if (info_.phases.size() > 1) view(cells, "phase", id_kind(), 1);
  }

  void open_fields() {
    orientation_ = ResultField(file_, orientation_name(), kind_of(options_.packing), info_.shape, layout(true));
    if (options_.stress) stress_ = ResultField(file_, "VTKHDF/CellData/stress", {.width = 6}, info_.shape, layout(true));
    if (options_.verdict) verdict_ = ResultField(file_, "VTKHDF/CellData/verdict", verdict_kind(), info_.shape, layout(true));
    if (file_.exists("grainspin/load")) load_ = file_.dataset("grainspin/load");
    require(orientation_.data().rows() == info_.steps.size(), Errc::kFormat, path_ + ": the unfinished file holds other states");
  }

  // For VTK, which row of a cell array belongs to which state.
  void offsets(const std::string& name, bool in_time) {
    std::vector<std::int64_t> offsets(info_.steps.size(), 0);
    for (std::size_t k = 0; k < offsets.size() && in_time && offsets.size() > 1; ++k) offsets[k] = std::int64_t(k);
    write_table(file_, "VTKHDF/Steps/CellDataOffsets/" + name, H5T_STD_I64LE, {offsets.size()}, offsets);
  }

  std::vector<std::pair<const char*, ResultField*>> fields() {
    std::vector<std::pair<const char*, ResultField*>> all{{"orientation", &orientation_}};
    if (options_.stress) all.push_back({"stress", &stress_});
    if (options_.verdict) all.push_back({"verdict", &verdict_});
    return all;
  }

  // What an earlier program had written: counted, and from a compressed file copied chunk by chunk.
  void take(bool in_place) {
    const int fd = in_place ? -1 : ::open(options_.resumed.c_str(), O_RDONLY | O_CLOEXEC);
    require(in_place || fd >= 0, Errc::kIo, options_.resumed + ": cannot be opened (" + std::strerror(errno) + ")");
    struct Close {
      int fd;
      ~Close() {
        if (fd >= 0) ::close(fd);
      }
    } close{fd};
    std::vector<char> bytes;
    try {
      for (const std::string& text : options_.taken) {
        if (text.empty()) continue;
        const json told = json::parse(text);
        const auto voxels = told.at("voxels").get<std::vector<std::int64_t>>();
        require(voxels.size() == written_.size(), Errc::kFormat, options_.resumed + ": holds other states");
        for (std::size_t k = 0; k < voxels.size(); ++k) written_[k] += voxels[k];
        if (in_place) continue;
        for (auto& [name, field] : fields())
          for (const auto& place : told.at(name).get<std::vector<std::array<std::uint64_t, 6>>>()) {
            bytes.resize(std::size_t(place[5]));
            require(::pread(fd, bytes.data(), bytes.size(), off_t(place[4])) == ssize_t(bytes.size()), Errc::kIo,
                    options_.resumed + ": is shorter than its journal tells");
            field->take(place, bytes.data());
          }
      }
    } catch (const json::exception& e) {
      throw Error(Errc::kFormat, options_.resumed + ": what was written is not told well (" + e.what() + ")");
    }
    if (in_place) told_ = written_;
  }

  void check_range(int step, std::int64_t begin, std::int64_t count) const {
    const std::int64_t n = info_.shape.voxels();
    require(step >= 0 && step < int(info_.steps.size()) && begin >= 0 && count >= 0 && begin <= n && count <= n - begin,
            Errc::kArgument, path_ + ": no such step or cells");
  }

  void check_box(int step, std::array<int, 3> lo, Shape e) const {
    require(parts_.empty(), Errc::kArgument, path_ + ": its fields are those of its parts");
    const Shape s = info_.shape;
    require(step >= 0 && step < int(info_.steps.size()) && lo[0] >= 0 && lo[1] >= 0 && lo[2] >= 0 && e.nx >= 0 &&
                e.ny >= 0 && e.nz >= 0 && e.nx <= s.nx - lo[0] && e.ny <= s.ny - lo[1] && e.nz <= s.nz - lo[2],
            Errc::kArgument, path_ + ": no such step or box");
  }

  void write_static(ResultField& field, const char* name, std::int64_t begin, std::int64_t count, const std::int32_t* from) {
    check_range(0, begin, count);
    if (field.data().where().empty()) {
      offsets(name, false);
      field = ResultField(file_, std::string("VTKHDF/CellData/") + name, id_kind(), info_.shape, 1, layout(false));
    }
    for_each_box(info_.shape, begin, count, [&](std::array<int, 3> lo, Shape extent, std::int64_t offset) {
      field.write(0, lo, extent, from + offset);
    });
  }

  // What was written reaches the disk before the name does.
  void synchronise() const {
    const int fd = ::open(partial_.c_str(), O_RDONLY | O_CLOEXEC);
    const bool kept = fd >= 0 && ::fsync(fd) == 0;
    const int error = errno;
    if (fd >= 0) ::close(fd);
    require(kept, Errc::kIo, path_ + ": cannot be kept on the disk (" + std::strerror(error) + ")");
  }

  void close_arrays() {
    for (ResultField* field : {&orientation_, &stress_, &verdict_, &grain_, &phase_}) *field = ResultField();
    for (auto& [name, field] : extra_) field = ResultField();
    load_ = h5::Dataset();
  }

  void leave() noexcept {
    close_arrays();
    file_ = h5::File();
  }
  void discard() noexcept {
    leave();
    std::remove(partial_.c_str());
  }

  std::string path_, partial_;
  ArchiveInfo info_;
  WriteOptions options_;
  std::vector<ResultPart> parts_;
  h5::File file_;
  ResultField orientation_, stress_, verdict_, grain_, phase_;
  std::vector<std::pair<std::string, ResultField>> extra_;
  h5::Dataset load_;
  std::vector<std::int64_t> written_;  // voxels of each state
  std::vector<std::int64_t> told_ = std::vector<std::int64_t>(info_.steps.size(), 0);  // of them by flush()
  bool finished_ = false;
};

}  // namespace

std::unique_ptr<ArchiveWriter> create_archive(const std::string& path, const ArchiveInfo& info,
                                              const WriteOptions& options) {
  return std::make_unique<ResultWriter>(path, info, options, std::vector<ResultPart>{});
}

std::unique_ptr<ArchiveWriter> create_archive(const std::string& path, const ArchiveInfo& info, const WriteOptions& options,
                                              const std::vector<std::string>& extra) {
  return std::make_unique<ResultWriter>(path, info, options, std::vector<ResultPart>{}, extra);
}

std::unique_ptr<ArchiveWriter> create_result_view(const std::string& path, const ArchiveInfo& info, const WriteOptions& options,
                                                  const std::vector<ResultPart>& parts) {
  require(!parts.empty(), Errc::kArgument, path + ": a view of no files");
  return std::make_unique<ResultWriter>(path, info, options, parts);
}

}  // namespace grainspin
