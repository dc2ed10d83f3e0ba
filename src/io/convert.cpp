#include "src/io/convert.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <numbers>
#include <vector>

#include "grainspin/archive.h"
#include "src/io/boxes.h"
#include "src/io/damask_writer.h"
#include "src/io/evpfft.h"
#include "src/io/vti_writer.h"

namespace grainspin {
namespace {

constexpr std::int64_t kSlab = 1 << 18;  // voxels at once

// The last folder and the file: solvers call every result alike.
std::string source_name(const std::filesystem::path& path) {
  return (path.parent_path().filename() / path.filename()).generic_string();
}

std::string provenance(const ArchiveInfo& info) {
  const nlohmann::json source = {{"made_by", "grainspin convert"},
                                 {"source", source_name(info.path)},
                                 {"source_format", info.format},
                                 {"source_creator", info.creator},
                                 {"source_problems", info.problems}};
  return source.dump(1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// Cauchy stress of voxels [begin, begin + n), zero where there is none (the undeformed state).
void read_stress(FieldReader& in, int step, std::int64_t begin, std::int64_t n, std::vector<float>& F,
                 std::vector<float>& P, std::vector<float>& sigma) {
  F.resize(std::size_t(n) * 9);
  P.resize(std::size_t(n) * 9);
  sigma.resize(std::size_t(n) * 6);
  in.F(step, begin, n, F.data());
  in.P(step, begin, n, P.data());
  cauchy_stress(n, P.data(), F.data(), sigma.data());
}

// Rounded to nearest, ties away from zero; what is not finite stays as it is.
void keep_bits(int bits, std::vector<float>& values) {
  if (bits >= 23) return;
  const std::uint32_t half = std::uint32_t(1) << (22 - bits), mask = ~((half << 1) - 1);
  for (float& v : values)
    if (std::isfinite(v)) v = std::bit_cast<float>((std::bit_cast<std::uint32_t>(v) + half) & mask);
}

void to_result(FieldReader& in, const std::string& output, const ConvertOptions& options) {
  const ArchiveInfo& info = in.info();
  WriteOptions write;
  write.stress = options.stress;
  write.compress = options.compress;
  write.packing = options.packing;
  write.provenance = provenance(info);
  const auto out = create_archive(output, info, write);
  const std::int64_t N = info.shape.voxels();
  // Whole planes where they are not too large: each compressed block is then written once.
  const std::int64_t plane = std::int64_t(info.shape.nx) * info.shape.ny;
  const std::int64_t slab = plane > kSlab ? kSlab : kSlab / plane * plane;
  std::vector<float> q(std::size_t(std::min(slab, N)) * 4), F, P, sigma;
  for (int step = 0; step <= info.step_count(); ++step)
    for (std::int64_t begin = 0; begin < N; begin += slab) {
      const std::int64_t n = std::min(slab, N - begin);
      if (options.progress && !options.progress((step + double(begin) / double(N)) / (info.step_count() + 1), "convert"))
        throw Error(Errc::kInterrupted, output + ": stopped; nothing was kept");
      in.orientation(step, begin, n, q.data());
      out->orientation(step, begin, n, q.data());
      if (!options.stress) continue;
      read_stress(in, step, begin, n, F, P, sigma);
      keep_bits(options.stress_bits, sigma);
      for_each_box(info.shape, begin, n, [&](std::array<int, 3> lo, Shape extent, std::int64_t offset) {
        out->stress(step, lo, extent, sigma.data() + offset * 6);
      });
    }
  std::vector<std::int32_t> ids(std::size_t(std::min(slab, N)));
  for (std::int64_t begin = 0; begin < N; begin += slab) {
    const std::int64_t n = std::min(slab, N - begin);
    if (info.has_grain) {
      in.grain(begin, n, ids.data());
      out->grain(begin, n, ids.data());
    }
    in.phase(begin, n, ids.data());
    out->phase(begin, n, ids.data());
  }
  out->finish();
}

}  // namespace

void convert(const std::string& input, const std::string& output, const ConvertOptions& options) {
  std::error_code error;
  require(!std::filesystem::equivalent(input, output, error) || error, Errc::kArgument,
          output + ": is the input itself");
  const std::string kind = std::filesystem::path(output).extension().string();
  require(kind == ".h5" || kind == ".vtkhdf" || kind == ".pvd" || kind == ".vti" || kind == ".txt" || kind == ".ang" ||
              kind == ".ctf",
          Errc::kArgument, output + ": wanted a name that ends with .h5, .vtkhdf, .pvd, .vti, .txt, .ang or .ctf");
  require(options.damask || !options.hardened, Errc::kArgument, "--hardened is of what DAMASK starts from: --damask");
  require(options.packing == Packing::kNone || kind == ".h5" || kind == ".vtkhdf", Errc::kArgument,
          output + ": only .h5 files hold packed orientations");
  require(!options.damask || kind == ".vti", Errc::kArgument, output + ": DAMASK's geometry is a .vti file");
  for (const std::string& other : {options.source.material, input})
    require(!options.damask || other.empty() || !std::filesystem::equivalent(material_name(output), other, error), Errc::kArgument,
            material_name(output) + ": is read; the geometry needs another name");
  const auto in = open_archive(input, {.means = kind == ".h5" || kind == ".vtkhdf" || kind == ".pvd" || options.damask, .source = options.source});
  const ArchiveInfo& info = in->info();
  require(info.has_orientation, Errc::kFormat, input + ": holds no orientations for all voxels and steps");
  require(!options.stress || (info.has_F && info.has_P), Errc::kFormat,
          input + ": holds no F and P to compute stresses from");
  require(options.stress_bits >= 1 && options.stress_bits <= 23, Errc::kArgument,
          "bits of the stresses: " + std::to_string(options.stress_bits) + ", wanted 1 to 23");
  if (kind == ".h5" || kind == ".vtkhdf") {
    to_result(*in, output, options);
    return;
  }
  const int last = info.step_count();
  require(options.step <= last, Errc::kArgument,
          output + ": wanted step " + std::to_string(options.step) + " of 0.." + std::to_string(last));
  const int step = options.step < 0 ? last : options.step;
  if (options.damask)
    write_damask(*in, step, output, {.deformed = !options.undeformed, .hardened = options.hardened, .material = options.source.material}, options.progress);
  else if (kind == ".vti")
    write_vti(*in, step, output, options.progress);
  else if (kind == ".ang")
    write_ang(*in, step, options.slice, output);
  else if (kind == ".ctf")
    write_ctf(*in, step, options.slice, output);
  else if (kind == ".txt")
    write_evpfft(*in, step, output, options.progress);
  else
    write_pvd(*in, output, options.progress);
}

}  // namespace grainspin
