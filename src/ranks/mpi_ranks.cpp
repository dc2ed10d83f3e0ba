#include "src/ranks/mpi_ranks.h"

#include <dlfcn.h>

#include <charconv>
#include <cstdlib>
#include <mutex>
#include <string_view>

#include "src/open_library.h"
#include "src/ranks/mpi_table.h"

namespace grainspin {
namespace {

const mpi::Table& mpi_table() {
  static const mpi::Table* const table = [] {
    constexpr const char* kName = "libgrainspin_mpi.so";
    // Open MPI's own plug-ins look for its names among those that are global.
    void* const library = open_library({.name = kName, .variable = "GRAINSPIN_MPI_LIBRARY", .what = "MPI", .global = true});
    const auto function = reinterpret_cast<mpi::TableFunction>(dlsym(library, mpi::kTableSymbol));
    require(function, Errc::kDevice, std::string(kName) + " is not this project's: it has no " + mpi::kTableSymbol);
    const mpi::Table* found = function();
    require(found && found->version == mpi::kTableVersion, Errc::kDevice,
            std::string(kName) + " is of another version than this program: install both from one build");
    return found;
  }();
  return *table;
}

class MpiRanks final : public Ranks {
 public:
  explicit MpiRanks(const mpi::Table& table) : Ranks(table.rank(), table.size()), table_(table) {
    table_.node(&node_.rank, &node_.ranks, &node_.threads);
  }
  ~MpiRanks() override { table_.end(); }
  Node node() const override { return node_; }

 private:
  // Progress may come from another thread than the rest.
  void gather_bytes(const void* mine, std::size_t bytes, void* all) override {
    const std::lock_guard lock(busy_);
    table_.gather(mine, bytes, all);
  }
  void exchange_bytes(std::span<const RankMessage> send, std::span<const RankMessage> receive) override {
    const std::lock_guard lock(busy_);
    table_.exchange(send.data(), send.size(), receive.data(), receive.size());
  }
  void alarm() override {
    const std::lock_guard lock(busy_);
    table_.alarm();
  }
  bool alarmed() override {
    const std::lock_guard lock(busy_);
    return table_.alarmed();
  }
  void clear_alarms(const std::vector<bool>& raised) override {
    const std::lock_guard lock(busy_);
    const std::vector<unsigned char> bytes(raised.begin(), raised.end());
    table_.clear_alarms(bytes.data());
  }

  const mpi::Table& table_;
  Node node_;
  std::mutex busy_;
};

}  // namespace

std::unique_ptr<Ranks> join_mpi() {
  const mpi::Table& table = mpi_table();
  table.begin();
  return std::make_unique<MpiRanks>(table);
}

std::string mpi_summary() {
  try {
    return mpi_table().library;
  } catch (const Error& e) {
    return e.what();
  }
}

int launched_ranks() {
  for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MPI_LOCALNRANKS"}) {
    const char* const text = std::getenv(name);
    if (!text) continue;
    const std::string_view digits = text;
    int n = 0;
    if (std::from_chars(digits.data(), digits.data() + digits.size(), n).ec == std::errc() && n > 1) return n;
  }
  return 1;
}

}  // namespace grainspin
