// DAMASK's result file (DADF5 0.14 and 1.x) of the grid solver.
//
// A field of increment k lies at increment_k/phase/<label>/mechanical/<F|P|O>, rows of one phase together;
// cell_to/phase[cell, constituent] = {label, entry} tells the row of a cell, cells x fastest. `O` is the
// project's quaternion as it is; F and P are row-major. Increments are named by the solver's counter
// without leading zeros: increment_7 comes before increment_11.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "grainspin/archive.h"
#include "src/io/damask_setup.h"
#include "src/io/hdf5.h"
#include "src/io/rows.h"

namespace grainspin {

// cell_to/phase, read in slabs.
class CellMap {
 public:
  CellMap() = default;
  explicit CellMap(const h5::File& file);
  std::int64_t cells() const { return std::int64_t(rows_.rows()); }
  int constituents() const { return constituents_; }
  const std::vector<std::string>& labels() const { return labels_; }
  const std::string& where() const { return rows_.where(); }
  // Of constituent c of cells [begin, begin + count): label (index into labels(), which grows; -1 for the
  // padding of DADF5 1.4) and row.
  void read(std::int64_t begin, std::int64_t count, int c, std::int32_t* label, std::int64_t* row);

 private:
  h5::Dataset rows_;
  h5::Id type_;
  std::size_t length_ = 0;  // of a label, padded with blanks
  int constituents_ = 1;
  std::vector<std::string> labels_;
  std::vector<char> buffer_;
};

class Dadf5Reader final : public FieldReader {
 public:
  Dadf5Reader(h5::File file, const OpenOptions& options);
  const ArchiveInfo& info() const override { return info_; }
  void orientation(int step, std::int64_t begin, std::int64_t count, float* q) override;
  void F(int step, std::int64_t begin, std::int64_t count, float* F) override;
  void P(int step, std::int64_t begin, std::int64_t count, float* P) override;
  void phase(std::int64_t begin, std::int64_t count, std::int32_t* phase) override;
  void grain(std::int64_t begin, std::int64_t count, std::int32_t* grain) override;

 private:
  void read_version();
  void read_geometry();
  void read_increments();
  void read_setup();
  void read_phases();
  std::map<std::string, MaterialPhase> read_phases_text() const;
  void find_fields();
  void read_means();
  void read_loads();
  // Weight of each row of each label in the mean over the volume; empty: all the same.
  std::vector<std::vector<double>> row_weights();
  std::string field_path(int step, const std::string& label, const char* field) const;
  bool everywhere(const char* field, int from_step);
  const h5::Dataset& field(int step, int phase, const char* name, int width);
  void read_field(int step, std::int64_t begin, std::int64_t count, const char* name, int width, float* out);
  void check_range(int step, std::int64_t begin, std::int64_t count) const;

  h5::File file_;
  ArchiveInfo info_;
  CellMap map_;
  std::vector<std::int64_t> increments_;
  std::vector<std::int32_t> phase_of_label_;  // index into info_.phases
  std::string material_, load_case_, geometry_;  // names in /setup (load_case_: or a file's path)
  std::string load_text_;
  std::vector<std::int32_t> grains_;  // read when first asked for
  std::map<std::pair<std::string, int>, std::pair<int, h5::Dataset>> open_;  // last step's datasets
};

}  // namespace grainspin
