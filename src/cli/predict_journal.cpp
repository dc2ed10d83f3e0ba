#include "src/cli/predict_journal.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "grainspin/core.h"

namespace grainspin::cli {
namespace {

using nlohmann::json;

constexpr int kVersion = 1;
constexpr double kSynchronise = 10;  // seconds between two times that the disk is waited for

std::string boot() {
  std::ifstream in("/proc/sys/kernel/random/boot_id");
  std::string id;
  std::getline(in, id);
  return id;
}

json line_of(const RunJournal::Tile& tile) { return {{"tile", tile.number}, {"written", tile.written}, {"sums", tile.sums}}; }

}  // namespace

RunJournal::RunJournal(const std::string& output) : output_(output), name_(output + ".journal") {
  fd_ = ::open(name_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  require(fd_ >= 0, Errc::kIo, output + ": cannot be written (" + std::strerror(errno) + ")");
  if (::flock(fd_, LOCK_EX | LOCK_NB) != 0) {
    ::close(fd_);
    throw Error(Errc::kArgument, output + ": another run is writing it (" + name_ + " is in use)");
  }
  read();
}

RunJournal::~RunJournal() {
  std::remove((name_ + "-new").c_str());  // where begin() came to nothing
  if (finished_ || tiles_.empty()) {
    std::remove(name_.c_str());
    if (!finished_ && begun_) std::remove(partial_.c_str());
  }
  ::close(fd_);
}

void RunJournal::read() {
  std::ifstream in(name_, std::ios::binary);
  std::string line;
  std::size_t on_disk = 0;
  bool same_boot = false;
  try {
    if (!std::getline(in, line) || in.eof()) return;
    const json head = json::parse(line);
    if (head.at("grainspin_journal") != kVersion) return;
    settings_ = head.at("settings");
    const auto cells = head.at("tile").get<std::array<int, 3>>();
    tile_ = {cells[0], cells[1], cells[2]};
    partial_ = (std::filesystem::path(output_).parent_path() / head.at("partial").get<std::string>()).string();
    same_boot = head.at("boot") == boot() && !boot().empty();
    while (std::getline(in, line) && !in.eof()) {  // a last line without its end was being written
      const json entry = json::parse(line);
      if (entry.contains("on_disk"))
        on_disk = tiles_.size();
      else
        tiles_.push_back({entry.at("tile").get<std::int64_t>(), entry.at("written").get<std::string>(), entry.at("sums").get<std::string>()});
    }
  } catch (const json::exception&) {
    // What follows a damaged line is not believed.
  }
  if (!same_boot) tiles_.resize(std::min(tiles_.size(), on_disk));
  if (!std::filesystem::exists(partial_)) tiles_.clear();
}

std::string RunJournal::differs(const json& settings) const {
  std::string names;
  for (const auto& [name, value] : settings.items())
    if (!settings_.contains(name) || settings_.at(name) != value) names += (names.empty() ? "" : ", ") + name;
  return names;
}

void RunJournal::clear() {
  if (!partial_.empty()) std::remove(partial_.c_str());
  tiles_.clear();
  partial_.clear();
}

std::string RunJournal::other_partial() const {
  const std::string name = output_ + ".partial";
  return partial_ == name ? name + "-2" : name;
}

void RunJournal::begin(const json& settings, Shape tile, const std::string& partial, std::vector<Tile> tiles) {
  const std::string fresh = name_ + "-new", old = partial_;
  const int fd = ::open(fresh.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  require(fd >= 0 && ::flock(fd, LOCK_EX | LOCK_NB) == 0, Errc::kIo, fresh + ": cannot be written (" + std::strerror(errno) + ")");
  ::close(fd_);
  fd_ = fd;
  settings_ = settings;
  tile_ = tile;
  partial_ = partial;
  tiles_ = std::move(tiles);
  begun_ = true;
  write_line({{"grainspin_journal", kVersion},
              {"settings", settings_},
              {"tile", {tile.nx, tile.ny, tile.nz}},
              {"partial", std::filesystem::path(partial).filename().string()},
              {"boot", boot()}});
  for (const Tile& t : tiles_) write_line(line_of(t));
  synchronise();
  require(std::rename(fresh.c_str(), name_.c_str()) == 0, Errc::kIo, name_ + ": cannot be written (" + std::strerror(errno) + ")");
  if (!old.empty() && old != partial_) std::remove(old.c_str());
}

void RunJournal::add(const Tile& tile) {
  tiles_.push_back(tile);
  write_line(line_of(tile));
  if (std::chrono::duration<double>(std::chrono::steady_clock::now() - synchronised_).count() > kSynchronise) synchronise();
}

void RunJournal::write_line(const json& line) {
  const std::string text = line.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t n = ::write(fd_, text.data() + done, text.size() - done);
    if (n < 0 && errno == EINTR) continue;
    require(n >= 0, Errc::kIo, name_ + ": cannot be written (" + std::strerror(errno) + ")");
    done += std::size_t(n);
  }
}

// The results first, then the word that they are there.
void RunJournal::synchronise() {
  const int data = ::open(partial_.c_str(), O_RDONLY | O_CLOEXEC);
  const bool kept = data >= 0 && ::fdatasync(data) == 0;
  const int error = errno;
  if (data >= 0) ::close(data);
  require(kept, Errc::kIo, output_ + ": cannot be kept on the disk (" + std::strerror(error) + ")");
  write_line({{"on_disk", tiles_.size()}});
  require(::fdatasync(fd_) == 0, Errc::kIo, name_ + ": cannot be kept on the disk (" + std::strerror(errno) + ")");
  synchronised_ = std::chrono::steady_clock::now();
}

}  // namespace grainspin::cli
