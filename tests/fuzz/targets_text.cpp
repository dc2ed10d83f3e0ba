// Readers of texts.
#include "grainspin/interactions/families.h"
#include "grainspin/interactions/fit_file.h"
#include "grainspin/interactions/import.h"
#include "grainspin/load_file.h"
#include "src/io/damask_setup.h"
#include "src/io/ddd_file.h"
#include "src/io/vti.h"
#include "targets.h"

namespace grainspin::fuzz {

void load_name(Bytes bytes) { named_load(text(bytes), {}); }
void load_table(Bytes bytes) { read_load_table(text(bytes), "table"); }
void load_yaml(Bytes bytes) { read_load_yaml(text(bytes), "load.yaml"); }

// DAMASK's material.yaml and load case as they stand in a result's setup.
void damask_yaml(Bytes bytes) {
  const std::string yaml = text(bytes);
  is_material(yaml);
  const auto each = [](auto&& read) {  // each reader for itself
    try {
      read();
    } catch (const Error& e) {
      if (e.code() == Errc::kInternal) throw;
    }
  };
  each([&] { read_phases(yaml, "material.yaml"); });
  each([&] { read_fractions(yaml, "material.yaml"); });
  each([&] {
    if (is_load_case(yaml)) prescribed_between(read_load_case(yaml, "load.yaml"), 0, 10);
  });
}

void vti(Bytes bytes) {
  const std::string xml = text(bytes);
  read_vti_head(xml, "geometry.vti");
  read_vti_material(xml, "geometry.vti");
}

void ddd_csv(Bytes bytes) {
  const interactions::DddData data = interactions::read_ddd_csv("runs.csv", text(bytes));
  interactions::validate(data);
  interactions::oddities(data);
}

// The files of a ParaDiS run, cut at form feeds: 10 fluxes, then 10 densities.
void paradis(Bytes bytes) {
  const std::string all = text(bytes);
  std::size_t at = 0;
  for (int file = 0; file < 20; ++file) {
    const std::size_t end = std::min(all.find('\f', at), all.size());
    const std::string number = std::to_string(file % 10 + 1);
    scratch_file("paradis/fluxdata/" + (file < 10 ? "fluxtot_b" + number : "Ltot_b" + number + "_full_decomp"),
                 std::string_view(all).substr(at, end - at));
    at = std::min(end + 1, all.size());
  }
  interactions::ImportOptions options;
  options.c_over_a = 1.624, options.burgers = 3.2e-10, options.shear_modulus = 17e9, options.strain_rate = 1000;
  interactions::import_paradis_hcp({scratch_folder() + "/paradis"}, options);
}

std::vector<std::string> paradis_seeds() {
  std::string out;
  for (int file = 0; file < 20; ++file) {
    for (int row = 0; row < 2; ++row) {
      out += "1e-3 " + std::to_string(2e-3 * (row + 1)) + (file < 10 ? " 0" : "");
      for (int c = 0; c < (file < 10 ? 8 : 10); ++c) out += file < 10 ? " 25" : " 1e11";
      out += " 1e-9\n";
    }
    out += '\f';
  }
  return {out};
}

void property_table(Bytes bytes) {
  interactions::ImportOptions options;
  options.slip = "fcc", options.burgers = 2.56e-10, options.shear_modulus = 42e9, options.strain_rate = 1000;
  options.axis = {0, 0, 1};
  interactions::import_property_tables({scratch_file("stress_strain_dens.dat", text(bytes))}, options);
}

void slip_set_file(Bytes bytes) { interactions::read_slip_set(scratch_file("set.yaml", text(bytes))); }
void slip_set_name(Bytes bytes) {
  const std::string name = text(bytes);
  if (name.find('/') == std::string::npos && name.find('\0') == std::string::npos) interactions::interaction_slip_set(name, 1.6);
}

void fit_json(Bytes bytes) { interactions::read_fit(scratch_file("fit.json", text(bytes))); }

}  // namespace grainspin::fuzz
