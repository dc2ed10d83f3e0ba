// Readers of HDF5: archives (the project's results, DAMASK's DADF5), DDD runs, fits.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <stdexcept>

#include "grainspin/interactions/fit_file.h"
#include "grainspin/interactions/simulate.h"
#include "grainspin/interactions/ties.h"
#include "grainspin/load_file.h"
#include "src/io/ddd_file.h"
#include "src/io/whole_file.h"
#include "targets.h"

namespace grainspin::fuzz {
namespace {

using namespace interactions;

const std::string kData = std::string(GRAINSPIN_SOURCE_DIR) + "/tests/data/";

std::string result_file(bool compress) {
  ArchiveInfo info;
  info.creator = "fuzz";
  info.shape = {3, 2, 2};
  info.size = {3, 2, 2};
  for (const char* name : {"Cu", "Ti"}) {
    PhaseInfo phase;
    phase.name = name;
    phase.lattice = "cF";
    phase.point_group = "432";
    phase.voxels = 6;
    phase.law = Phenopowerlaw{{12}, {1e-3}, {20}, {2}, {3e7}, {6e7}, {7e7}, {1, 1, 1, 1, 1, 1, 1}, {0}};
    info.phases.push_back(phase);
  }
  LoadStep load;
  load.prescribed.fill(true);
  load.L[8] = 0.01;
  info.loads = {load, load};
  for (int k = 0; k < 3; ++k) {
    StepInfo step;
    step.name = "increment_" + std::to_string(k);
    step.time = k, step.strain = 0.01 * k;
    info.steps.push_back(step);
  }
  WriteOptions options;
  options.stress = options.verdict = true;
  options.compress = compress;
  options.remarks = {{"domain", "inside the domain of training"}};
  const std::string path = scratch_folder() + "/seed.h5";
  const auto out = create_archive(path, info, options);
  std::vector<float> q, sigma(72, 1e6f);
  std::vector<std::int32_t> ids;
  for (int i = 0; i < 12; ++i) q.insert(q.end(), {0.8f, 0.6f, 0, 0}), ids.push_back(i % 2);
  for (int k = 0; k < 3; ++k) out->orientation(k, 0, 12, q.data()), out->stress(k, {0, 0, 0}, info.shape, sigma.data());
  out->grain(0, 12, ids.data());
  out->phase(0, 12, ids.data());
  out->finish();
  return read_whole_text(path);
}

DddData ddd_data() {
  SimulateOptions options;
  options.runs = 2, options.rows = 3, options.threads = 1, options.rows_kind = Rows::kIndependent;
  PlantOptions plant_options;
  plant_options.k_entries = 20;
  return simulate(plant(slip_set({"fcc{111}<110>"}), plant_options), options);
}

std::string written(const char* name, auto&& write) {
  const std::string path = scratch_folder() + "/" + name;
  write(path);
  return read_whole_text(path);
}

std::string ddd_file(const char* name) {
  return written(name, [](const std::string& path) { write_ddd(path, ddd_data(), "{}"); });
}

// A fit of nothing: every part that a file can have, once.
std::string fit_file(const char* name) {
  InteractionFit f;
  f.slip = slip_set({"fcc{111}<110>"});
  f.group = "432";
  f.material = {42e9, std::vector<double>(12, 2.56e-10), std::vector<double>(12, 5e6)};
  f.n = 12.5;
  f.density0.assign(12, 1e12);
  f.runs = {"a", "b"};
  f.held_out = {"b"};
  f.scores = {{"b", {0.5, NAN}, {0.25, 1}, NAN, 0.125, NAN, "slip rates"}};
  f.options = f.provenance = "{}";
  interactions::Tensor t;
  t.symbol = "H";
  t.term = parse_term("H");
  t.ties = t.orbits = ties(f.slip, PointGroup::named("432"), {});
  t.unknowns.resize(std::size_t(t.ties.count));
  for (std::size_t u = 0; u < t.unknowns.size(); ++u)
    t.unknowns[u].name = "entry", t.unknowns[u].entry = "first", t.unknowns[u].size = 1, t.unknowns[u].value = double(u);
  std::vector<double> values;
  for (const Unknown& u : t.unknowns) values.push_back(u.value);
  t.value = expand(t.ties, values);
  BlockFit b;
  b.name = "all";
  b.responses = {0, 1};
  b.columns = {{0, 0, 0}, {0, 0, 1}};
  b.path.lambda_max = 2;
  b.path.points.resize(2);
  b.path.points[1].active = {1}, b.path.points[1].value = {0.5};
  b.path.points[0].lambda = 2, b.path.points[1].lambda = 1;
  b.cv_error = b.cv_se = {1, 0.5};
  f.h = FitPart{interactions::Target::kResistance, {t}, {b}, 123, 0.5};
  return written(name, [&](const std::string& path) { write_fit(path, f); });
}

// Files of at most 100 kB in tests/data/formats, where it is there.
std::vector<std::string> sample_files(bool (*wanted)(const std::string&)) {
  std::vector<std::string> out;
  const std::filesystem::path folder = kData + "formats";
  std::vector<std::filesystem::path> files;
  if (std::filesystem::is_directory(folder))
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
      if (entry.is_regular_file() && entry.file_size() <= 100'000) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  for (const auto& file : files)
    if (std::string bytes = read_whole_text(file.string()); wanted(bytes)) out.push_back(std::move(bytes));
  return out;
}

// One of the bases, by the program's first byte, with the edits of the others.
std::string edited(const std::vector<std::string>& bases, Bytes program) {
  if (program.empty()) return bases[0];
  return edited_hdf5(bases[program[0] % bases.size()], program.subspan(1));
}

void read_file(const std::string& bytes) {
  if (bytes.empty()) return;
  const std::string path = scratch_file("archive.h5", bytes);
  const auto reader = open_archive(path);
  read_archive(*reader);
  if (!reader->info().loads.empty()) prescribed_loads(reader->info());
}

}  // namespace

// Files cut off: which one, and where. Bytes of HDF5's own metadata are not changed here: the library (1.10.8) faults on some
// (docs/file_formats.md), which is not ours to find.
void hdf5_cut(Bytes bytes) {
  static const std::vector<std::string> bases = {result_file(false), result_file(true), ddd_file("seed.h5"), fit_file("seed.h5")};
  if (bytes.size() < 4) return;
  const std::string& whole = bases[bytes[0] % bases.size()];
  const std::string cut = whole.substr(0, (std::size_t(bytes[1]) << 16 | std::size_t(bytes[2]) << 8 | bytes[3]) % whole.size());
  const std::string path = scratch_file("cut.h5", cut);
  // Three readers; each is to refuse what is no whole file.
  const auto refused = [&](auto&& read) {
    try {
      read();
    } catch (const Error& e) {
      if (e.code() != Errc::kInternal) return;
    }
    throw std::logic_error("a file that is cut off was read: " + std::to_string(cut.size()) + " of " + std::to_string(whole.size()) + " bytes");
  };
  refused([&] { open_archive(path); });
  refused([&] { read_ddd({path}); });
  refused([&] { read_fit(path); });
}
std::vector<std::string> cut_seeds() { return {std::string("\0\0\0\0", 4), "\1\0\4", "\2\0\x20\1", "\3\0\x10\2"}; }

void result_edits(Bytes program) {
  static const std::vector<std::string> bases = {result_file(false), result_file(true)};
  read_file(edited(bases, program));
}

void dadf5_edits(Bytes program) {
  static const std::vector<std::string> bases = {read_whole_text(kData + "dual_native.hdf5"), read_whole_text(kData + "dual_chunked_gzip.hdf5")};
  read_file(edited(bases, program));
}

// Initial states of other programs, as they lie in tests/data/formats: HDF5 (DREAM.3D, plain arrays) with edits ...
void dream3d_edits(Bytes program) {
  static const std::vector<std::string> bases = [] {
    std::vector<std::string> out = sample_files([](const std::string& bytes) { return bytes.starts_with("\x89HDF"); });
    if (out.empty()) out.push_back(result_file(false));
    return out;
  }();
  read_file(edited(bases, program));
}

// ... and texts: a file, with those that it names or that lie beside it (cut at form feeds).
void initial_state(Bytes bytes) {
  const std::string all = text(bytes);
  std::size_t at = 0;
  for (const char* name : {"state/state.txt", "state/grainID.txt", "state/orientations.txt", "state/material.yaml"}) {
    const std::size_t end = std::min(all.find('\f', at), all.size());
    scratch_file(name, std::string_view(all).substr(at, end - at));
    at = std::min(end + 1, all.size());
  }
  const auto reader = open_archive(scratch_folder() + "/state/state.txt");
  read_archive(*reader);
}
std::vector<std::string> initial_state_seeds() {
  std::vector<std::string> out = sample_files([](const std::string& bytes) { return !bytes.starts_with("\x89HDF"); });
  out.push_back("0 0 0 1 1 1 1 1\n10 20 30 2 1 1 2 1\n");  // EVPFFT
  return out;
}

void ddd_edits(Bytes program) {
  static const std::vector<std::string> bases = {ddd_file("seed.h5")};
  const std::string bytes = edited(bases, program);
  if (!bytes.empty()) read_ddd({scratch_file("runs.h5", bytes)});
}

void fit_edits(Bytes program) {
  static const std::vector<std::string> bases = {fit_file("seed.h5")};
  const std::string bytes = edited(bases, program);
  if (!bytes.empty()) read_fit(scratch_file("fit.h5", bytes));
}

// Programs to begin with: none, and one a kind of edit for a few objects.
std::vector<std::string> edit_seeds() {
  std::vector<std::string> out{std::string()};
  for (char op = 0; op < 10; ++op)
    for (const char object : {1, 4, 9, 15, 22}) {
      std::string program{char(object % 2), 0, object, op};
      for (char i = 0; i < 12; ++i) program += char(object * 7 + op * 3 + i * 5);
      out.push_back(program);
    }
  return out;
}

std::vector<std::string> ddd_csv_seeds() { return {ddd_file("seed.csv")}; }
std::vector<std::string> fit_json_seeds() { return {fit_file("seed.json")}; }

}  // namespace grainspin::fuzz
