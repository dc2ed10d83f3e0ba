// grainspin interactions export: a fit's H as the input of another code.
#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <string>

#include "grainspin/interactions/export.h"
#include "grainspin/interactions/fit_file.h"
#include "src/cli/interactions.h"
#include "src/render/file.h"

namespace grainspin::cli {

void add_interactions_export(CLI::App& interactions) {
  struct Options {
    std::string fit, format, output;
  };
  auto o = std::make_shared<Options>();
  CLI::App* verb = interactions.add_subcommand("export", "a fit's H for DAMASK (h_sl-sl) or MFront (@InteractionMatrix)");
  verb->add_option("FIT", o->fit, "a fit's file (JSON or HDF5)")->required();
  verb->add_option("--format", o->format, "damask or mfront")->required()->check(CLI::IsMember({"damask", "mfront"}));
  verb->add_option("-o,--output", o->output, "file (default: standard output)");
  verb->callback([o] {
    const interactions::InteractionFit fit = interactions::read_fit(o->fit);
    require(fit.h && !fit.h->tensors.empty(), Errc::kArgument, o->fit + ": the fit has no H");
    const std::vector<double>& H = fit.h->tensors.front().value;
    const interactions::Exported out =
        o->format == "damask" ? interactions::export_damask(fit.slip, H) : interactions::export_mfront(fit.slip, H);
    for (const std::string& w : out.warnings) fmt::print(stderr, "grainspin: warning: {}\n", w);
    if (o->output.empty()) {
      fmt::print("{}", out.text);
    } else {
      render::write_file(o->output, out.text);
    }
  });
}

}  // namespace grainspin::cli
