#include "targets.h"

namespace grainspin::fuzz {

const std::vector<Target>& targets() {
  static const std::vector<Target> all = {
      {"model", model, 1 << 16, model_files},
      {"model_header", model_header, 1 << 15, model_header_seeds},
      {"domain", domain_json, 1 << 14, domain_seeds},
      {"state", saved_state, 1 << 16, state_seeds},
      {"hdf5_cut", hdf5_cut, 16, cut_seeds},
      {"result", result_edits, 600, edit_seeds},
      {"dadf5", dadf5_edits, 600, edit_seeds},
      {"dream3d", dream3d_edits, 600, edit_seeds},
      {"initial_state", initial_state, 1 << 15, initial_state_seeds},
      {"ddd_hdf5", ddd_edits, 600, edit_seeds},
      {"fit_hdf5", fit_edits, 600, edit_seeds},
      {"load_name", load_name, 200, nullptr},
      {"load_table", load_table, 1 << 14, nullptr},
      {"load_yaml", load_yaml, 1 << 14, nullptr},
      {"damask_yaml", damask_yaml, 1 << 14, nullptr},
      {"vti", vti, 1 << 15, nullptr},
      {"ddd_csv", ddd_csv, 1 << 15, ddd_csv_seeds},
      {"paradis", paradis, 1 << 14, paradis_seeds},
      {"property_table", property_table, 1 << 14, nullptr},
      {"slip_set_file", slip_set_file, 1 << 13, nullptr},
      {"slip_set_name", slip_set_name, 200, nullptr},
      {"fit_json", fit_json, 1 << 16, fit_json_seeds},
  };
  return all;
}

}  // namespace grainspin::fuzz
