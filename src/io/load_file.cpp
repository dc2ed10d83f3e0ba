#include "grainspin/load_file.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#include "src/io/damask_setup.h"
#include "src/io/numbers.h"

namespace grainspin {
namespace {

constexpr std::size_t kMaxSteps = 100'000;
constexpr const char* kNames[9] = {"xx", "xy", "xz", "yx", "yy", "yz", "zx", "zy", "zz"};

std::vector<std::string> words(const std::string& line) {
  std::vector<std::string> out;
  for (std::size_t at = 0;;) {
    at = line.find_first_not_of(" \t,;", at);
    if (at == std::string::npos) return out;
    const std::size_t end = std::min(line.find_first_of(" \t,;", at), line.size());
    out.push_back(line.substr(at, end - at));
    at = end;
  }
}

// Which component each column is; nothing where the line is no list of names.
bool header(const std::vector<std::string>& names, std::array<std::size_t, 9>& component) {
  if (names.size() != 9) return false;
  std::array<bool, 9> seen{};
  for (std::size_t i = 0; i < 9; ++i) {
    const auto found = std::ranges::find_if(kNames, [&](const char* n) { return names[i].ends_with(n); });
    if (found == std::end(kNames)) return false;
    component[i] = std::size_t(found - std::begin(kNames));
    seen[component[i]] = true;
  }
  return std::ranges::all_of(seen, [](bool s) { return s; });
}

bool is_hdf5(const std::string& text) { return text.compare(0, 8, "\x89HDF\r\n\x1a\n", 8) == 0; }

// Looks like a file's name, not like the name of a path.
bool looks_like_file(const std::string& text) {
  return text.find_first_of("/\\") != std::string::npos ||
         (text.find(':') == std::string::npos && text.find('.') != std::string::npos);
}

}  // namespace

std::vector<LoadStep> read_load_table(const std::string& text, const std::string& where) {
  std::vector<LoadStep> loads;
  std::array<std::size_t, 9> component{0, 1, 2, 3, 4, 5, 6, 7, 8};
  bool first = true;
  int number = 0;
  for (std::size_t at = text.starts_with("\xef\xbb\xbf") ? 3 : 0; at < text.size(); ++number) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string line = text.substr(at, end - at);
    at = end + 1;
    if (line.ends_with('\r')) line.pop_back();
    const std::vector<std::string> values = words(line);
    if (values.empty() || values[0].starts_with('#')) continue;
    if (std::exchange(first, false) && header(values, component)) continue;
    const std::string place = where + ", line " + std::to_string(number + 1) + ": ";
    LoadStep load;
    for (std::size_t i = 0; i < std::min<std::size_t>(values.size(), 9); ++i) {
      if (values[i] == "x" || values[i] == "X") continue;
      const auto value = parse_number<double>(values[i]);
      require(value && std::isfinite(*value), Errc::kFormat,
              place + "'" + values[i].substr(0, 40) + "' is neither a number nor x");
      load.L[component[i]] = *value;
      load.prescribed[component[i]] = true;
    }
    require(values.size() == 9, Errc::kFormat,
            place + std::to_string(values.size()) + " values, wanted the 9 of a velocity gradient, row by row " +
                "(numbers with decimal points, x where free)");
    require(std::ranges::any_of(load.prescribed, [](bool p) { return p; }), Errc::kFormat,
            place + "prescribes nothing");
    require(loads.size() < kMaxSteps, Errc::kFormat, where + ": more than " + std::to_string(kMaxSteps) + " steps");
    loads.push_back(load);
  }
  require(!loads.empty(), Errc::kFormat, where + ": holds no step of a load");
  return loads;
}

std::vector<LoadStep> prescribed_loads(const ArchiveInfo& info) {
  std::vector<LoadStep> loads = info.all_loads.empty() ? info.loads : info.all_loads;
  require(!loads.empty(), Errc::kFormat, info.path + ": does not tell its load (no deformation gradients)");
  for (std::size_t k = 0; k < loads.size(); ++k) {
    LoadStep& load = loads[k];
    require(std::ranges::any_of(load.prescribed, [](bool p) { return p; }), Errc::kFormat,
            info.path + ": step " + std::to_string(k + 1) +
                ": which components of the load were prescribed is not known (no load case in it or beside it)");
    for (std::size_t c = 0; c < 9; ++c)
      if (!load.prescribed[c]) load.L[c] = 0;
  }
  return loads;
}

std::vector<LoadStep> read_load(const std::string& text, const LoadDefaults& defaults) {
  std::error_code none;
  if (!std::filesystem::exists(text, none)) {
    require(!looks_like_file(text), Errc::kIo, "load '" + text + "': no such file (or a name: " + load_names() + ")");
    return named_load(text, defaults);
  }
  require(std::filesystem::is_regular_file(text, none), Errc::kIo, "load '" + text + "': is not a file");
  std::ifstream in(text, std::ios::binary);
  std::string start(8, '\0');
  in.read(start.data(), 8);
  start.resize(std::size_t(in.gcount()));
  if (is_hdf5(start)) return prescribed_loads(open_archive(text)->info());
  constexpr std::uintmax_t kLargest = 50'000'000;
  require(std::filesystem::file_size(text, none) < kLargest, Errc::kFormat,
          text + ": is too large for a load case or a table of steps");
  std::string content = start + std::string(std::istreambuf_iterator<char>(in), {});
  require(!in.bad(), Errc::kIo, text + ": cannot be read");
  return is_load_case(content) ? read_load_yaml(content, text) : read_load_table(content, text);
}

}  // namespace grainspin
