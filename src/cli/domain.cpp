// grainspin domain: a model with the domain of training taken anew from its archives.
#include <cstdio>
#include <memory>

#include <fmt/format.h>

#include "datasets/model_domain.h"
#include "grainspin/model.h"
#include "src/cli/progress.h"
#include "src/cli/verbs.h"

namespace grainspin::cli {

void add_domain(CLI::App& app) {
  struct Options {
    std::string model, output;
    std::vector<std::string> archives;
    bool quiet = false;
  };
  auto o = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand("domain", "write a model with its domain of training taken anew from its archives");
  verb->add_option("model", o->model, "a model written by `grainspin train`")->required();
  verb->add_option("archives", o->archives,
                   "the archives that it was trained on; those that were only watched are known by their hashes and left out")
      ->required();
  verb->add_option("-o,--output", o->output, "model to write: tensors and all else as they are; may be the model itself")->required();
  verb->add_flag("--quiet", o->quiet, "print nothing but errors");
  verb->callback([o] {
    Model model = read_model(o->model);
    ProgressLine line(double(o->archives.size()), "archives", o->quiet);
    const ModelDomain domain = domain_of_archives(model.spec, o->archives, [&](double fraction, std::string_view what) {
      return line.show(fraction, what);
    });
    model.spec.domain = domain.json;
    write_model(o->output, model);
    if (!o->quiet)
      fmt::print("{}: domain of {} archives{}\n", o->output, domain.trained,
                 domain.held_out > 0 ? fmt::format(", {} more were watched only", domain.held_out) : "");
  });
}

}  // namespace grainspin::cli
