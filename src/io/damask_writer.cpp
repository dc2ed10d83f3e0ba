#include "src/io/damask_writer.h"

#include <zlib.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <filesystem>
#include <unordered_map>
#include <vector>

#include "grainspin/orientation.h"
#include "src/io/damask_configuration.h"
#include "src/io/damask_setup.h"
#include "src/io/hardened.h"
#include "src/io/kinematics.h"
#include "src/io/numbers.h"
#include "src/io/output.h"
#include "src/io/whole_file.h"
#include "src/load_text.h"

namespace grainspin {
namespace {

constexpr std::int64_t kSlab = 1 << 17;  // voxels at once
constexpr double kShear = 1e-3;

// ---- the geometry ----

void append_base64(const unsigned char* data, std::size_t n, std::string& out) {
  static const char* const kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (std::size_t i = 0; i < n; i += 3) {
    const unsigned b1 = i + 1 < n ? data[i + 1] : 0, b2 = i + 2 < n ? data[i + 2] : 0;
    const unsigned bits = unsigned(data[i]) << 16 | b1 << 8 | b2;
    out += kDigits[bits >> 18];
    out += kDigits[bits >> 12 & 63];
    out += i + 1 < n ? kDigits[bits >> 6 & 63] : '=';
    out += i + 2 < n ? kDigits[bits & 63] : '=';
  }
}

void put32(std::uint32_t v, std::vector<unsigned char>& out) {
  for (int i = 0; i < 4; ++i) out.push_back(static_cast<unsigned char>(v >> (8 * i)));
}

// VTK's inline zlib blocks of Int64: [blocks, block size, last size, packed sizes], each base64 by itself.
void write_material_array(const std::vector<std::int32_t>& material, Output& out) {
  constexpr std::size_t kBlock = 1 << 15;  // entries: 256 KB
  const std::size_t blocks = (material.size() + kBlock - 1) / kBlock, last = material.size() % kBlock;
  std::vector<unsigned char> head, body, raw, packed;
  put32(std::uint32_t(blocks), head);
  put32(kBlock * 8, head);
  put32(std::uint32_t(last * 8), head);
  for (std::size_t b = 0; b < blocks; ++b) {
    const std::size_t n = std::min(kBlock, material.size() - b * kBlock);
    raw.assign(n * 8, 0);
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t k = 0; k < 4; ++k) raw[8 * i + k] = static_cast<unsigned char>(material[b * kBlock + i] >> (8 * k));
    uLongf size = compressBound(uLong(raw.size()));
    packed.resize(size);
    require(compress(packed.data(), &size, raw.data(), uLong(raw.size())) == Z_OK, Errc::kInternal, "zlib cannot compress");
    put32(std::uint32_t(size), head);
    body.insert(body.end(), packed.begin(), packed.begin() + std::ptrdiff_t(size));
  }
  std::string text;
  append_base64(head.data(), head.size(), text);
  constexpr std::size_t kPiece = 3 << 18;  // a multiple of three bytes, so that pieces join
  for (std::size_t at = 0; at < body.size(); at += kPiece) {
    append_base64(body.data() + at, std::min(kPiece, body.size() - at), text);
    out.write(text);
    text.clear();
  }
}

std::string triple(const std::array<double, 3>& v) {
  return number_text(v[0]) + " " + number_text(v[1]) + " " + number_text(v[2]);
}

void write_geometry(const ArchiveInfo& info, const std::array<double, 3>& size, const std::vector<std::int32_t>& material,
                    const std::string& path) {
  const Shape s = info.shape;
  const std::string extent = "0 " + std::to_string(s.nx) + " 0 " + std::to_string(s.ny) + " 0 " + std::to_string(s.nz);
  Output out(path);
  out.write("<?xml version=\"1.0\"?>\n<VTKFile type=\"ImageData\" version=\"0.1\" byte_order=\"LittleEndian\" "
            "header_type=\"UInt32\" compressor=\"vtkZLibDataCompressor\">\n  <ImageData WholeExtent=\"" + extent +
            "\" Origin=\"" + triple(info.origin) + "\" Spacing=\"" + triple({size[0] / s.nx, size[1] / s.ny, size[2] / s.nz}) +
            "\" Direction=\"1 0 0 0 1 0 0 0 1\">\n    <Piece Extent=\"" + extent +
            "\">\n      <PointData>\n      </PointData>\n      <CellData>\n        <DataArray type=\"Int64\" "
            "Name=\"material\" format=\"binary\">\n");
  write_material_array(material, out);
  out.write("\n        </DataArray>\n      </CellData>\n    </Piece>\n  </ImageData>\n</VTKFile>\n");
  out.finish();
}

// ---- the cell ----

std::array<double, 3> size_of(const ArchiveInfo& info, int step, const DamaskOptions& options) {
  if (!options.deformed) return info.size;
  const auto F = mean_deformation(info, step);
  require(F.has_value(), Errc::kFormat,
          info.path + ": does not tell the mean deformation of step " + std::to_string(step) +
              "; --undeformed keeps the cell as it was");
  std::array<double, 3> size{};
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t j = 0; j < 3; ++j) {
      const double f = (*F)[3 * i + j];
      if (i != j && !(std::abs(f) <= kShear))
        throw Error(Errc::kArgument, info.path + ": the mean deformation of step " + std::to_string(step) + " has F_" +
                                         char('x' + i) + char('x' + j) + " = " + number_text(float(f)) +
                                         ", and DAMASK's grids have no sheared or turned cells; --undeformed keeps "
                                         "the cell as it was");
    }
    const double f = (*F)[3 * i + i];
    require(f > 0, Errc::kFormat, info.path + ": the mean deformation is no deformation");
    size[i] = info.size[i] * f;
  }
  return size;
}

// ---- the resistances ----

std::string hardened_text(FieldReader& in, int step, std::string text, const std::string& where) {
  std::vector<PhaseInfo> phases = in.info().phases;
  const auto stated = read_phases(text, where);
  for (PhaseInfo& p : phases)
    if (const auto found = stated.find(p.name); found != stated.end()) state_phase(found->second, p);
  const Hardened now = hardened(in, step, phases);
  std::string head;
  for (std::size_t p = 0; p < phases.size(); ++p) {
    text = with_resistances(text, phases[p].name, now.xi[p]);
    head += "# phase " + phases[p].name + ": xi_0_sl after a von Mises strain of " + short_text(now.strain) +
            ", by the slip of the Taylor model along the path; the undeformed material's:";
    for (const double xi : phases[p].law->xi0) head.append(" ").append(number_text(xi));
    head += "\n";
  }
  return head + text;
}

// ---- the materials ----

struct Key {
  std::array<std::uint32_t, 4> q;
  std::int32_t phase;
  bool operator==(const Key&) const = default;
};
struct Hash {
  std::size_t operator()(const Key& k) const {
    std::uint64_t h = std::uint64_t(k.phase) + 1;
    for (const std::uint32_t b : k.q) h = (h ^ b) * 0x9E3779B97F4A7C15u, h ^= h >> 29;
    return std::size_t(h);
  }
};

}  // namespace

std::string material_name(const std::string& geometry) {
  return std::filesystem::path(geometry).replace_extension(".yaml").string();
}

void write_damask(FieldReader& in, int step, const std::string& path, const DamaskOptions& options, const Progress& progress) {
  const ArchiveInfo& info = in.info();
  const std::array<double, 3> size = size_of(info, step, options);
  const std::string where = options.material.empty() ? info.path + ": its material.yaml" : options.material;
  const std::string given = options.material.empty() ? info.material : without_materials(read_whole_text(options.material));
  Configuration configuration = configuration_of(info, given, where);
  if (options.hardened) configuration.text = hardened_text(in, step, configuration.text, where);

  const std::int64_t N = info.shape.voxels();
  std::unordered_map<Key, std::int32_t, Hash> known;
  std::vector<Key> materials;
  std::vector<std::int32_t> material(static_cast<std::size_t>(N)), phase;
  std::vector<float> q;
  for (std::int64_t begin = 0; begin < N; begin += kSlab) {
    const std::int64_t n = std::min(kSlab, N - begin);
    if (progress && !progress(double(begin) / double(N), "materials"))
      throw Error(Errc::kInterrupted, path + ": stopped; nothing of it was kept");
    q.resize(std::size_t(n) * 4);
    phase.resize(std::size_t(n));
    in.orientation(step, begin, n, q.data());
    in.phase(begin, n, phase.data());
    for (std::size_t i = 0; i < std::size_t(n); ++i) {
      Key key{{}, phase[i]};
      for (std::size_t c = 0; c < 4; ++c) key.q[c] = std::bit_cast<std::uint32_t>(q[4 * i + c]);
      const auto [at, fresh] = known.try_emplace(key, std::int32_t(materials.size()));
      if (fresh) materials.push_back(key);
      material[std::size_t(begin) + i] = at->second;
    }
  }

  Output out(material_name(path));
  out.write(configuration.text);
  std::string text = "material:\n";
  for (const Key& m : materials) {
    std::array<double, 4> o;
    double norm = 0;
    for (std::size_t c = 0; c < 4; ++c) o[c] = double(std::bit_cast<float>(m.q[c])), norm += o[c] * o[c];
    norm = std::sqrt(norm);
    require(std::abs(norm - 1) < 1e-2, Errc::kFormat, info.path + ": an orientation of step " + std::to_string(step) +
                                                          " is no unit quaternion");
    if (o[0] < 0) norm = -norm;  // scalar part not negative
    text += "- homogenization: " + yaml_scalar(configuration.homogenization) + "\n  constituents:\n  - phase: " +
            yaml_scalar(info.phases[std::size_t(m.phase)].name) + "\n    v: 1.0\n    O: [" + number_text(o[0] / norm) + ", " +
            number_text(o[1] / norm) + ", " + number_text(o[2] / norm) + ", " + number_text(o[3] / norm) + "]\n";
    if (text.size() > 1 << 20) out.write(text), text.clear();
  }
  out.write(text);
  write_geometry(info, size, material, path);
  out.finish();
}

}  // namespace grainspin
