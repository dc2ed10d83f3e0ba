#pragma once

#include "fuzz.h"

namespace grainspin::fuzz {

// targets_text.cpp
void load_name(Bytes), load_table(Bytes), load_yaml(Bytes), damask_yaml(Bytes), vti(Bytes), ddd_csv(Bytes), paradis(Bytes),
    property_table(Bytes), slip_set_file(Bytes), slip_set_name(Bytes), fit_json(Bytes);
std::vector<std::string> paradis_seeds();

// targets_hdf5.cpp: files cut off; programs of edits (edits.cpp)
void hdf5_cut(Bytes), result_edits(Bytes), dadf5_edits(Bytes), dream3d_edits(Bytes), initial_state(Bytes), ddd_edits(Bytes), fit_edits(Bytes);
std::vector<std::string> cut_seeds(), edit_seeds(), initial_state_seeds(), fit_json_seeds(), ddd_csv_seeds();

// targets_model.cpp
void model(Bytes), model_header(Bytes), domain_json(Bytes);
std::vector<std::string> model_files();  // a small local model, and a nonlocal one
std::vector<std::string> model_header_seeds(), domain_seeds();

// targets_state.cpp
void saved_state(Bytes);
std::vector<std::string> state_seeds();

}  // namespace grainspin::fuzz
