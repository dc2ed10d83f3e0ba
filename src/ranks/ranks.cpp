#include "src/ranks/ranks.h"

#include <algorithm>
#include <cstring>

namespace grainspin {

// Every collective call begins with a word of each rank. A rank that has failed says so in settle(), which takes the
// place of the call that the others are in.
void Ranks::agree(bool well) {
  if (size_ == 1) {
    failed_ = !well;
    return;
  }
  const std::uint8_t mine = well ? 1 : 0;
  std::vector<std::uint8_t> all(std::size_t(size_), 0);
  gather_bytes(&mine, 1, all.data());
  failed_ = std::ranges::find(all, std::uint8_t(0)) != all.end();
}

void Ranks::meet() {
  agree(true);
  if (failed_) throw OtherRankFailed();
}

void Ranks::gather(const void* mine, std::size_t bytes, void* all) {
  meet();
  gather_bytes(mine, bytes, all);
}

void Ranks::sum(std::span<double> values) {
  std::vector<double> all(values.size() * std::size_t(size_));
  gather(values.data(), values.size_bytes(), all.data());
  std::ranges::fill(values, 0.0);
  for (std::size_t i = 0; i < all.size(); ++i) values[i % values.size()] += all[i];
}

void Ranks::require_same(std::uint64_t mine, const std::string& what) {
  const std::vector<std::uint64_t> all = gather(mine);
  for (std::size_t r = 1; r < all.size(); ++r)
    require(all[r] == all[0], Errc::kArgument, what + ": rank " + std::to_string(r) + " has another one than rank 0");
}

void Ranks::exchange(std::span<const RankMessage> send, std::span<const RankMessage> receive) {
  meet();
  exchange_bytes(send, receive);
}

void Ranks::watch() {
  if (size_ > 1 && alarmed()) throw OtherRankFailed();
}

std::optional<RankFailure> Ranks::settle(const std::optional<RankFailure>& mine, bool echo) {
  const bool told = mine && !failed_ && size_ > 1;
  if (told && !echo) alarm();
  if (!failed_) agree(!mine);
  if (!failed_) return std::nullopt;
  if (size_ == 1) return mine;

  struct Record {
    std::int32_t code = 0;
    bool own = false, alarm = false;
    char text[4000] = {};
  };
  Record record;
  if (mine) {
    record.code = std::int32_t(mine->code);
    record.own = !echo;
    record.alarm = told && !echo;
    std::strncpy(record.text, mine->text.c_str(), sizeof record.text - 1);
  }
  std::vector<Record> all(std::size_t(size_), record);
  gather_bytes(&record, sizeof record, all.data());
  std::vector<bool> raised;
  for (const Record& r : all) raised.push_back(r.alarm);
  clear_alarms(raised);
  // Who was only asked to stop (a signal reaches all) says less than who has an error.
  int found = -1;
  for (int r = 0; r < size_; ++r) {
    const Record& one = all[std::size_t(r)];
    if (!one.own) continue;
    if (found < 0 || (all[std::size_t(found)].code == int(Errc::kInterrupted) && one.code != int(Errc::kInterrupted))) found = r;
  }
  if (found < 0) return RankFailure{0, Errc::kInternal, "a rank has failed without a reason"};
  const Record& one = all[std::size_t(found)];
  return RankFailure{found, Errc(one.code), one.text};
}

void OneRank::gather_bytes(const void* mine, std::size_t bytes, void* all) { std::memcpy(all, mine, bytes); }

}  // namespace grainspin
