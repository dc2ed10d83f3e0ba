#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>

#include "src/io/boxes.h"
#include "src/io/result.h"
#include "src/io/result_view.h"
#include "src/io/virtual_dataset.h"

namespace grainspin {
namespace {

class ResultWriter final : public ArchiveWriter {
 public:
  // parts: of a view (result_view.h), or none.
  ResultWriter(const std::string& path, const ArchiveInfo& info, const WriteOptions& options, const std::vector<ResultPart>& parts)
      : path_(path), partial_(path + "." + std::to_string(getpid()) + ".partial"), info_(info), options_(options), parts_(parts) {
    check_info();
    check_space();
    try {
      file_ = h5::File::create(partial_, path_);
      write_head();
      orientation_ = make_field("orientation", H5T_IEEE_F32LE, info_.steps.size(), 4);
      if (options_.stress) stress_ = make_field("stress", H5T_IEEE_F32LE, info_.steps.size(), 6);
      if (options_.verdict) verdict_ = make_field("verdict", H5T_STD_U8LE, info_.steps.size(), 1);
      if (!parts_.empty() && info_.has_grain) grain_ = make_field("grain", H5T_STD_I32LE, 1, 1);
      if (!parts_.empty() && info_.phases.size() > 1) phase_ = make_field("phase", H5T_STD_I32LE, 1, 1);
    } catch (...) {
      discard();
      throw;
    }
    written_.resize(info_.steps.size(), parts_.empty() ? 0 : info_.shape.voxels());
  }

  ~ResultWriter() override {
    if (!finished_) discard();
  }

  void orientation(int step, std::int64_t begin, std::int64_t count, const float* q) override {
    check_range(step, begin, count);
    for_each_box(info_.shape, begin, count, [&](std::array<int, 3> lo, Shape extent, std::int64_t offset) {
      orientation(step, lo, extent, q + offset * 4);
    });
  }

  void orientation(int step, std::array<int, 3> lo, Shape extent, const float* q) override {
    write_box(orientation_, step, lo, extent, 4, q);
    written_[std::size_t(step)] += extent.voxels();
  }

  void stress(int step, std::array<int, 3> lo, Shape extent, const float* sigma) override {
    require(options_.stress, Errc::kArgument, path_ + ": was not opened for stresses");
    write_box(stress_, step, lo, extent, 6, sigma);
  }

  void verdict(int step, std::array<int, 3> lo, Shape extent, const std::uint8_t* verdict) override {
    require(options_.verdict, Errc::kArgument, path_ + ": was not opened for verdicts");
    write_box(verdict_, step, lo, extent, 1, verdict);
  }

  void remark(const std::string& name, const std::string& text) override { file_.put("grainspin", name, text); }

  void grain(std::int64_t begin, std::int64_t count, const std::int32_t* grain) override {
    write_static(grain_, "grain", begin, count, grain);
  }

  void phase(std::int64_t begin, std::int64_t count, const std::int32_t* phase) override {
    write_static(phase_, "phase", begin, count, phase);
  }

  void load(int step, const LoadStep& load) override {
    require(step >= 1 && step < int(info_.steps.size()) && load_.id() >= 0, Errc::kArgument,
            path_ + ": no such step, or opened without loads");
    load_.write(load.L.data(), {hsize_t(step - 1), 0, 0}, {1, 3, 3});
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
      discard();
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
  }

  // Told before anything is computed for nothing.
  void check_space() const {
    if (!parts_.empty()) return;
    const double bytes = double(info_.shape.voxels()) * double(info_.steps.size()) * ((options_.stress ? 40 : 16) + (options_.verdict ? 1 : 0));
    std::error_code error;
    auto folder = std::filesystem::path(path_).parent_path();
    const auto space = std::filesystem::space(folder.empty() ? "." : folder, error);
    require(error || options_.compress || bytes < double(space.available), Errc::kIo,
            path_ + ": no space left: needs " + std::to_string(std::uint64_t(bytes / 1e6) + 1) + " MB, " +
                std::to_string(std::uint64_t(double(space.available) / 1e6)) + " MB are free");
  }

  void write_head() {
    const Shape s = info_.shape;
    file_.make_group("VTKHDF/CellData");
    file_.make_group("VTKHDF/Steps/CellDataOffsets");
    file_.put("VTKHDF", "Type", std::string("ImageData"));
    file_.put("VTKHDF", "Version", std::vector<std::int64_t>{2, 0});
    file_.put("VTKHDF", "WholeExtent", std::vector<std::int64_t>{0, s.nx, 0, s.ny, 0, s.nz});
    file_.put("VTKHDF", "Origin", std::vector<double>(info_.origin.begin(), info_.origin.end()));
    file_.put("VTKHDF", "Spacing", std::vector<double>{info_.size[0] / s.nx, info_.size[1] / s.ny, info_.size[2] / s.nz});
    file_.put("VTKHDF", "Direction", std::vector<double>{1, 0, 0, 0, 1, 0, 0, 0, 1});
    const hsize_t S = info_.steps.size();
    file_.put_scalar("VTKHDF/Steps", "NSteps", std::int64_t(S));

    file_.make_group("grainspin");
    file_.put_scalar("grainspin", "format_version", kResultVersion);
    file_.put_text("grainspin/info", info_text(info_));
    file_.put_text("grainspin/provenance", options_.provenance);
    if (!info_.material.empty()) file_.put_text("grainspin/material", info_.material);
    for (const auto& [name, text] : options_.remarks) file_.put("grainspin", name, text);
    std::vector<double> time, strain, F, P, value;
    for (std::size_t k = 0; k < S; ++k) {
      const StepInfo& step = info_.steps[k];
      time.push_back(step.time);
      strain.push_back(step.strain);
      F.insert(F.end(), step.mean_F.begin(), step.mean_F.end());
      P.insert(P.end(), step.mean_P.begin(), step.mean_P.end());
    }
    // ParaView wants times that grow: the strain, or the state's number where strains do not tell them apart.
    for (std::size_t k = 0; k < S; ++k) value.push_back(strain[k]);
    if (std::adjacent_find(value.begin(), value.end(), [](double a, double b) { return !(a < b); }) != value.end())
      for (std::size_t k = 0; k < S; ++k) value[k] = double(k);
    table("VTKHDF/Steps/Values", H5T_IEEE_F64LE, {S}, value);
    table("grainspin/time", H5T_IEEE_F64LE, {S}, time);
    table("grainspin/strain", H5T_IEEE_F64LE, {S}, strain);
    table("grainspin/mean_F", H5T_IEEE_F64LE, {S, 3, 3}, F);
    table("grainspin/mean_P", H5T_IEEE_F64LE, {S, 3, 3}, P);
    if (info_.loads.empty()) return;
    std::vector<double> L;
    std::vector<std::uint8_t> prescribed;
    for (const LoadStep& load : info_.loads) {
      L.insert(L.end(), load.L.begin(), load.L.end());
      prescribed.insert(prescribed.end(), load.prescribed.begin(), load.prescribed.end());
    }
    load_ = table("grainspin/load", H5T_IEEE_F64LE, {S - 1, 3, 3}, L);
    table("grainspin/prescribed", H5T_STD_U8LE, {S - 1, 3, 3}, prescribed);
  }

  template <class T>
  h5::Dataset table(const std::string& name, hid_t type, const std::vector<hsize_t>& shape, const std::vector<T>& values) {
    h5::Dataset data = file_.make_dataset(name, type, {shape, {}, {}, false});
    data.write(values.data(), std::vector<hsize_t>(shape.size(), 0), shape);
    return data;
  }

  // A cell array and, for VTK, which of its rows belongs to which state.
  h5::Dataset make_field(const std::string& name, hid_t type, hsize_t states, hsize_t width) {
    const hsize_t nz = hsize_t(info_.shape.nz), ny = hsize_t(info_.shape.ny), nx = hsize_t(info_.shape.nx);
    h5::Layout layout;
    layout.shape = {states, nz, ny, nx};
    if (options_.compress) {  // whole planes, about 1 MB
      const hsize_t row = nx * width * 4;
      const hsize_t rows = std::clamp<hsize_t>((hsize_t(1) << 20) / row, 1, ny);
      layout.chunk = {1, rows == ny ? std::clamp<hsize_t>((hsize_t(1) << 20) / (row * ny), 1, nz) : 1, rows, nx};
      layout.compress = true;
    }
    if (width > 1) {
      layout.shape.push_back(width);
      if (options_.compress) layout.chunk.push_back(width);
    }
    std::vector<std::int64_t> offsets(info_.steps.size(), 0);
    for (std::size_t k = 0; k < offsets.size() && states > 1; ++k) offsets[k] = std::int64_t(k);
    table("VTKHDF/Steps/CellDataOffsets/" + name, H5T_STD_I64LE, {offsets.size()}, offsets);
    if (parts_.empty()) return file_.make_dataset("VTKHDF/CellData/" + name, type, layout);
    std::vector<h5::VirtualPart> sources;
    for (const ResultPart& part : parts_)
      sources.push_back({part.file, "/VTKHDF/CellData/" + name, hsize_t(part.begin), hsize_t(part.count)});
    return h5::make_view(file_, "VTKHDF/CellData/" + name, type, layout.shape, sources);
  }

  void check_range(int step, std::int64_t begin, std::int64_t count) const {
    const std::int64_t n = info_.shape.voxels();
    require(step >= 0 && step < int(info_.steps.size()) && begin >= 0 && count >= 0 && begin <= n && count <= n - begin,
            Errc::kArgument, path_ + ": no such step or cells");
  }

  template <class T>
  void write_box(const h5::Dataset& data, int step, std::array<int, 3> lo, Shape e, int width, const T* from) {
    require(parts_.empty(), Errc::kArgument, path_ + ": its fields are those of its parts");
    const Shape s = info_.shape;
    require(step >= 0 && step < int(info_.steps.size()) && lo[0] >= 0 && lo[1] >= 0 && lo[2] >= 0 && e.nx >= 0 &&
                e.ny >= 0 && e.nz >= 0 && e.nx <= s.nx - lo[0] && e.ny <= s.ny - lo[1] && e.nz <= s.nz - lo[2],
            Errc::kArgument, path_ + ": no such step or box");
    std::vector<hsize_t> start{hsize_t(step), hsize_t(lo[2]), hsize_t(lo[1]), hsize_t(lo[0])};
    std::vector<hsize_t> box{1, hsize_t(e.nz), hsize_t(e.ny), hsize_t(e.nx)};
    if (width > 1) {
      start.push_back(0);
      box.push_back(hsize_t(width));
    }
    data.write(from, start, box);
  }

  void write_static(h5::Dataset& data, const char* name, std::int64_t begin, std::int64_t count,
                    const std::int32_t* from) {
    check_range(0, begin, count);
    if (data.where().empty()) data = make_field(name, H5T_STD_I32LE, 1, 1);
    for_each_box(info_.shape, begin, count, [&](std::array<int, 3> lo, Shape extent, std::int64_t offset) {
      write_box(data, 0, lo, extent, 1, from + offset);
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
    for (h5::Dataset* data : {&orientation_, &stress_, &verdict_, &grain_, &phase_, &load_}) *data = h5::Dataset();
  }

  void discard() noexcept {
    close_arrays();
    file_ = h5::File();
    std::remove(partial_.c_str());
  }

  std::string path_, partial_;
  ArchiveInfo info_;
  WriteOptions options_;
  std::vector<ResultPart> parts_;
  h5::File file_;
  h5::Dataset orientation_, stress_, verdict_, grain_, phase_, load_;
  std::vector<std::int64_t> written_;  // voxels of each state
  bool finished_ = false;
};

}  // namespace

std::unique_ptr<ArchiveWriter> create_archive(const std::string& path, const ArchiveInfo& info,
                                              const WriteOptions& options) {
  return std::make_unique<ResultWriter>(path, info, options, std::vector<ResultPart>{});
}

std::unique_ptr<ArchiveWriter> create_result_view(const std::string& path, const ArchiveInfo& info, const WriteOptions& options,
                                                  const std::vector<ResultPart>& parts) {
  require(!parts.empty(), Errc::kArgument, path + ": a view of no files");
  return std::make_unique<ResultWriter>(path, info, options, parts);
}

}  // namespace grainspin
