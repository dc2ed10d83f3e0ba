#include "src/io/vti_writer.h"

#include <algorithm>
#include <filesystem>
#include <functional>
#include <vector>

#include "grainspin/symmetry.h"
#include "src/io/numbers.h"
#include "src/io/output.h"
#include "src/io/result_more.h"

namespace grainspin {
namespace {

constexpr std::int64_t kSlab = 1 << 18;  // voxels at once

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') out += "&amp;";
    else if (c == '<') out += "&lt;";
    else if (c == '>') out += "&gt;";
    else if (c == '"') out += "&quot;";
    else out += c;
  }
  return out;
}

struct Array {
  std::string type, name;
  int components;
  std::size_t bytes;  // of one component
  std::function<void(std::int64_t begin, std::int64_t n, void* to)> read;
};

std::vector<Array> arrays_of(FieldReader& in, const MoreFields& more, int step) {
  std::vector<Array> arrays;
  arrays.push_back({"Float32", "orientation", 4, 4, [&in, step](std::int64_t begin, std::int64_t n, void* to) {
                      in.orientation(step, begin, n, static_cast<float*>(to));
                    }});
  std::vector<const PointGroup*> groups;
  for (const auto& phase : in.info().phases)
    groups.push_back(phase.point_group.empty() ? nullptr : &PointGroup::named(phase.point_group));
  arrays.push_back({"UInt8", "ipf_z", 3, 1, [&in, step, groups](std::int64_t begin, std::int64_t n, void* to) {
                      std::vector<float> q(std::size_t(n) * 4);
                      std::vector<std::int32_t> phase(static_cast<std::size_t>(n));
                      in.orientation(step, begin, n, q.data());
                      in.phase(begin, n, phase.data());
                      auto* rgb = static_cast<std::uint8_t*>(to);
                      for (std::size_t i = 0; i < std::size_t(n); ++i, rgb += 3) {
                        const PointGroup* group = groups[std::size_t(phase[i])];
                        const auto colour =
                            group ? ipf_colour(*group, {q[4 * i], q[4 * i + 1], q[4 * i + 2], q[4 * i + 3]}, {0, 0, 1})
                                  : std::array<std::uint8_t, 3>{};
                        std::copy(colour.begin(), colour.end(), rgb);
                      }
                    }});
  if (in.info().has_grain)
    arrays.push_back({"Int32", "grain", 1, 4, [&in](std::int64_t begin, std::int64_t n, void* to) {
                        in.grain(begin, n, static_cast<std::int32_t*>(to));
                      }});
  arrays.push_back({"Int32", "phase", 1, 4, [&in](std::int64_t begin, std::int64_t n, void* to) {
                      in.phase(begin, n, static_cast<std::int32_t*>(to));
                    }});
  if (in.info().has_stress)
    arrays.push_back({"Float32", "stress", 6, 4, [&in, step](std::int64_t begin, std::int64_t n, void* to) {
                        in.stress(step, begin, n, static_cast<float*>(to));
                      }});
  if (more.has("estimated_error"))
    arrays.push_back({"Float32", "estimated_error", 1, 4, [&more, step](std::int64_t begin, std::int64_t n, void* to) {
                        more.read("estimated_error", step, begin, n, static_cast<float*>(to));
                      }});
  if (more.has("verdict"))
    arrays.push_back({"UInt8", "verdict", 1, 1, [&more, step](std::int64_t begin, std::int64_t n, void* to) {
                        more.read("verdict", step, begin, n, static_cast<std::uint8_t*>(to));
                      }});
  return arrays;
}

// What else a reader of the file must know.
std::string about(const FieldReader& in, const MoreFields& more) {
  std::string out;
  if (in.info().has_stress) out += "; stress: Cauchy, Pa, xx yy zz yz xz xy";
  if (more.has("estimated_error")) out += "; estimated_error: degrees";
  if (more.has("verdict")) out += "; verdict: 0 fine, 1 doubtful, 2 outside the domain of training";
  return out;
}

}  // namespace

void write_vti(FieldReader& in, int step, const std::string& path, const Progress& progress) {
  const ArchiveInfo& info = in.info();
  const Shape s = info.shape;
  const std::uint64_t N = std::uint64_t(s.voxels());
  const MoreFields more(info);
  const auto arrays = arrays_of(in, more, step);
  const std::string extent =
      "0 " + std::to_string(s.nx) + " 0 " + std::to_string(s.ny) + " 0 " + std::to_string(s.nz);
  const auto triple = [](double x, double y, double z) {
    return number_text(x) + " " + number_text(y) + " " + number_text(z);
  };
  std::string head = "<?xml version=\"1.0\"?>\n<VTKFile type=\"ImageData\" version=\"1.0\" byte_order=\"LittleEndian\" "
                     "header_type=\"UInt64\">\n";
  head += "<!-- orientation: unit quaternion w x y z, crystal to sample; ipf_z: " + std::string(ipf_key_name()) +
          " key, sample direction z" + about(in, more) + " -->\n";
  head += "<ImageData WholeExtent=\"" + extent + "\" Origin=\"" +
          triple(info.origin[0], info.origin[1], info.origin[2]) + "\" Spacing=\"" +
          triple(info.size[0] / s.nx, info.size[1] / s.ny, info.size[2] / s.nz) + "\">\n<Piece Extent=\"" + extent +
          "\">\n<CellData Scalars=\"ipf_z\">\n";
  std::uint64_t offset = 0;
  for (const Array& a : arrays) {
    head += "<DataArray type=\"" + a.type + "\" Name=\"" + a.name + "\" NumberOfComponents=\"" +
            std::to_string(a.components) + "\" format=\"appended\" offset=\"" + std::to_string(offset) + "\"/>\n";
    offset += 8 + N * std::uint64_t(a.components) * a.bytes;
  }
  head += "</CellData>\n</Piece>\n</ImageData>\n<AppendedData encoding=\"raw\">\n_";
  Output out(path);
  out.write(head);
  std::vector<char> buffer;
  for (const Array& a : arrays) {
    const std::size_t size = std::size_t(a.components) * a.bytes;
    const std::uint64_t bytes = N * size;  // little endian, as this machine is
    out.write(&bytes, sizeof bytes);
    for (std::int64_t begin = 0; begin < std::int64_t(N); begin += kSlab) {
      const std::int64_t n = std::min(kSlab, std::int64_t(N) - begin);
      if (progress && !progress(double(begin) / double(N), a.name))
        throw Error(Errc::kInterrupted, path + ": stopped; nothing of it was kept");
      buffer.resize(std::size_t(n) * size);
      a.read(begin, n, buffer.data());
      out.write(buffer.data(), buffer.size());
    }
  }
  out.write("\n</AppendedData>\n</VTKFile>\n");
  out.finish();
}

void write_pvd(FieldReader& in, const std::string& path, const Progress& progress) {
  const auto& steps = in.info().steps;
  const std::filesystem::path list(path);
  const std::string stem = list.stem().string();
  const bool grows = std::adjacent_find(steps.begin(), steps.end(), [](const StepInfo& a, const StepInfo& b) {
                       return !(a.strain < b.strain);
                     }) == steps.end();
  std::string text = "<?xml version=\"1.0\"?>\n<VTKFile type=\"Collection\" version=\"1.0\" "
                     "byte_order=\"LittleEndian\">\n<Collection>\n";
  for (std::size_t k = 0; k < steps.size(); ++k) {
    std::string number = std::to_string(k);
    number.insert(0, number.size() < 4 ? 4 - number.size() : 0, '0');
    const std::string name = stem + "_" + number + ".vti";
    write_vti(in, int(k), (list.parent_path() / name).string(), progress);
    text += "<DataSet timestep=\"" + number_text(grows ? steps[k].strain : double(k)) + "\" part=\"0\" file=\"" +
            escaped(name) + "\"/>\n";
  }
  text += "</Collection>\n</VTKFile>\n";
  Output out(path);
  out.write(text);
  out.finish();
}

}  // namespace grainspin
