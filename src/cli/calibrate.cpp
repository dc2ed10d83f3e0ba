// grainspin calibrate: a model with a variance head fitted on its archives, calibrated on those set aside; of an ensemble each member,
// and all together.
#include <cstdio>
#include <memory>

#include <fmt/format.h>

#include "datasets/variance_members.h"
#include "src/cli/progress.h"
#include "src/cli/calibrate.h"

namespace grainspin::cli {

namespace {

void print_calibration(const Calibration& c) {
  fmt::print("half widths for 50, 90, 95 %: {:.3f}, {:.3f}, {:.3f} standard deviations (normal: 0.674, 1.645, 1.960)\n", c.increment[0],
             c.increment[1], c.increment[2]);
  fmt::print("errors of successive steps correlate by {:.2f}; angle {:.3f} m, radii {:.3f}, {:.3f}, {:.3f} m\n", c.correlation, c.expected,
             c.radius[0], c.radius[1], c.radius[2]);
}

}  // namespace

void add_calibrate(CLI::App& app) {
  struct Options {
    std::string model, output;
    std::vector<std::string> archives, set_aside;
    VarianceFitOptions fit;
    bool quiet = false;
  };
  auto o = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand("calibrate", "write a nonlocal model with a head that tells how sure it is");
  verb->add_option("model", o->model, "a nonlocal model written by `grainspin train`")->required();
  verb->add_option("archives", o->archives, "the archives that it was trained on; those that were only watched are known by their hashes")->required();
  verb->add_option("--set-aside", o->set_aside, "archives to calibrate on in the place of those that the training watched");
  verb->add_option("-o,--output", o->output, "model to write; may be the model itself")->required();
  verb->add_option("--hidden", o->fit.hidden, "hidden units of the head")->check(CLI::Range(1, 256))->capture_default_str();
  verb->add_option("--epochs", o->fit.epochs, "passes over the samples")->check(CLI::Range(1, 10'000))->capture_default_str();
  verb->add_option("--samples", o->fit.samples, "voxel-steps to fit on")->check(CLI::Range(std::int64_t(1000), std::int64_t(100'000'000)))->capture_default_str();
  verb->add_option("--seed", o->fit.seed, "everything random follows from it")->capture_default_str();
  verb->add_option("--threads", o->fit.threads, "0: as many as the machine has")->check(CLI::Range(0, 4096))->capture_default_str();
  verb->add_flag("--quiet", o->quiet, "print nothing but errors");
  verb->callback([o] {
    const Model model = read_model(o->model);
    ProgressLine line(double(o->archives.size() + o->set_aside.size()), "archives", o->quiet);
    o->fit.progress = [&](double fraction, std::string_view what) { return line.show(fraction, what); };
    const MembersFit fit = fit_members(model, o->archives, o->set_aside, o->fit);
    write_model(o->output, fit.model);
    if (o->quiet) return;
    for (std::size_t m = 0; m < fit.fits.size(); ++m) {
      const VarianceFit& f = fit.fits[m];
      fmt::print("{}: variance fitted on {} voxel-steps of {} archives, calibrated on {}\n",
                 fit.fits.size() > 1 ? fmt::format("member {}", m) : o->output, f.samples, f.fitted_on, f.calibrated_on);
      fmt::print("-ln likelihood of a component: {:.3f}, with one variance for all {:.3f}\n", f.fitted, f.constant);
      print_calibration(f.calibration);
    }
    if (fit.fits.size() == 1) return;
    fmt::print("{}: all {} members together calibrated on {}{}\n", o->output, fit.fits.size(), fit.together.size(),
               fit.partly_seen > 0 ? fmt::format(", {} of which some members have learned from", fit.partly_seen) : "");
    print_calibration(fit.calibration);
  });
}

}  // namespace grainspin::cli
