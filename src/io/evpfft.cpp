#include "src/io/evpfft.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <map>
#include <numbers>
#include <vector>

#include "src/io/output.h"
#include "src/io/state.h"
#include "src/io/text_file.h"

namespace grainspin {
namespace {

constexpr double kRadians = std::numbers::pi / 180;

struct Row {
  double angle[3];
  std::int64_t at[3];  // x y z from 1
  std::int64_t grain, phase;
};

// Whole numbers may be written as 3 or 3.000e+00.
bool parse_whole(std::string_view word, std::int64_t& out) {
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), out);
  if (error == std::errc() && end == word.data() + word.size()) return true;
  const auto value = parse_number<double>(word);
  if (!value || *value != std::floor(*value) || !(std::abs(*value) < 1e15)) return false;
  out = std::int64_t(*value);
  return true;
}

// False where it is not eight numbers, finite, the last five whole.
bool parse_row(std::string_view line, Row& row) {
  for (double& a : row.angle) {
    const auto value = parse_number<double>(next_word(line));
    if (!value || !std::isfinite(*value)) return false;
    a = *value;
  }
  for (std::int64_t* to : {&row.at[0], &row.at[1], &row.at[2], &row.grain, &row.phase})
    if (!parse_whole(next_word(line), *to)) return false;
  return next_word(line).empty();
}

// Extents from the order of the lines: nx is known when y first grows, ny when z does.
class Order {
 public:
  bool next(const Row& row) {
    if (row.at[0] == at_[0] + 1 && row.at[1] == at_[1] && row.at[2] == at_[2] && (n_[0] == 0 || at_[0] < n_[0])) {
      ++at_[0];
      return true;
    }
    if (at_[0] == 0 || row.at[0] != 1 || (n_[0] != 0 && at_[0] != n_[0])) return false;
    if (row.at[1] == at_[1] + 1 && row.at[2] == at_[2] && (n_[1] == 0 || at_[1] < n_[1])) {
      n_[0] = at_[0];
      ++at_[1];
    } else if (row.at[1] == 1 && row.at[2] == at_[2] + 1 && (n_[1] == 0 || at_[1] == n_[1])) {
      n_[0] = at_[0];
      n_[1] = at_[1];
      ++at_[2];
    } else {
      return false;
    }
    at_[0] = 1;
    at_[1] = row.at[1];
    return true;
  }
  std::array<std::int64_t, 3> wanted() const {  // the plain next one
    return n_[0] != 0 && at_[0] == n_[0] ? std::array{std::int64_t(1), at_[1] + 1, at_[2]}
                                         : std::array{at_[0] + 1, at_[1], at_[2]};
  }
  // Whole only at the end of a row, a plane.
  bool whole() const { return (n_[0] == 0 || at_[0] == n_[0]) && (n_[1] == 0 || at_[1] == n_[1]); }
  std::array<std::int64_t, 3> cells() const { return at_; }

 private:
  std::int64_t n_[2] = {0, 0};
  std::array<std::int64_t, 3> at_{0, 1, 1};
};

std::string triple(const std::array<std::int64_t, 3>& a) {
  return std::to_string(a[0]) + " " + std::to_string(a[1]) + " " + std::to_string(a[2]);
}

}  // namespace

bool is_evpfft_line(std::string_view line) {
  Row row;
  return parse_row(line, row);
}

std::unique_ptr<FieldReader> read_evpfft(const std::string& path, const SourceOptions& source) {
  TextFile text(path);
  require(source.angles.empty() || source.angles == "degrees" || source.angles == "radians", Errc::kArgument,
          "angles in '" + source.angles + "': wanted degrees or radians");
  const double unit = source.angles == "radians" ? 1 : kRadians;
  State state;
  state.info.path = path;
  state.info.format = "EVPFFT text";
  std::map<std::int64_t, std::int32_t> phases;  // by the file's number
  constexpr std::int64_t kIds = std::numeric_limits<std::int32_t>::max();
  Order order;
  Row row, last{};
  Quat q;
  std::string_view line;
  while (text.line(line)) {
    if (line.find_first_not_of(" \t\r\v\f") == std::string_view::npos) continue;
    if (!parse_row(line, row)) throw text.error("wanted phi1 Phi phi2 x y z grain phase, eight finite numbers");
    if (!order.next(row)) {
      throw text.error("is of voxel " + triple({row.at[0], row.at[1], row.at[2]}) + ", wanted " +
                       triple(order.wanted()) + " (from 1, x fastest, whole rows and planes)");
    }
    if (row.grain < -kIds || row.grain > kIds) throw text.error("implausible grain " + std::to_string(row.grain));
    if (row.phase < 0 || row.phase > kIds) throw text.error("implausible phase " + std::to_string(row.phase));
    // Neighbours of one grain have the same angles to the bit.
    if (state.q.empty() || !std::equal(row.angle, row.angle + 3, last.angle)) {
      const Quatd o = from_bunge(Vec3<double>{row.angle[0] * unit, row.angle[1] * unit, row.angle[2] * unit});
      q = {float(o.w), float(o.x), float(o.y), float(o.z)};
    }
    last = row;
    const auto [found, fresh] = phases.try_emplace(row.phase, std::int32_t(phases.size()));
    if (fresh && phases.size() > 10'000) throw text.error("implausibly many phases");
    state.q.push_back(q);
    state.grain.push_back(std::int32_t(row.grain));
    state.phase.push_back(found->second);
  }
  require(!state.q.empty(), Errc::kFormat, path + ": holds no voxels");
  if (!order.whole())
    throw text.error("the file ends within a row or plane of voxels, at " + triple(order.cells()));
  state.info.shape = checked_shape(order.cells(), double(state.q.size()), path);
  require(std::size_t(state.info.shape.voxels()) == state.q.size(), Errc::kShape, path + ": is cut off");
  set_spacing(state.info, {1, 1, 1}, 1, source);
  state.info.phases.resize(phases.size());
  for (const auto& [number, index] : phases)
    state.info.phases[std::size_t(index)].name = "phase_" + std::to_string(number);
  return state_archive(std::move(state), source);
}

void write_evpfft(FieldReader& in, int step, const std::string& path, const Progress& progress) {
  const ArchiveInfo& info = in.info();
  const Shape s = info.shape;
  constexpr std::int64_t kSlab = 1 << 16;
  std::vector<float> q(std::size_t(kSlab) * 4);
  std::vector<std::int32_t> grain(kSlab), phase(kSlab);
  Output out(path);
  std::string buffer;
  const auto whole = [&buffer](std::int64_t value) {
    char text[24];
    buffer.append(text, std::to_chars(text, text + sizeof text, value).ptr);
  };
  const std::int64_t N = s.voxels();
  for (std::int64_t begin = 0; begin < N; begin += kSlab) {
    const std::int64_t n = std::min(kSlab, N - begin);
    if (progress && !progress(double(begin) / double(N), "write"))
      throw Error(Errc::kInterrupted, path + ": stopped; nothing of it was kept");
    in.orientation(step, begin, n, q.data());
    if (info.has_grain) in.grain(begin, n, grain.data());
    in.phase(begin, n, phase.data());
    buffer.clear();
    for (std::int64_t i = 0; i < n; ++i) {
      const float* o = &q[std::size_t(i) * 4];
      const auto a = bunge(normalised(Quatd{o[0], o[1], o[2], o[3]}));
      require(std::isfinite(a.x + a.y + a.z), Errc::kFormat,
              info.path + ": the orientation of voxel " + std::to_string(begin + i) + " is not finite");
      for (const double angle : {a.x, a.y, a.z}) {
        char text[40];
        buffer.append(text, std::to_chars(text, text + sizeof text, angle / kRadians, std::chars_format::fixed, 6).ptr);
        buffer += ' ';
      }
      const std::int64_t v = begin + i;
      for (const std::int64_t c : {v % s.nx + 1, v / s.nx % s.ny + 1, v / s.nx / s.ny + 1}) whole(c), buffer += ' ';
      whole(info.has_grain ? grain[std::size_t(i)] + 1 : 1);
      buffer += ' ';
      whole(phase[std::size_t(i)] + 1);
      buffer += '\n';
    }
    out.write(buffer);
  }
  out.finish();
}

}  // namespace grainspin
