// grainspin make: synthetic microstructures.
#include <algorithm>
#include <cmath>
#include <memory>
#include <numbers>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "grainspin/archive.h"
#include "grainspin/core.h"
#include "grainspin/symmetry.h"
#include "grainspin/version_info.h"
#include "grainspin/voronoi.h"
#include "src/cli/progress.h"
#include "src/cli/verbs.h"

namespace grainspin::cli {
namespace {

struct Arguments {
  std::string output, texture = "random", axis = "z", lattice = "cF", phase = "material";
  std::vector<int> cells;
  std::vector<double> direction{0, 0, 1};
  int grains = 100;
  double spread = 0, voxel = 1e-6, c_over_a = 0;
  std::uint64_t seed = 1;
  bool compress = false, quiet = false;
};

Texture texture_of(const Arguments& a) {
  Texture t;
  t.kind = a.texture == "random"  ? TextureKind::kRandom
           : a.texture == "fibre" ? TextureKind::kFibre
                                  : TextureKind::kCube;
  std::copy_n(a.direction.begin(), 3, t.crystal.begin());
  t.sample = {a.axis == "x" ? 1.0 : 0.0, a.axis == "y" ? 1.0 : 0.0, a.axis == "z" ? 1.0 : 0.0};
  t.spread = a.spread * std::numbers::pi / 180;
  return t;
}

void voronoi(const Arguments& a) {
  const Shape shape{a.cells[0], a.cells[1], a.cells[2]};
  require(a.voxel > 0 && std::isfinite(a.voxel), Errc::kArgument, "--voxel: wanted a length above 0");
  ArchiveInfo info;
  info.creator = "grainspin " + version_string() + " make voronoi";
  info.shape = shape;
  info.size = {a.voxel * shape.nx, a.voxel * shape.ny, a.voxel * shape.nz};
  PhaseInfo phase;
  phase.name = a.phase;
  phase.lattice = a.lattice;
  phase.point_group = PointGroup::of_lattice(a.lattice).name();
  phase.c_over_a = a.c_over_a;
  phase.voxels = shape.voxels();
  info.phases = {phase};
  StepInfo initial;
  initial.name = "increment_0";
  info.steps = {initial};
  WriteOptions options;
  options.compress = a.compress;
  options.provenance = nlohmann::json{
      {"program", "grainspin " + version_string()},
      {"command", "make voronoi"},
      {"grains", a.grains},
      {"texture", a.texture},
      {"crystal_direction", a.direction},
      {"sample_axis", a.axis},
      {"spread_degrees", a.spread},
      {"seed", a.seed}}.dump();

  const Voronoi grains(shape, a.grains, a.seed);
  const std::vector<Quatd> orientations = draw_texture(texture_of(a), grains.grains(), a.seed);
  const auto writer = create_archive(a.output, info, options);
  ProgressLine line(double(shape.voxels()), "voxels", a.quiet);
  // Slab by slab: about 16 MB of orientations at once.
  const std::int64_t plane = std::int64_t(shape.nx) * shape.ny,
                     slab = std::max<std::int64_t>(plane, (1 << 20) / plane * plane);
  std::vector<std::int32_t> ids;
  std::vector<float> q;
  for (std::int64_t at = 0; at < shape.voxels(); at += slab) {
    const std::int64_t count = std::min(slab, shape.voxels() - at);
    ids.resize(std::size_t(count));
    q.resize(std::size_t(count) * 4);
    grains.grain(at, count, ids.data());
    for (std::int64_t i = 0; i < count; ++i) {
      const Quatd& o = orientations[std::size_t(ids[i])];
      const float four[4] = {float(o.w), float(o.x), float(o.y), float(o.z)};
      std::copy_n(four, 4, &q[i * 4]);
    }
    writer->orientation(0, at, count, q.data());
    writer->grain(at, count, ids.data());
    require(line.show(double(at + count) / double(shape.voxels()), "voronoi"), Errc::kInterrupted,
            "stopped on request");
  }
  writer->finish();
  if (a.quiet) return;
  const auto [least, most] = std::ranges::minmax(grains.voxels());
  fmt::print(
      "{}: {} x {} x {} voxels, {} grains of {} to {} voxels{}\n", a.output, shape.nx, shape.ny, shape.nz,
      grains.grains(), least, most,
      grains.grains() < a.grains ? fmt::format(" ({} seeds own no voxel)", a.grains - grains.grains()) : "");
}

}  // namespace

void add_make(CLI::App& app) {
  CLI::App* make = app.add_subcommand("make", "make synthetic microstructures");
  make->require_subcommand(1);
  auto a = std::make_shared<Arguments>();
  CLI::App* verb =
      make->add_subcommand("voronoi", "a periodic Voronoi polycrystal, as an archive with the initial state");
  verb->add_option("-o,--output", a->output, "archive to write")->required();
  verb->add_option("--cells", a->cells, "voxels along x, y and z")
      ->required()
      ->expected(3)
      ->check(CLI::Range(1, 1 << 20));
  verb->add_option("--grains", a->grains, "number of seeds")->capture_default_str();
  verb->add_option("--texture", a->texture, "random, fibre or cube")
      ->check(CLI::IsMember({"random", "fibre", "cube"}))
      ->capture_default_str();
  verb->add_option("--direction", a->direction,
                   "fibre: the crystal direction u v w (Cartesian) along the axis")
      ->expected(3)
      ->capture_default_str();
  verb->add_option("--axis", a->axis, "fibre: the sample axis")
      ->check(CLI::IsMember({"x", "y", "z"}))
      ->capture_default_str();
  verb->add_option("--spread", a->spread,
                   "scatter of fibre and cube, degrees (of each component of the rotation)")
      ->capture_default_str();
  verb->add_option("--lattice", a->lattice, "cF, cI, hP, tI ...: the crystal symmetry")
      ->capture_default_str();
  verb->add_option("--c-over-a", a->c_over_a, "ratio of axes where the lattice has one")
      ->check(CLI::NonNegativeNumber);
  verb->add_option("--phase", a->phase, "name of the material")->capture_default_str();
  verb->add_option("--voxel", a->voxel, "edge of a voxel, m")->capture_default_str();
  verb->add_option("--seed", a->seed, "seed of the random numbers")->capture_default_str();
  verb->add_flag("--compress", a->compress, "compress the archive");
  verb->add_flag("--quiet", a->quiet, "print nothing");
  verb->callback([a] { voronoi(*a); });
}

}  // namespace grainspin::cli
