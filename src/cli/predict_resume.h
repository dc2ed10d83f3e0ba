// `predict --resume`: going on with a run that was stopped, tile by tile of the local family.
#pragma once

#include <memory>
#include <string>

#include "grainspin/archive.h"
#include "grainspin/reconstruct.h"
#include "src/cli/predict_journal.h"

namespace grainspin::cli {

// The number of a file's content (src/checksum.h) in hexadecimal digits. Throws Error kIo.
std::string content_of(const std::string& path);
// Size and time of change: what tells an input apart without reading all of it.
nlohmann::json stamp_of(const std::string& path);

nlohmann::json json_of(const SourceOptions& source);
// An engine's description without its threads, which change no bit.
std::string engine_of(const std::string& description);

// The journal of a run that makes `output`. What an earlier, stopped run left is gone on with where `resume` says so: its
// tiling is put into `options`; Error kArgument where it had other settings. Else it is removed, and `note` says so.
std::unique_ptr<RunJournal> open_journal(const std::string& output, const nlohmann::json& settings, bool resume,
                                         ReconstructOptions& options, std::string& note);

// The result file of a run with a journal (null: without), begun anew with the grains and phases of `reader` or gone on with.
// options.done marks the tiles that are whole.
std::unique_ptr<ArchiveWriter> begin_result(const std::string& output, const ArchiveInfo& info, WriteOptions write,
                                            FieldReader& reader, RunJournal* journal, const nlohmann::json& settings,
                                            const ReconstructPlan& plan, ReconstructOptions& options);

}  // namespace grainspin::cli
