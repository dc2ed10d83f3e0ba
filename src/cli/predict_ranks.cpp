#include "src/cli/predict_ranks.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <new>
#include <optional>

#include "grainspin/ensemble.h"
#include "src/checksum.h"
#include "src/cli/quiet_exit.h"
#include "src/io/result_view.h"
#include "src/io/slab_reader.h"
#include "src/ranks/coupled.h"
#include "src/ranks/mpi_ranks.h"

namespace grainspin::cli {
namespace {

namespace fs = std::filesystem;

// OUT.h5 of rank 2 of 4: OUT.0002of0004.h5.
std::string file_of(const std::string& path, int rank, int ranks) {
  const fs::path whole(path);
  fs::path name = whole.stem();
  name += fmt::format(".{:04}of{:04}", rank, ranks);
  name += whole.extension();
  return (whole.parent_path() / name).string();
}

}  // namespace

void on_ranks(bool mpi, const std::function<void(Ranks&)>& body) {
  if (!mpi) {
    if (const int n = launched_ranks(); n > 1)
      std::fputs(fmt::format("grainspin: note: started {} times, each for the whole of it; with --mpi they share it\n", n).c_str(), stderr);
    OneRank alone;
    return body(alone);
  }
  const std::unique_ptr<Ranks> ranks = join_mpi();
  std::optional<RankFailure> mine;
  bool echo = false;
  const auto failed = [&](Errc code, const char* text) { mine = RankFailure{ranks->rank(), code, text}; };
  try {
    body(*ranks);
  } catch (const OtherRankFailed& e) {
    failed(e.code(), e.what());
    echo = true;
  } catch (const Error& e) {
    failed(e.code(), e.what());
  } catch (const std::bad_alloc&) {
    failed(Errc::kMemory, "out of memory");
  } catch (const std::exception& e) {
    failed(Errc::kInternal, e.what());
  }
  const std::optional<RankFailure> first = ranks->settle(mine, echo);
  if (!first) return;
  if (!ranks->root()) throw QuietExit{int(first->code)};
  throw Error(first->code, ranks->size() > 1 ? fmt::format("rank {}: {}", first->rank, first->text) : first->text);
}

void require_same_files(Ranks& ranks, const Model& model, const ArchiveInfo& input) {
  if (ranks.size() == 1) return;
  Checksum weights, grid;
  for (const auto& [name, tensor] : model.tensors) {
    weights.add(name.data(), name.size());
    weights.add(tensor.values.data(), tensor.values.size() * sizeof(float));
  }
  const std::int64_t numbers[] = {input.shape.nx, input.shape.ny, input.shape.nz, std::int64_t(input.steps.size()),
                                  std::int64_t(input.phases.size())};
  grid.add(numbers, sizeof numbers);
  ranks.require_same(weights.value(), "the model");
  ranks.require_same(grid.value(), "the input");
}

RankInput::RankInput(const Ranks& ranks, FieldReader& archive, Boundary along_z, int halo)
    : archive_(archive), slab_(slab_of(archive.info().shape.nz, along_z, ranks.rank(), ranks.size(), ranks.size() > 1 ? halo : 0)) {
  if (ranks.size() == 1) return;
  own_ = slab_of_archive(archive, slab_.own[0], slab_.planes());
  wide_ = slab_of_archive(archive, slab_.first, slab_.count);
}

std::vector<std::uint8_t> RankInput::inner(const std::vector<std::uint8_t>& wide) const {
  if (wide.empty() || !own_) return wide;
  const std::int64_t plane = std::int64_t(archive_.info().shape.nx) * archive_.info().shape.ny;
  return {wide.begin() + slab_.inner()[0] * plane, wide.begin() + slab_.inner()[1] * plane};
}

bool ranks_step_together(Ranks& ranks, const Surrogate& surrogate, Shape grid, const Boundaries& boundaries, std::int64_t memory,
                         bool masked) {
  const ModelSpec& spec = surrogate.spec();
  // The members of an ensemble have halos of their own.
  if (ranks.size() == 1 || is_ensemble(spec) || spec.family != Family::kLocal || spec.local.feedback != Feedback::kNeighbours) return false;
  bool fits = false;
  try {
    const Slab slab = slab_of(grid.nz, boundaries.z, ranks.rank(), ranks.size(), spec.local.radius);
    const std::int64_t bytes = coupled_bytes(surrogate, coupled_region(slab, grid, boundaries), masked);
    fits = memory == 0 || bytes <= memory;
  } catch (const Error&) {  // a backend of whole paths, or no room on the device; more ranks than planes is told later
  }
  const std::vector<char> all = ranks.gather(char(fits));
  return std::ranges::all_of(all, [](char one) { return one != 0; });
}

ReconstructPlan plan_coupled(const Surrogate& surrogate, const Slab& slab, Shape grid, const Boundaries& boundaries, bool masked) {
  ReconstructPlan plan;
  plan.tile = {grid.nx, grid.ny, slab.planes()};
  plan.halo = surrogate.spec().local.radius;
  plan.tiles = 1;
  const Region region = coupled_region(slab, grid, boundaries);
  plan.bytes = coupled_bytes(surrogate, region, masked);
  plan.voxel_steps = double(region.shape.voxels()) * surrogate.spec().steps();
  return plan;
}

RankOutput::RankOutput(Ranks& ranks, const Slab& slab, const std::string& path, const ArchiveInfo& whole,
                       const WriteOptions& options, const Begin& begin)
    : ranks_(ranks), path_(path), own_path_(ranks.size() > 1 ? file_of(path, ranks.rank(), ranks.size()) : path), whole_(whole),
      options_(options) {
  if (ranks.size() > 1) {
    options_.remarks["ranks"] = fmt::format("planes {} to {} of {} along z, rank {} of {}", slab.own[0], slab.own[1] - 1, slab.nz,
                                            ranks.rank(), ranks.size());
  }
  writer_ = begin(own_path_, options_);
}

RankOutput::~RankOutput() {
  writer_.reset();
  std::error_code ignored;
  if (own_done_ && !done_) fs::remove(own_path_, ignored);
}

void RankOutput::remark(const std::string& name, const std::string& text) {
  writer_->remark(name, text);
  remarks_.emplace_back(name, text);
}

void RankOutput::finish() {
  if (ranks_.size() == 1) {
    writer_->finish();
    done_ = true;
    return;
  }
  if (ranks_.root()) {
    std::error_code error;
    fs::remove(path_, error);
    require(!error, Errc::kIo, path_ + ": cannot be replaced (" + error.message() + ")");
  }
  ranks_.meet();
  writer_->finish();
  own_done_ = true;
  ranks_.meet();
  if (ranks_.root()) {
    WriteOptions view = options_;
    std::vector<ResultPart> parts;
    view.remarks["ranks"] = fmt::format("a view of the files of {} ranks beside it", ranks_.size());
    for (int r = 0; r < ranks_.size(); ++r) {
      const auto planes = own_planes(whole_.shape.nz, r, ranks_.size());
      parts.push_back({fs::path(file_of(path_, r, ranks_.size())).filename().string(), planes[0], planes[1] - planes[0]});
    }
    const auto writer = create_result_view(path_, whole_, view, parts);
    for (const auto& [name, text] : remarks_) writer->remark(name, text);
    writer->finish();
  }
  ranks_.meet();
  done_ = true;
}

}  // namespace grainspin::cli
