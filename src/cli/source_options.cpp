#include "src/cli/source_options.h"

#include <algorithm>
#include <string>
#include <vector>

#include "grainspin/core.h"
#include "src/io/numbers.h"

namespace grainspin::cli {
namespace {

// "1e-6" or "1e-6,1e-6,2e-6".
std::array<double, 3> edges(const std::string& text) {
  std::vector<double> out;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t comma = std::min(text.find(',', at), text.size());
    const auto value = parse_number<double>(std::string_view(text).substr(at, comma - at));
    require(value && *value > 0 && *value < 1e30, Errc::kArgument,
            "--spacing: '" + text + "', wanted an edge in m or three, such as 1e-6,1e-6,2e-6");
    out.push_back(*value);
    at = comma + 1;
  }
  if (out.size() == 1) out.assign(3, out[0]);
  require(out.size() == 3, Errc::kArgument, "--spacing: '" + text + "', wanted an edge or three");
  return {out[0], out[1], out[2]};
}

}  // namespace

void add_source_options(CLI::App& verb, SourceOptions& source) {
  const char* group = "Files that do not tell all (docs/file_formats.md)";
  verb.add_option("--lattice", source.lattices,
                  "crystal lattice (cF, cI, hP, tI ...) or proper point group (432, 622 ...) of the phases that state none, "
                  "or PHASE=lattice; may be repeated")
      ->allow_extra_args(false)
      ->group(group);
  verb.add_option_function<std::string>(
          "--spacing", [&source](const std::string& text) { source.spacing = edges(text); },
          "edges of a voxel in m, one or three with commas")
      ->group(group);
  verb.add_option("--unit", source.unit, "m, what the file's lengths are counted in, such as 1e-6")
      ->check(CLI::PositiveNumber)
      ->group(group);
  verb.add_option("--material", source.material,
                  "DAMASK's material.yaml that belongs to the input (default: NAME.yaml or material.yaml beside it)")
      ->group(group);
  verb.add_option("--orientations", source.orientations, "HDF5: path of the dataset of orientations, [nz, ny, nx, components]")
      ->group(group);
  verb.add_option("--as", source.representation,
                  "what it holds: quaternion (w x y z), dream3d (x y z w, conjugated), bunge, kocks, roe, rodrigues, axis-angle, "
                  "matrix (sample to crystal)")
      ->group(group);
  verb.add_option("--grains", source.grains, "HDF5: path of the dataset of grain ids")->group(group);
  verb.add_option("--phases", source.phases, "HDF5: path of the dataset of phase numbers")->group(group);
  verb.add_option("--angles", source.angles, "degrees or radians")
      ->check(CLI::IsMember({"degrees", "radians"}))
      ->group(group);
}

}  // namespace grainspin::cli
