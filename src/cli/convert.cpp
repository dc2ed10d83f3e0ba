// grainspin convert: any archive to the project's result file, or to .vti files that VTK 9.1 reads.
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "grainspin/archive.h"
#include "src/cli/predict_io.h"
#include "src/cli/source_options.h"
#include "src/cli/verbs.h"
#include "src/io/convert.h"

namespace grainspin::cli {

void add_convert(CLI::App& app) {
  struct Options {
    std::string input, output;
    ConvertOptions convert;
    std::string slice = "z", orientation = "float32";
    bool uncompressed = false;
  };
  auto o = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand("convert", "write an archive in another format");
  verb->add_option("input", o->input, "any archive that `grainspin inspect` reads")->required();
  verb->add_option("output", o->output,
                   ".h5: grainspin result (orientations, grains, mean F and P, loads); .pvd: a .vti file for each "
                   "state and their list; one state: .vti, .txt (EVPFFT), .ang and .ctf (a slice)")
      ->required();
  verb->add_option("--step", o->convert.step, "the state that files of one state hold (default: the last)");
  verb->add_option("--orientation", o->orientation, ".h5: float32, packed32, packed48 or packed64, as `predict` takes it")
      ->check(CLI::IsMember({"float32", "packed32", "packed48", "packed64"}))
      ->capture_default_str();
  verb->add_flag("--stress", o->convert.stress, "also the Cauchy stress, where the input holds F and P");
  verb->add_option("--stress-bits", o->convert.stress_bits,
                   "bits of the stresses' mantissas that are kept, 1 to 23: fewer make smaller files (10: 5e-4 of a value)");
  verb->add_flag("--no-compression", o->uncompressed, "store .h5 arrays as they are");
  verb->add_option("--slice", o->slice, ".ang, .ctf: normal and layer, such as x=5")->capture_default_str();
  verb->add_flag("--damask", o->convert.damask,
                 ".vti: the geometry that DAMASK starts from, and its material configuration NAME.yaml; phases are the "
                 "input's, or of --material");
  verb->add_flag("--undeformed", o->convert.undeformed,
                 "with --damask: the cell's size as it was before straining (default: under the mean deformation)");
  verb->add_flag("--hardened", o->convert.hardened,
                 "with --damask: slip resistances xi_0_sl as the strain of the path has made them, by the phases' law and "
                 "the slip of the Taylor model (default: those of the undeformed material)");
  add_source_options(*verb, o->convert.source);
  verb->callback([o] {
    o->convert.slice = parse_slice(o->slice);
    o->convert.compress = !o->uncompressed;
    o->convert.packing = parse_packing(o->orientation);
    o->convert.progress = [](double, std::string_view) { return !stop_requested(); };
    convert(o->input, o->output, o->convert);
  });
}

}  // namespace grainspin::cli
