// grainspin interactions taylor: the stress-strain curve of a polycrystal by the Taylor model with a dislocation-density law.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "grainspin/archive.h"
#include "grainspin/interactions/fit_file.h"
#include "grainspin/interactions/planted.h"
#include "grainspin/load_file.h"
#include "grainspin/taylor.h"
#include "grainspin/voronoi.h"
#include "src/cli/interactions.h"
#include "src/cli/progress.h"
#include "src/cli/verbs.h"
#include "src/render/file.h"
#include "src/render/pictures.h"

namespace grainspin::cli {

namespace {

struct Options {
  std::string law, archive, load = "uniaxial:z", output, picture;
  int grains = 200, threads = 0;
  double strain = 0.1, step = 0.005, strain_rate = 0, density = 0;
  std::uint64_t seed = 1;
  bool quiet = false;
};

// One orientation a grain, its first voxel's, with the grain's share of the volume.
void from_archive(const std::string& path, std::vector<float>& q, std::vector<double>& weights) {
  const auto in = open_archive(path, {.means = false});
  const ArchiveInfo& info = in->info();
  require(info.has_orientation, Errc::kFormat, path + ": has no orientations");
  const std::int64_t n = info.shape.voxels();
  std::vector<float> all(std::size_t(n) * 4);
  in->orientation(0, 0, n, all.data());
  std::vector<std::int32_t> grain(static_cast<std::size_t>(n));
  if (info.has_grain) in->grain(0, n, grain.data());
  else grain = label_grains(info.shape, info.boundaries, all.data(), info.phases.front().point_group, 0.1 * 3.14159265358979 / 180);
  std::vector<std::size_t> place;
  for (std::size_t v = 0; v < std::size_t(n); ++v) {
    const auto g = std::size_t(grain[v]);
    if (g >= place.size()) place.resize(g + 1, 0);
    if (place[g] == 0) {
      q.insert(q.end(), all.begin() + std::ptrdiff_t(4 * v), all.begin() + std::ptrdiff_t(4 * v + 4));
      weights.push_back(0);
      place[g] = weights.size();
    }
    weights[place[g] - 1] += 1;
  }
}

// A fit, or a law's file.
interactions::DislocationLaw law_of_file(const std::string& path) {
  std::string text;
  try {
    return interactions::read_planted(path);
  } catch (const Error& e) {
    if (e.code() != Errc::kFormat) throw;
    text = e.what();
  }
  try {
    return interactions::law_of(interactions::read_fit(path));
  } catch (const Error& e) {
    throw Error(e.code(), std::string("neither a fit (").append(e.what()).append(") nor a law (").append(text).append(")"));
  }
}

double mises(const std::array<double, 9>& s) {
  double sum = 0;  // a deviator
  for (const double x : s) sum += x * x;
  return std::sqrt(1.5 * sum);
}

void run(const Options& o) {
  interactions::DislocationLaw law = law_of_file(o.law);
  if (o.density > 0) law.density0.assign(std::size_t(law.slip.count()), o.density);
  const TaylorMaterial material = taylor_material(law);
  std::vector<float> q;
  std::vector<double> weights;
  if (!o.archive.empty()) {
    from_archive(o.archive, q, weights);
  } else {
    for (const Quatd& r : draw_texture({}, o.grains, o.seed))
      for (const double x : {r.w, r.x, r.y, r.z}) q.push_back(float(x));
  }
  const auto n = std::int64_t(q.size() / 4);
  const std::vector<LoadStep> loads = read_load(o.load, {o.strain, o.step});
  const double rate = o.strain_rate > 0 ? o.strain_rate : law.gdot0;
  std::vector<double> times;
  for (const LoadStep& load : loads) times.push_back(std::max(completed(load).von_mises(), 1e-12) / rate);
  ProgressLine line(double(loads.size()), "steps", o.quiet);
  TaylorOptions options;
  options.threads = o.threads;
  options.progress = [&](double fraction, std::string_view what) { return line.show(fraction, what) && !stop_requested(); };
  const auto steps = taylor(material, n, q.data(), weights, loads, times, options);

  std::string csv = "step,strain,von_mises_stress_Pa,stress_xx,stress_yy,stress_zz,stress_yz,stress_xz,stress_xy,taylor_factor\n";
  render::Series series;
  series.name = "Taylor, " + std::to_string(n) + " grains";
  series.colour = render::Theme::light().model;
  double strain = 0;
  for (std::size_t k = 0; k < steps.size(); ++k) {
    LoadStep made;
    made.L = steps[k].L;
    strain += made.von_mises();
    const auto& s = steps[k].mean_stress;
    csv += fmt::format("{},{:.9g},{:.9g},{:.9g},{:.9g},{:.9g},{:.9g},{:.9g},{:.9g},{:.9g}\n", k + 1, strain, mises(s), s[0], s[4], s[8], s[5], s[2],
                       s[1], steps[k].taylor_factor);
    series.points.push_back({100 * strain, mises(s) / 1e6});
  }
  render::write_file(o.output, csv);
  if (!o.picture.empty()) {
    render::Chart chart;
    chart.title = "Taylor polycrystal, " + law.slip.name;
    chart.x_label = "von Mises strain, %";
    chart.y_label = "von Mises stress, MPa";
    chart.series = {series};
    render::write_file(o.picture, render::chart_svg(chart, render::Theme::light(), true));
  }
  if (!o.quiet)
    fmt::print("{}: {} grains, {} steps to strain {:.4g}: von Mises stress {:.4g} MPa at first, {:.4g} MPa at the end\n", o.output, n, steps.size(),
               strain, mises(steps.front().mean_stress) / 1e6, mises(steps.back().mean_stress) / 1e6);
}

}  // namespace

void add_interactions_taylor(CLI::App& interactions) {
  auto o = std::make_shared<Options>();
  CLI::App* verb = interactions.add_subcommand("taylor", "stress-strain curve of a polycrystal with the law, by the Taylor model");
  verb->add_option("law", o->law, "a fit (JSON or HDF5), or a law's file (.planted.json)")->required();
  verb->add_option("-o,--output", o->output, "the curve, CSV")->required();
  verb->add_option("--picture", o->picture, "the curve, SVG");
  verb->add_option("--grains", o->grains, "random orientations")->check(CLI::PositiveNumber);
  verb->add_option("--archive", o->archive, "in their place: the grains of an archive, by volume")->check(CLI::ExistingFile);
  verb->add_option("--load", o->load, std::string("a file (DAMASK load case, table, archive) or a path: ") + load_names());
  verb->add_option("--strain", o->strain, "von Mises strain of a path that states none")->check(CLI::PositiveNumber);
  verb->add_option("--step", o->step, "von Mises strain of a step")->check(CLI::PositiveNumber);
  verb->add_option("--strain-rate", o->strain_rate, "von Mises strain rate, 1/s (default: the law's reference rate)")->check(CLI::PositiveNumber);
  verb->add_option("--density", o->density, "initial density of every system, 1/m^2 (default: the law's)")->check(CLI::PositiveNumber);
  verb->add_option("--seed", o->seed, "seed of the orientations");
  verb->add_option("--threads", o->threads, "0: all of the machine");
  verb->add_flag("--quiet", o->quiet, "print nothing");
  verb->callback([o] { run(*o); });
}

}  // namespace grainspin::cli
