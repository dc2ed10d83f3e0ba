#include "src/cli/memory.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <string_view>

#include <fmt/format.h>

#include "grainspin/core.h"

namespace grainspin::cli {
namespace {

// The number behind `key` in a file of lines "key number"; -1 where there is none.
std::int64_t number_in(const char* path, std::string_view key) {
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with(key)) continue;
    const std::size_t digit = line.find_first_of("0123456789", key.size());
    std::int64_t value = -1;
    if (digit != std::string::npos) std::from_chars(line.data() + digit, line.data() + line.size(), value);
    return value;
  }
  return -1;
}

}  // namespace

std::int64_t parse_size(const std::string& text) {
  const auto refuse = [&] {
    throw Error(Errc::kArgument, "'" + text + "' is not a size such as 2GB, 500MB or 1.5GiB");
  };
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || !std::isfinite(value) || value < 0) refuse();
  std::string unit;
  for (const char* c = end; c != text.data() + text.size(); ++c)
    if (*c != ' ') unit += char(*c | 0x20);  // lower case
  if (unit.ends_with('b')) unit.pop_back();
  double base = 1000;
  if (unit.ends_with('i')) base = 1024, unit.pop_back();
  static constexpr std::string_view kPrefixes = "kmgt";
  if (!unit.empty()) {
    const std::size_t power = unit.size() == 1 ? kPrefixes.find(unit[0]) : std::string_view::npos;
    if (power == std::string_view::npos) refuse();
    value *= std::pow(base, double(power + 1));
  } else if (base == 1024) {
    refuse();
  }
  if (value > 9e18) refuse();
  return std::int64_t(value);
}

std::string size_text(double bytes) {
  if (bytes >= 1e9) return fmt::format("{:.2f} GB", bytes / 1e9);
  return fmt::format("{:.0f} MB", std::ceil(bytes / 1e6));
}

std::int64_t available_memory() {
  std::int64_t free = number_in("/proc/meminfo", "MemAvailable:") * 1024;
  const std::int64_t limit = number_in("/sys/fs/cgroup/memory.max", ""),
                     used = number_in("/sys/fs/cgroup/memory.current", "");
  if (limit > 0 && used >= 0) free = free > 0 ? std::min(free, limit - used) : limit - used;
  return std::max<std::int64_t>(free, 0);
}

std::int64_t resident_memory() {
  const std::int64_t own = number_in("/proc/self/status", "RssAnon:"), shared = number_in("/proc/self/status", "RssShmem:");
  if (own >= 0) return (own + std::max<std::int64_t>(0, shared)) * 1024;
  return std::max<std::int64_t>(0, number_in("/proc/self/status", "VmRSS:") * 1024);  // Linux before 4.5
}

}  // namespace grainspin::cli
