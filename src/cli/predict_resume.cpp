#include "src/cli/predict_resume.h"

#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <vector>

#include "grainspin/core.h"
#include "src/checksum.h"
#include "src/cli/predict_io.h"

namespace grainspin::cli {

std::string content_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::vector<char> part(1 << 20);
  Checksum sum;
  while (in.read(part.data(), std::streamsize(part.size())), in.gcount() > 0) sum.add(part.data(), std::size_t(in.gcount()));
  require(in.eof(), Errc::kIo, path + ": cannot be read");
  return fmt::format("{:016x}", sum.value());
}

nlohmann::json stamp_of(const std::string& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  const auto time = std::filesystem::last_write_time(path, error);
  return {path, error ? 0 : size, error ? 0 : time.time_since_epoch().count()};
}

nlohmann::json json_of(const SourceOptions& s) {
  return {s.orientations, s.representation, s.angles, s.grains, s.phases, s.material, s.lattices, s.spacing, s.unit};
}

std::string engine_of(const std::string& description) {
  const std::size_t comma = description.rfind(", ");
  return description.find(" thread", comma) == std::string::npos ? description : description.substr(0, comma);
}

std::unique_ptr<RunJournal> open_journal(const std::string& output, const nlohmann::json& settings, bool resume,
                                         ReconstructOptions& options, std::string& note) {
  auto journal = std::make_unique<RunJournal>(output);
  if (!journal->found()) {
    journal->clear();
    if (resume) note = output + ": no stopped run is there to go on with; it begins anew";
    return journal;
  }
  if (!resume) {
    note = fmt::format("{}: what a stopped run had made ({} tiles) is replaced; --resume would go on with it", output,
                       journal->tiles().size());
    journal->clear();
    return journal;
  }
  const std::string other = journal->differs(settings);
  require(other.empty(), Errc::kArgument,
          output + ": the stopped run was another one, its settings differ (" + other + "); without --resume it is replaced");
  options.tile_shape = journal->tile();
  note = fmt::format("{}: goes on with a stopped run, {} tiles are whole", output, journal->tiles().size());
  return journal;
}

std::unique_ptr<ArchiveWriter> begin_result(const std::string& output, const ArchiveInfo& info, WriteOptions write,
                                            FieldReader& reader, RunJournal* journal, const nlohmann::json& settings,
                                            const ReconstructPlan& plan, ReconstructOptions& options) {
  if (!journal) {
    auto writer = create_archive(output, info, write);
    copy_grains_and_phases(reader, *writer);
    return writer;
  }
  std::vector<RunJournal::Tile> tiles = journal->tiles();
  const bool resumes = !tiles.empty(), in_place = resumes && !write.compress;
  write.partial = in_place ? journal->partial() : journal->other_partial();
  if (resumes) {
    write.resumed = journal->partial();
    options.done.assign(std::size_t(plan.tiles), 0);
    for (const RunJournal::Tile& tile : tiles) {
      options.done.at(std::size_t(tile.number)) = 1;
      write.taken.push_back(tile.written);
    }
  }
  std::unique_ptr<ArchiveWriter> writer;
  try {
    writer = create_archive(output, info, write);
    if (!in_place) copy_grains_and_phases(reader, *writer);
    const std::string written = writer->flush();
    if (resumes && !in_place) {  // all of it lies elsewhere now
      for (RunJournal::Tile& tile : tiles) tile.written.clear();
      tiles[0].written = written;
    }
    journal->begin(settings, plan.tile, write.partial, std::move(tiles));
  } catch (...) {  // stopped before the journal knew the new file
    writer.reset();
    if (!in_place) std::remove(write.partial.c_str());
    throw;
  }
  return writer;
}

}  // namespace grainspin::cli
