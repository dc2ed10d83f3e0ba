// What of a long prediction is whole, kept beside the unfinished result (NAME.journal beside NAME.partial), so that a run
// that was stopped, by a signal, by an error or with the machine, can be gone on with.
//
// Lines of JSON. The first tells the settings, the tiling and the unfinished file; then one for each whole tile, written
// once its results were handed to the operating system; now and then "on_disk": all before it has reached the disk. After a
// restart of the machine only what comes before the last of these counts.
#pragma once

#include <chrono>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "grainspin/grid.h"

namespace grainspin::cli {

class RunJournal {
 public:
  struct Tile {
    std::int64_t number = 0;
    std::string written;  // ArchiveWriter::flush
    std::string sums;     // ResultSink
  };

  // Reads what an earlier run of this result left. Throws Error kArgument where another program is writing it now.
  explicit RunJournal(const std::string& output);
  // Where not even one tile is whole, or the result is, nothing is left of the run.
  ~RunJournal();
  RunJournal(const RunJournal&) = delete;
  RunJournal& operator=(const RunJournal&) = delete;

  // Of the earlier run; none where there was none, or its unfinished file is gone.
  bool found() const { return !tiles_.empty(); }
  const std::vector<Tile>& tiles() const { return tiles_; }
  Shape tile() const { return tile_; }
  std::string partial() const { return partial_; }
  // Empty where they are these; else in words what is not the same.
  std::string differs(const nlohmann::json& settings) const;

  // Forgets it, the unfinished file too.
  void clear();
  // Another name for an unfinished file than that of the earlier run.
  std::string other_partial() const;
  // From now on the journal of this run, which begins with these tiles; an unfinished file of another name goes.
  void begin(const nlohmann::json& settings, Shape tile, const std::string& partial, std::vector<Tile> tiles);
  void add(const Tile& tile);
  void finish() { finished_ = true; }  // the result is whole and has its name

 private:
  void read();
  void write_line(const nlohmann::json& line);
  void synchronise();

  std::string output_, name_, partial_;
  nlohmann::json settings_;
  Shape tile_;
  std::vector<Tile> tiles_;
  int fd_ = -1;
  bool begun_ = false, finished_ = false;
  std::chrono::steady_clock::time_point synchronised_;
};

}  // namespace grainspin::cli
