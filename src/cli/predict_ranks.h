// `predict --mpi`: one prediction shared by the ranks of a job, each with its planes along z and a file of its own, under
// one result that shows them as one.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "grainspin/archive.h"
#include "src/ranks/ranks.h"
#include "src/ranks/slabs.h"

namespace grainspin::cli {

// Calls body as the only process, or, with `mpi`, as a rank of the job that this process was started in. Where a rank
// fails all stop, and the job has one error: rank 0 throws it, naming the rank, the others QuietExit.
void on_ranks(bool mpi, const std::function<void(Ranks&)>& body);

// Error kArgument unless all ranks have read the same model and an input of the same grid: machines may have other files of
// the same names.
void require_same_files(Ranks& ranks, const Model& model, const ArchiveInfo& input);

// The part of an input that a rank reads. One rank: the archive itself.
class RankInput {
 public:
  // `halo`: planes beside its own that it reads as neighbours. Error kArgument where there are more ranks than planes.
  RankInput(const Ranks& ranks, FieldReader& archive, Boundary along_z, int halo);
  const Slab& slab() const { return slab_; }
  FieldReader& own() { return own_ ? *own_ : archive_; }     // the rank's planes
  FieldReader& wide() { return wide_ ? *wide_ : archive_; }  // and its halo
  // The rank's planes of a field over the wide slab.
  std::vector<std::uint8_t> inner(const std::vector<std::uint8_t>& wide) const;

 private:
  FieldReader& archive_;
  Slab slab_;
  std::unique_ptr<FieldReader> own_, wide_;
};

// The memory that each rank may take decides how ranks go together through a model with feedback `neighbours`: in steps,
// with an exchange after each, where the planes of all fit (true; collective), else each by itself with a halo as wide as
// all steps reach.
bool ranks_step_together(Ranks& ranks, const Surrogate& surrogate, Shape grid, const Boundaries& boundaries, std::int64_t memory,
                         bool masked);
// What a rank then takes and does.
ReconstructPlan plan_coupled(const Surrogate& surrogate, const Slab& slab, Shape grid, const Boundaries& boundaries, bool masked);

// The files of a result.
class RankOutput {
 public:
  // `whole`: what the result is; with several ranks each one's file, OUT.0002of0004.h5 beside OUT.h5, has its planes. `begin`
  // makes the rank's file under this name.
  using Begin = std::function<std::unique_ptr<ArchiveWriter>(const std::string& path, const WriteOptions& options)>;
  RankOutput(Ranks& ranks, const Slab& slab, const std::string& path, const ArchiveInfo& whole, const WriteOptions& options,
             const Begin& begin);
  ~RankOutput();  // where finish() has not succeeded nothing is left of this rank's file
  RankOutput(const RankOutput&) = delete;
  RankOutput& operator=(const RankOutput&) = delete;
  ArchiveWriter& writer() { return *writer_; }  // of this rank's file
  void remark(const std::string& name, const std::string& text);
  // Collective. The result has its name when all files are whole; an older one of this name goes first, since it would
  // show the new files.
  void finish();

 private:
  Ranks& ranks_;
  std::string path_, own_path_;
  ArchiveInfo whole_;
  WriteOptions options_;
  std::unique_ptr<ArchiveWriter> writer_;
  std::vector<std::pair<std::string, std::string>> remarks_;
  bool own_done_ = false, done_ = false;
};

}  // namespace grainspin::cli
