// grainspin calibrate: a model with a variance head fitted on its archives, calibrated on those set aside.
#include <algorithm>
#include <cstdio>
#include <memory>
#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "datasets/sha256.h"
#include "datasets/variance_fit.h"
#include "src/cli/progress.h"
#include "src/cli/calibrate.h"

namespace grainspin::cli {

namespace {

// SHA-256 of the runs that the training watched only.
std::set<std::string> watched(const ModelSpec& spec) {
  std::set<std::string> out;
  const auto provenance = nlohmann::json::parse(spec.provenance, nullptr, false);
  if (provenance.is_object() && provenance.contains("held_out") && provenance["held_out"].is_array())
    for (const auto& item : provenance["held_out"])
      if (item.is_object() && item.contains("sha256") && item["sha256"].is_string()) out.insert(item["sha256"].get<std::string>());
  return out;
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
    const std::set<std::string> known = watched(model.spec);
    std::vector<std::string> archives, set_aside = o->set_aside;
    for (const std::string& path : o->archives) {
      const bool aside = known.contains(sha256_of_file(path));
      if (!aside) archives.push_back(path);
      if (aside && o->set_aside.empty()) set_aside.push_back(path);
    }
    require(!set_aside.empty(), Errc::kArgument,
            "no archive to calibrate on: none is among those that the training watched, so --set-aside has to name some");
    ProgressLine line(double(archives.size() + set_aside.size()), "archives", o->quiet);
    o->fit.progress = [&](double fraction, std::string_view what) { return line.show(fraction, what); };
    const VarianceFit fit = fit_variance(model, archives, set_aside, o->fit);
    write_model(o->output, fit.model);
    if (o->quiet) return;
    const Calibration& c = fit.calibration;
    fmt::print("{}: variance fitted on {} voxel-steps of {} archives, calibrated on {}\n", o->output, fit.samples, archives.size(),
               set_aside.size());
    fmt::print("-ln likelihood of a component: {:.3f}, with one variance for all {:.3f}\n", fit.fitted, fit.constant);
    fmt::print("half widths for 50, 90, 95 %: {:.3f}, {:.3f}, {:.3f} standard deviations (normal: 0.674, 1.645, 1.960)\n", c.increment[0],
               c.increment[1], c.increment[2]);
    fmt::print("errors of successive steps correlate by {:.2f}; angle {:.3f} m, radii {:.3f}, {:.3f}, {:.3f} m\n", c.correlation, c.expected,
               c.radius[0], c.radius[1], c.radius[2]);
  });
}

}  // namespace grainspin::cli
