#include "src/io/tesr.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <numbers>
#include <optional>
#include <vector>

#include "src/io/representation.h"
#include "src/io/state.h"
#include "src/io/text_file.h"

namespace grainspin {
namespace {

class Tesr {
 public:
  explicit Tesr(const std::string& path) : path_(path), text_(path) {}

  void read() {
    wanted("***tesr");
    std::string section = next();
    while (section != "***end") {
      if (section == "**format") {
        version_ = next();
        if (version_ != "2.0" && version_ != "2.1" && version_ != "2.2")
          throw text_.error("format " + version_ + " is not supported (2.0 to 2.2 are)");
        if (version_ == "2.0") format_ = next();
        section = next();
      } else if (section == "**general") {
        section = read_general();
      } else if (section == "**cell") {
        section = read_cells();
      } else if (section == "**data") {
        read_data(cell);
        section = next();
      } else if (section == "**oridata") {
        read_oridata();
        section = next();
      } else if (section == "**oridef") {
        read_data(defined);
        section = next();
      } else {
        throw text_.error("wanted a section of a .tesr file, found '" + section + "'");
      }
    }
    require(!version_.empty() && shape.nx > 0, Errc::kFormat, path_ + ": sections **format or **general are missing");
  }

  int dimension = 0;
  Shape shape;
  std::array<double, 3> spacing{1, 1, 1}, origin{};
  std::int64_t cells = -1;  // as **cell states them
  std::vector<Quat> cell_q, voxel_q;
  std::vector<std::int32_t> cell, defined;  // [voxels] or empty
  std::string symmetry;

 private:
  std::string next() {
    std::string_view w;
    if (!text_.word(w)) throw Error(Errc::kFormat, path_ + ": ends before ***end");
    return std::string(w);
  }
  void wanted(const std::string& word) {
    const std::string found = next();
    if (found != word) throw text_.error("wanted " + word + ", found '" + found.substr(0, 40) + "'");
  }
  template <class T>
  static T number_in(TextFile& text) {
    std::string_view w;
    if (!text.word(w)) throw Error(Errc::kFormat, text.path() + ": ends within numbers");
    const auto value = parse_number<T>(w);
    if (!value) throw text.error("wanted a number, found '" + std::string(w.substr(0, 40)) + "'");
    return *value;
  }

  std::string read_general() {
    if (shape.nx > 0) throw text_.error("a second section **general");
    dimension = number_in<int>(text_);
    if (dimension != 2 && dimension != 3) throw text_.error("wanted dimension 2 or 3");
    std::array<std::int64_t, 3> n{1, 1, 1};
    for (int i = 0; i < dimension; ++i) n[std::size_t(i)] = number_in<std::int64_t>(text_);
    shape = checked_shape(n, 1e15, path_ + ": **general");
    for (int i = 0; i < dimension; ++i) spacing[std::size_t(i)] = number_in<double>(text_);
    if (dimension == 2) spacing[2] = spacing[0];
    std::string word = next();
    if (word == "*origin") {
      for (int i = 0; i < dimension; ++i) origin[std::size_t(i)] = number_in<double>(text_);
      word = next();
    }
    if (word == "*hasvoid") next(), word = next();
    return word;
  }

  OrientationFormat descriptor(std::string text) {
    OrientationFormat format;
    format.angle = std::numbers::pi / 180;
    if (const auto colon = text.find(':'); colon != std::string::npos) {
      const std::string convention = text.substr(colon + 1);
      if (convention != "active" && convention != "passive") throw text_.error("unknown convention '" + convention + "'");
      format.inverse = convention == "active";
      text.resize(colon);
    }
    constexpr std::pair<const char*, Representation> kNames[] = {
        {"rodrigues", Representation::kRodrigues},  {"euler-bunge", Representation::kBunge},
        {"euler-kocks", Representation::kKocks},    {"euler-roe", Representation::kRoe},
        {"rotmat", Representation::kMatrix},        {"axis-angle", Representation::kAxisAngle},
        {"quaternion", Representation::kQuaternion}};
    for (const auto& [name, kind] : kNames)
      if (text == name) {
        format.kind = kind;
        return format;
      }
    throw text_.error("unknown descriptor of orientations '" + text.substr(0, 40) + "'");
  }

  Quat orientation(TextFile& text, const OrientationFormat& format, bool binary) {
    double v[9];
    for (int c = 0; c < components(format.kind); ++c) {
      if (!binary)
        v[c] = number_in<double>(text);
      else if (!text.bytes(&v[c], sizeof v[c]))
        throw Error(Errc::kShape, text.path() + ": ends within orientations");
    }
    const Quatd q = orientation_of(format, v);
    return {float(q.w), float(q.x), float(q.y), float(q.z)};
  }

  std::string read_cells() {
    std::string word = next();
    if (!word.starts_with('*')) {
      const auto n = parse_number<std::int64_t>(word);
      if (!n || *n < 0 || *n > 2'000'000'000) throw text_.error("wanted a number of cells, found '" + word.substr(0, 40) + "'");
      cells = *n;
      word = next();
    }
    while (!word.starts_with("**")) {
      if (word == "*ori") {
        if (cells < 0) throw text_.error("orientations of an unknown number of cells");
        const OrientationFormat format = descriptor(next());
        for (std::int64_t i = 0; i < cells; ++i) {
          cell_q.push_back(orientation(text_, format, false));
          if (!std::isfinite(cell_q.back().w)) throw text_.error("wanted a rotation of cell " + std::to_string(i + 1));
        }
      } else if (word == "*crysym") {
        symmetry = next();
      }  // seeds, sizes, identifiers and groups are not needed
      for (word = next(); !word.starts_with('*');) word = next();
    }
    return word;
  }

  // "*file NAME", or what follows the format's word: the data's own file is opened. Binary data start behind one
  // end of line.
  TextFile& source(const std::string& word, std::optional<TextFile>& other) {
    if (word != "*file") return text_;
    const std::string name = next();
    return other.emplace((std::filesystem::path(path_).parent_path() / name).string());
  }

  void check_size(const TextFile& text, double bytes_each) {
    if (shape.nx == 0) throw text_.error("data before **general");
    require(double(shape.voxels()) * bytes_each <= double(text.size()) + 1, Errc::kShape,
            text.path() + ": " + std::to_string(shape.voxels()) + " voxels are more than the file can hold");
  }

  void end_of_line() {
    char c = 0;
    while (text_.bytes(&c, 1) && c != '\n')
      if (c != '\r' && c != ' ') throw text_.error("wanted the end of the line before binary data");
  }

  void read_data(std::vector<std::int32_t>& out) {
    const std::string format = version_ == "2.0" ? format_ : next();
    constexpr std::pair<const char*, int> kFormats[] = {{"ascii", 0},    {"binary", 1},      {"binary8", 1},
                                                        {"binary16", 2}, {"binary16_big", 2}, {"binary32", 4},
                                                        {"binary32_big", 4}};
    const auto* known = std::find_if(std::begin(kFormats), std::end(kFormats), [&](auto& f) { return f.first == format; });
    if (known == std::end(kFormats)) throw text_.error("unknown format of data '" + format.substr(0, 40) + "'");
    const int width = known->second;
    std::optional<TextFile> other;
    std::string word;
    TextFile* text = &text_;
    if (const bool inside = peek_file(word); !inside) text = &source(word, other);
    check_size(*text, width == 0 ? 2 : width);
    if (text == &text_ && width > 0) end_of_line();
    const bool big = format.ends_with("_big");
    out.resize(std::size_t(shape.voxels()));
    for (std::size_t i = 0; i < out.size(); ++i) {
      std::int64_t id = 0;
      if (width == 0) {
        id = number_in<std::int64_t>(*text);
      } else {
        unsigned char b[4];
        require(text->bytes(b, std::size_t(width)), Errc::kShape,
                text->path() + ": ends after " + std::to_string(i) + " of " + std::to_string(out.size()) + " voxels");
        for (int k = 0; k < width; ++k) id |= std::int64_t(b[big ? width - 1 - k : k]) << (8 * k);
      }
      if (id < 0 || id > 2'147'483'647) throw text->error("implausible cell " + std::to_string(id));
      out[i] = std::int32_t(id);
    }
  }

  // Is there no "*file" next? Then nothing is taken.
  bool peek_file(std::string& word) {
    if (!text_.follows("*file")) return true;
    word = next();
    return false;
  }

  void read_oridata() {
    const OrientationFormat format = descriptor(next());
    std::string word, kind = version_ == "2.0" ? format_ : "";
    // Neper leaves the format out before *file, where it writes one of its own binary names for doubles.
    bool inside = peek_file(word);
    if (kind.empty() && inside) {
      kind = next();
      inside = peek_file(word);
    }
    if (kind.empty()) kind = "ascii";
    const bool binary = kind.starts_with("binary");
    if (!binary && kind != "ascii") throw text_.error("unknown format of orientations '" + kind.substr(0, 40) + "'");
    std::optional<TextFile> other;
    TextFile& text = inside ? text_ : source(word, other);
    check_size(text, binary ? 8 * components(format.kind) : 2 * components(format.kind));
    if (binary && inside) end_of_line();
    voxel_q.resize(std::size_t(shape.voxels()));
    for (Quat& q : voxel_q) q = orientation(text, format, binary);
  }

  std::string path_;
  TextFile text_;
  std::string version_, format_;
};

}  // namespace

std::unique_ptr<FieldReader> read_tesr(const std::string& path, const SourceOptions& source) {
  Tesr tesr(path);
  tesr.read();
  State state;
  ArchiveInfo& info = state.info;
  info.path = path;
  info.format = "Neper .tesr";
  info.shape = tesr.shape;
  info.boundaries = {Boundary::kClamped, Boundary::kClamped, Boundary::kClamped};
  set_spacing(info, tesr.spacing, 1, source);
  for (std::size_t i = 0; i < 3; ++i) info.origin[i] = tesr.origin[i] * (source.unit > 0 ? source.unit : 1);
  const std::size_t n = std::size_t(info.shape.voxels());
  const bool by_voxel = !tesr.voxel_q.empty();
  require(by_voxel || !tesr.cell_q.empty(), Errc::kFormat,
          path + ": holds no orientations (*ori of the cells or **oridata of the voxels)");
  require(by_voxel || !tesr.cell.empty(), Errc::kFormat, path + ": section **data is missing");

  info.phases.resize(3);
  info.phases[0].name = "phase_1";
  info.phases[0].point_group = tesr.symmetry == "cubic" ? "432" : tesr.symmetry == "hexagonal" ? "622" : "";
  info.phases[1].name = "void";
  info.phases[2].name = "undefined";
  state.phase.assign(n, 0);
  state.q = by_voxel ? std::move(tesr.voxel_q) : std::move(tesr.cell_q);
  if (!by_voxel) state.row.resize(n);
  const std::size_t none = state.q.size();  // a row for voids
  if (!by_voxel) state.q.push_back({});
  for (std::size_t v = 0; v < n; ++v) {
    const std::int32_t id = tesr.cell.empty() ? 1 : tesr.cell[v];
    if (id == 0)
      state.phase[v] = 1;
    else if (!tesr.defined.empty() && tesr.defined[v] == 0)
      state.phase[v] = 2;
    if (!by_voxel) {
      require(std::size_t(id) <= none, Errc::kShape,
              path + ": voxel " + std::to_string(v) + " is of cell " + std::to_string(id) + ", but only " +
                  std::to_string(none) + " cells have an orientation");
      state.row[v] = std::int32_t(id == 0 ? none : std::size_t(id) - 1);
      if (state.phase[v] == 2) state.phase[v] = 0;  // the cell's own
    } else if (state.phase[v] != 0) {
      state.q[v] = {};
    } else {
      require(std::isfinite(state.q[v].w), Errc::kFormat, path + ": **oridata of voxel " + std::to_string(v) + " is no rotation");
    }
  }
  state.grain = std::move(tesr.cell);
  if (tesr.dimension == 2) info.problems.push_back("two dimensions: read as one layer of voxels");
  return state_archive(std::move(state), source);
}

}  // namespace grainspin
