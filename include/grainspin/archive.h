// Archives: what a CP result file holds, read slab by slab, and the project's own result file.
// Readers convert to the project's conventions (core.h); a file is recognised by its content.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "grainspin/grid.h"
#include "grainspin/load.h"
#include "grainspin/packed.h"

namespace grainspin {

// DAMASK's phenomenological power law, per phase (SI units; slip families in DAMASK's order).
//   gdot_s = gdot0 |tau_s/xi_s|^n sgn(tau_s);  xidot_s = h0 |1-xi_s/xi_inf_s|^a sgn(1-xi_s/xi_inf_s) sum_r h_sr |gdot_r|
// Families without systems have N_sl = 0. h_sl_sl are DAMASK's interaction coefficients as written.
struct Phenopowerlaw {
  std::vector<int> N_sl;
  std::vector<double> gdot0, n, a, xi0, xi_inf, h0, h_sl_sl, h_int;
};

struct PhaseInfo {
  std::string name;
  std::string lattice;      // DAMASK's: cF, cI, hP, tI; empty if unknown
  std::string point_group;  // proper point group: 432, 622, ...; empty if unknown
  double c_over_a = 0;      // 0 where it has no meaning or is not stated
  std::int64_t voxels = 0;
  std::optional<Phenopowerlaw> law;
  std::vector<double> elastic;  // C11, C12, C44[, C13, C33[, C66]] in Pa, empty if not stated
};

struct StepInfo {
  std::string name;  // as the file calls it: increment_7
  double time = 0;   // s
  std::array<double, 9> mean_F{1, 0, 0, 0, 1, 0, 0, 0, 1};  // row-major
  std::array<double, 9> mean_P{};                           // Pa, first Piola-Kirchhoff
  double strain = 0;  // sum of the steps' von Mises strains up to here
  int after = 0;      // loads that lead here, where ArchiveInfo::all_loads tells them
};

struct ArchiveInfo {
  std::string path;    // as given
  std::string format;  // "DAMASK DADF5 1.1", "grainspin result 1"
  std::string creator;
  Shape shape;
  std::array<double, 3> size{};  // m
  std::array<double, 3> origin{};
  Boundaries boundaries;
  int constituents = 1;           // per voxel; the first is read
  std::vector<PhaseInfo> phases;  // those that own voxels
  std::vector<StepInfo> steps;    // [0..T]; step 0 is the undeformed state
  std::vector<LoadStep> loads;    // [T]: of step k+1; empty where the file does not tell (no F)
  std::vector<LoadStep> all_loads;  // every load of the run where states were left out (`loads` is empty then), else empty
  Packing packing = Packing::kNone;  // how the file holds its orientations
  bool has_orientation = false, has_F = false, has_P = false, has_grain = false;  // fields, at every step
  bool has_stress = false;        // Cauchy stress, at every step but 0: the project's own results
  bool has_mean_F = false, has_mean_P = false;  // steps[].mean_F, mean_P are the file's, not defaults
  std::string material;  // DAMASK's material.yaml as text but for its materials; empty where the file has none
  std::vector<std::string> problems;  // what is odd but does not prevent reading

  int step_count() const { return steps.empty() ? 0 : int(steps.size()) - 1; }  // T
};

// Reads cells [begin, begin + count) in x-fastest order. Every call throws Error naming file and
// dataset when the file does not hold what is asked for. One reader per thread.
class FieldReader {
 public:
  virtual ~FieldReader() = default;
  virtual const ArchiveInfo& info() const = 0;
  virtual void orientation(int step, std::int64_t begin, std::int64_t count, float* q) = 0;  // [count,4]
  virtual void F(int step, std::int64_t begin, std::int64_t count, float* F) = 0;            // [count,9]
  virtual void P(int step, std::int64_t begin, std::int64_t count, float* P) = 0;            // [count,9] Pa
  virtual void stress(int step, std::int64_t begin, std::int64_t count, float* sigma);       // [count,6] Pa
  virtual void phase(std::int64_t begin, std::int64_t count, std::int32_t* phase) = 0;       // index into phases
  // Dense ids from 0. DAMASK's material index where the file has it, else has_grain is false.
  virtual void grain(std::int64_t begin, std::int64_t count, std::int32_t* grain) = 0;
};

// What formats of a single state do not tell about themselves (docs/file_formats.md), or tell wrongly. Empty or
// zero: as the file says, else the format's default.
struct SourceOptions {
  std::string orientations{};     // HDF5 without a known layout, DREAM.3D: path of the dataset
  std::string representation{};   // of these: bunge, quaternion, dream3d, rodrigues, axis-angle, matrix
  std::string angles{};           // degrees or radians, for angles
  std::string grains{}, phases{}; // HDF5: paths of the datasets of ids
  std::string material{};         // .vti: DAMASK's material.yaml; empty: beside the file
  std::vector<std::string> lattices{};  // "cF" for all phases that state none, "NAME=hP" for one; or a point group
  std::array<double, 3> spacing{};      // m, edges of a voxel; 0: the file's
  double unit = 0;                      // m, what the file's lengths are counted in; 0: the file's
};

struct OpenOptions {
  // Mean F and P of every step, and from them loads and strains. A DAMASK result has to be read whole
  // for them; without, only what is small is read, and loads stay empty.
  bool means = true;
  SourceOptions source{};
};

// Recognised by content: DAMASK DADF5 0.14 and 1.x, the project's result file, and as archives of one state (step 0)
// DREAM.3D 7.0 and 8.0, other HDF5 by given datasets, EVPFFT's text, PRISMS-Plasticity's prm.prm, Neper's .tesr, DAMASK's .vti.
// Throws Error: kIo where the file cannot be opened, kFormat naming what it is instead.
std::unique_ptr<FieldReader> open_archive(const std::string& path, const OpenOptions& options = {});

// Cauchy stress sigma = P F^T / det F, components xx yy zz yz xz xy. [n,9],[n,9] -> [n,6], Pa.
void cauchy_stress(std::int64_t n, const float* P, const float* F, float* sigma);

// Grain ids where the archive has none: 6-connected voxels (periodic where the grid is) whose initial
// orientations agree within `tolerance` radians modulo the point group. Dense ids from 0 in voxel order.
std::vector<std::int32_t> label_grains(Shape shape, Boundaries boundaries, const float* q,
                                       const std::string& point_group, double tolerance);

// The project's result file: HDF5 that is also a VTKHDF 2.0 ImageData with Steps and the cell array
// `orientation` (packed: beside it, docs/file_formats.md); static cell arrays `grain`, `phase`. Written under a temporary
// name beside `path` and renamed by finish(): an unfinished file never has the final name. Slabs may come in any order;
// boxes of WriteOptions::tile come at the least cost.
class ArchiveWriter {
 public:
  virtual ~ArchiveWriter() = default;
  virtual void orientation(int step, std::int64_t begin, std::int64_t count, const float* q) = 0;
  // A box of cells [lo, lo + extent): q is [ez][ey][ex][4].
  virtual void orientation(int step, std::array<int, 3> lo, Shape extent, const float* q) = 0;
  // The same, packed already as WriteOptions::packing says: packed_bytes a cell. Error kArgument where it says kNone.
  virtual void packed_orientation(int step, std::array<int, 3> lo, Shape extent, const std::uint8_t* packed) = 0;
  virtual void stress(int step, std::array<int, 3> lo, Shape extent, const float* sigma) = 0;  // [..][6] Pa
  virtual void verdict(int step, std::array<int, 3> lo, Shape extent, const std::uint8_t* verdict) = 0;  // domain.h
  virtual void grain(std::int64_t begin, std::int64_t count, const std::int32_t* grain) = 0;
  virtual void phase(std::int64_t begin, std::int64_t count, const std::int32_t* phase) = 0;
  // As WriteOptions::remarks, of what is known at the end only; a name once.
  virtual void remark(const std::string& name, const std::string& text) = 0;
  // The load of a step 1..T, counted in info.loads or info.all_loads, in the place of info's: what was predicted for the components that it leaves free.
  virtual void load(int step, const LoadStep& load) = 0;
  virtual void finish() = 0;
  // What was written so far outlives the program from here on. Returns, for WriteOptions::taken, what was written since the
  // last call: text without line breaks. Only with WriteOptions::partial.
  virtual std::string flush() = 0;
};

struct WriteOptions {
  Packing packing = Packing::kNone;  // of the orientations; their error: packed.h
  Shape tile{};                   // boxes that the fields come in, their corners at multiples of it; empty: planes
  int threads = 1;                // that pack and compress; 0: as many as the machine has
  std::string partial;            // the unfinished file's name, which stays without finish(); empty: one of its own, removed
  // Go on with the unfinished file `resumed`: what the texts of flush() tell stays, the rest is as if never written. It is
  // `partial` itself, but compressed files are written anew, so that it must be another one then. `info` and options are
  // those that it was begun with.
  std::string resumed;
  std::vector<std::string> taken;
  bool stress = false;
  bool verdict = false;           // of every voxel at every step; 0 where none is written
  bool compress = false;          // shuffle + gzip, by `threads` threads where boxes are of `tile`
  std::string provenance = "{}";  // JSON text kept in the file
  std::map<std::string, std::string> remarks;  // short ASCII texts, kept as attributes of /grainspin
  std::vector<std::string> later;  // remarks that remark() gives, 2000 characters at most; others it cannot give
};

// `info` gives shape, size, steps (all that will be written, step 0 included), phases, loads.
std::unique_ptr<ArchiveWriter> create_archive(const std::string& path, const ArchiveInfo& info,
                                              const WriteOptions& options);

}  // namespace grainspin
