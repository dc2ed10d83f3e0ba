// grainspin interactions import: output of dislocation dynamics codes as DDD runs.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "grainspin/interactions/import.h"
#include "grainspin/version_info.h"
#include "src/cli/interactions.h"

namespace grainspin::cli {

void add_interactions_import(CLI::App& interactions) {
  using namespace interactions;
  struct Options {
    std::string from, output;
    std::vector<std::string> inputs;
    std::vector<double> axis;
    ImportOptions import;
  };
  auto o = std::make_shared<Options>();
  CLI::App* verb = interactions.add_subcommand("import", "densities and slip of ParaDiS or OpenDiS/ExaDiS as DDD runs");
  verb->add_option("--from", o->from, "paradis-hcp: folders of fluxtot_bN and Ltot_bN_full_decomp; exadis: files stress_strain_dens.dat")
      ->required()
      ->check(CLI::IsMember({"paradis-hcp", "exadis"}));
  verb->add_option("inputs", o->inputs, "folders or files, each a run")->required();
  verb->add_option("-o,--output", o->output, "the runs, .h5 or .csv")->required();
  verb->add_option("--set", o->import.slip, "slip systems (exadis)");
  verb->add_option("--c-over-a", o->import.c_over_a, "c/a of a hexagonal crystal")->check(CLI::PositiveNumber);
  verb->add_option("--burgers", o->import.burgers, "length of the (shortest) Burgers vector, m")->required();
  verb->add_option("--shear-modulus", o->import.shear_modulus, "Pa")->required();
  verb->add_option("--friction", o->import.friction, "friction stress, Pa");
  verb->add_option("--strain-rate", o->import.strain_rate, "1/s, as prescribed to the code")->required();
  verb->add_option("--axis", o->axis, "loading axis in the crystal's frame (exadis)")->expected(3);
  verb->callback([o] {
    std::copy(o->axis.begin(), o->axis.end(), o->import.axis.begin());
    require(o->from != "exadis" || !o->import.slip.empty(), Errc::kArgument, "wanted --set: property tables do not state slip systems");
    const DddData data = o->from == "exadis" ? import_property_tables(o->inputs, o->import) : import_paradis_hcp(o->inputs, o->import);
    write_ddd(o->output, data,
              nlohmann::json{{"program", "grainspin " + version_string()}, {"command", "interactions import"}, {"from", o->from},
                             {"inputs", o->inputs}, {"strain_rate", o->import.strain_rate}, {"remarks", data.remarks}}
                  .dump());
    std::int64_t rows = 0;
    for (const DddRun& run : data.runs) rows += run.rows();
    fmt::print("{}: {} runs, {} rows, {} slip systems ({})\n", o->output, data.runs.size(), rows, data.slip.count(), data.slip.name);
    for (const std::string& remark : data.remarks) fmt::print("  {}\n", remark);
  });
}

}  // namespace grainspin::cli
