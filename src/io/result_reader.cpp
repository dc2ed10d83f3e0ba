#include <algorithm>
#include <cmath>
#include <limits>

#include "src/io/boxes.h"
#include "src/io/result.h"

namespace grainspin {
namespace {

std::string shape_text(const std::vector<hsize_t>& shape) {
  std::string text;
  for (const auto n : shape) text.append(text.empty() ? "" : " x ").append(std::to_string(n));
  return text;
}

class ResultReader final : public FieldReader {
 public:
  explicit ResultReader(h5::File file) : file_(std::move(file)) {
    info_.path = file_.path();
    const auto version = file_.integers("grainspin", "format_version", 1)[0];
    require(version >= 1 && version <= kResultVersion, Errc::kFormat,
            info_.path + ": grainspin result version " + std::to_string(version) +
                " is not supported (this program reads 1 to " + std::to_string(kResultVersion) + ")");
    info_.format = "grainspin result " + std::to_string(version);
    read_info_text(file_.dataset("grainspin/info").text(), file_.where("dataset", "grainspin/info"), info_);
    read_grid();
    read_steps();
    find_fields();
    if (file_.exists("grainspin/material")) info_.material = file_.dataset("grainspin/material").text();
    const std::string domain = file_.string("grainspin", "domain");
    if (domain.starts_with("outside") || domain.starts_with("near the edge")) info_.problems.push_back(domain);
  }

  const ArchiveInfo& info() const override { return info_; }

  void orientation(int step, std::int64_t begin, std::int64_t count, float* q) override {
    require(info_.has_orientation, Errc::kFormat, info_.path + ": holds no orientations");
    check(step, begin, count);
    if (info_.packing == Packing::kNone)
      read(orientation_, step, begin, count, 4, q);
    else
      read_packed(step, begin, count, q);
  }

  void F(int, std::int64_t, std::int64_t, float*) override {
    throw Error(Errc::kFormat, info_.path + ": a grainspin result holds no local deformation gradients");
  }
  void P(int, std::int64_t, std::int64_t, float*) override {
    throw Error(Errc::kFormat, info_.path + ": a grainspin result holds no first Piola-Kirchhoff stresses");
  }

  void stress(int step, std::int64_t begin, std::int64_t count, float* sigma) override {
    require(info_.has_stress, Errc::kFormat, info_.path + ": holds no stresses");
    check(step, begin, count);
    read(stress_, step, begin, count, 6, sigma);
  }

  void phase(std::int64_t begin, std::int64_t count, std::int32_t* phase) override {
    check(0, begin, count);
    if (!has_phase_) {  // one phase needs no array
      std::fill_n(phase, count, 0);
      return;
    }
    read(phase_, 0, begin, count, 1, phase);
    for (std::int64_t i = 0; i < count; ++i)
      require(phase[i] >= 0 && phase[i] < std::int32_t(info_.phases.size()), Errc::kFormat,
              phase_.where() + ": no such phase " + std::to_string(phase[i]));
  }

  void grain(std::int64_t begin, std::int64_t count, std::int32_t* grain) override {
    require(info_.has_grain, Errc::kFormat, info_.path + ": holds no grains");
    check(0, begin, count);
    read(grain_, 0, begin, count, 1, grain);
  }

 private:
  void read_grid() {
    const auto extent = file_.integers("VTKHDF", "WholeExtent", 6);
    const auto spacing = file_.numbers("VTKHDF", "Spacing", 3), origin = file_.numbers("VTKHDF", "Origin", 3);
    std::array<int, 3> cells;
    for (std::size_t i = 0; i < 3; ++i) {
      const std::int64_t n = extent[2 * i] == 0 ? extent[2 * i + 1] : 0;
      require(n >= 1 && n <= std::numeric_limits<int>::max(), Errc::kShape,
              file_.where("attribute", "VTKHDF/WholeExtent") + ": wanted at least one cell along each axis");
      cells[i] = int(n);
      info_.size[i] = spacing[i] * double(n);
      info_.origin[i] = origin[i];
    }
    require(double(cells[0]) * cells[1] * cells[2] < 1e15, Errc::kShape,
            file_.where("attribute", "VTKHDF/WholeExtent") + ": implausibly many cells");
    info_.shape = {cells[0], cells[1], cells[2]};
  }

  // A table of /grainspin with `rows` rows of `width` numbers.
  std::vector<double> table(const std::string& name, std::size_t rows, std::size_t width) const {
    const h5::Dataset data = file_.dataset("grainspin/" + name);
    std::size_t found = 1;
    for (const auto n : data.shape()) found *= std::size_t(n);
    require(data.rows() == rows && found == rows * width, Errc::kShape,
            data.where() + ": wanted " + std::to_string(rows) + " x " + std::to_string(width) + " numbers");
    data.require_written();
    std::vector<double> values(rows * width);
    data.read(values.data(), std::vector<hsize_t>(data.shape().size(), 0), data.shape());
    return values;
  }

  void read_steps() {
    const std::size_t S = info_.steps.size();
    require(S >= 1, Errc::kFormat, info_.path + ": holds no states");
    const auto time = table("time", S, 1), strain = table("strain", S, 1);
    const auto F = table("mean_F", S, 9), P = table("mean_P", S, 9);
    for (std::size_t k = 0; k < S; ++k) {
      info_.steps[k].time = time[k];
      info_.steps[k].strain = strain[k];
      std::copy_n(F.begin() + std::ptrdiff_t(9 * k), 9, info_.steps[k].mean_F.begin());
      std::copy_n(P.begin() + std::ptrdiff_t(9 * k), 9, info_.steps[k].mean_P.begin());
    }
    if (!file_.exists("grainspin/load")) return;
    std::size_t T = S - 1;
    const bool part = file_.exists("grainspin/state_step");
    if (part) {
      const auto after = table("state_step", S, 1);
      const h5::Dataset load = file_.dataset("grainspin/load");
      load.require_written();
      T = load.rows();
      for (std::size_t k = 0; k < S; ++k) {
        require(after[k] >= (k == 0 ? 0 : after[k - 1]) && after[k] <= double(T), Errc::kFormat,
                file_.where("dataset", "grainspin/state_step") + ": state " + std::to_string(k) + " comes after load " +
                    std::to_string(std::int64_t(after[k])) + " of " + std::to_string(T));
        info_.steps[k].after = int(after[k]);
      }
    }
    const auto L = table("load", T, 9), prescribed = table("prescribed", T, 9);
    for (std::size_t k = 0; k < T; ++k) {
      LoadStep load;
      for (std::size_t c = 0; c < 9; ++c) {
        load.L[c] = L[9 * k + c];
        load.prescribed[c] = prescribed[9 * k + c] != 0;
      }
      (part ? info_.all_loads : info_.loads).push_back(load);
    }
  }

  h5::Dataset cell_array(const std::string& name, hsize_t states, hsize_t width) const {
    return field(file_.dataset("VTKHDF/CellData/" + name), states, width);
  }

  h5::Dataset field(h5::Dataset data, hsize_t states, hsize_t width) const {
    std::vector<hsize_t> wanted{states, hsize_t(info_.shape.nz), hsize_t(info_.shape.ny), hsize_t(info_.shape.nx)};
    if (width > 1) wanted.push_back(width);
    if (data.shape() != wanted) {
      throw Error(Errc::kShape,
                  data.where() + ": wanted the shape " + shape_text(wanted) + ", found " + shape_text(data.shape()));
    }
    data.require_written();
    return data;
  }

  void find_fields() {
    info_.has_orientation = file_.exists("VTKHDF/CellData/orientation");
    if (info_.has_orientation) {
      orientation_ = cell_array("orientation", info_.steps.size(), 4);
    } else if (file_.exists(kPackedOrientation)) {
      h5::Dataset data = file_.dataset(kPackedOrientation);
      const hsize_t width = data.shape().empty() ? 0 : data.shape().back();
      require(width == 4 || width == 6 || width == 8, Errc::kFormat,
              data.where() + ": wanted 4, 6 or 8 bytes an orientation, found " + std::to_string(width));
      orientation_ = field(std::move(data), info_.steps.size(), width);
      info_.packing = Packing(8 * int(width));
      info_.has_orientation = true;
    }
    info_.has_stress = file_.exists("VTKHDF/CellData/stress");
    if (info_.has_stress) stress_ = cell_array("stress", info_.steps.size(), 6);
    info_.has_grain = file_.exists("VTKHDF/CellData/grain");
    if (info_.has_grain) grain_ = cell_array("grain", 1, 1);
    has_phase_ = file_.exists("VTKHDF/CellData/phase");
    if (has_phase_) phase_ = cell_array("phase", 1, 1);
    require(has_phase_ || info_.phases.size() <= 1, Errc::kFormat,
            file_.where("dataset", "VTKHDF/CellData/phase") + ": is missing");
  }

  void check(int step, std::int64_t begin, std::int64_t count) const {
    require(step >= 0 && step <= info_.step_count(), Errc::kArgument,
            info_.path + ": wanted step " + std::to_string(step) + " of 0.." + std::to_string(info_.step_count()));
    const std::int64_t n = info_.shape.voxels();
    require(begin >= 0 && count >= 0 && begin <= n && count <= n - begin, Errc::kArgument,
            info_.path + ": wanted cells " + std::to_string(begin) + " + " + std::to_string(count) + " of " +
                std::to_string(n));
  }

  void read_packed(int step, std::int64_t begin, std::int64_t count, float* q) {
    constexpr std::int64_t kPart = 1 << 18;
    const int width = packed_bytes(info_.packing);
    packed_.resize(std::size_t(std::min(kPart, count) * width));
    for (std::int64_t done = 0; done < count; done += kPart) {
      const std::int64_t n = std::min(kPart, count - done);
      read(orientation_, step, begin + done, n, width, packed_.data());
      unpack_orientations(info_.packing, n, packed_.data(), q + done * 4);
    }
  }

  template <class T>
  void read(const h5::Dataset& data, int state, std::int64_t begin, std::int64_t count, int width, T* out) const {
    for_each_box(info_.shape, begin, count, [&](std::array<int, 3> lo, Shape e, std::int64_t offset) {
      std::vector<hsize_t> start{hsize_t(state), hsize_t(lo[2]), hsize_t(lo[1]), hsize_t(lo[0])};
      std::vector<hsize_t> box{1, hsize_t(e.nz), hsize_t(e.ny), hsize_t(e.nx)};
      if (width > 1) {
        start.push_back(0);
        box.push_back(hsize_t(width));
      }
      data.read(out + offset * width, start, box);
    });
  }

  h5::File file_;
  ArchiveInfo info_;
  h5::Dataset orientation_, stress_, grain_, phase_;
  bool has_phase_ = false;
  std::vector<std::uint8_t> packed_;
};

}  // namespace

bool is_result(const h5::File& file) { return file.has_attribute("grainspin", "format_version"); }

std::unique_ptr<FieldReader> open_result(h5::File file) { return std::make_unique<ResultReader>(std::move(file)); }

}  // namespace grainspin
