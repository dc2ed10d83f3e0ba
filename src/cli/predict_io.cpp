#include "src/cli/predict_io.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <chrono>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include "grainspin/core.h"
#include "src/cli/verbs.h"
#include "src/io/result_extra.h"

namespace grainspin::cli {
namespace {

constexpr std::int64_t kSlab = 1 << 18;  // voxels read at once: 4 MB of orientations

template <class F>
void slabs(std::int64_t voxels, F&& part) {
  for (std::int64_t at = 0; at < voxels; at += kSlab) {
    require(!stop_requested(), Errc::kInterrupted, "stopped on request");
    part(at, std::min(kSlab, voxels - at));
  }
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts;
  std::size_t at = 0;
  for (std::size_t comma; (comma = text.find(',', at)) != std::string::npos; at = comma + 1)
    parts.push_back(text.substr(at, comma - at));
  parts.push_back(text.substr(at));
  return parts;
}

int whole_number(const std::string& text, const char* option) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  require(error == std::errc() && end == text.data() + text.size(), Errc::kArgument,
          std::string(option) + ": '" + text + "' is not a whole number");
  return value;
}

}  // namespace

void InitialState::read(std::int64_t begin, std::int64_t count, float* q) {
  reader_.orientation(step_, begin, count, q);
  for (std::int64_t i = 0; i < count; ++i) {
    float* o = q + i * 4;
    const double n =
        std::sqrt(double(o[0]) * o[0] + double(o[1]) * o[1] + double(o[2]) * o[2] + double(o[3]) * o[3]);
    if (std::abs(n - 1) < 1e-6) continue;
    if (!mask_.empty() && !mask_[std::size_t(begin + i)]) continue;
    if (!(std::abs(n - 1) < 1e-2)) {
      const std::int64_t v = begin + i, nx = shape().nx, ny = shape().ny;
      throw Error(
          Errc::kFormat,
          fmt::format(
              "{}: the initial orientation of voxel ({}, {}, {}) is ({}, {}, {}, {}), not a unit quaternion; "
              "voxels without an orientation can be masked (--mask)",
              reader_.info().path, v % nx, v / nx % ny, fold(first_ + int(v / nx / ny), nz_, Boundary::kPeriodic), o[0], o[1], o[2], o[3]));
    }
    for (int c = 0; c < 4; ++c) o[c] = float(o[c] / n);
  }
}

ResultSink::ResultSink(ArchiveWriter& writer, Choice choice, MacroCurve& curve, RunVerdict& verdict, RunJournal* journal,
                       std::int64_t tiles)
    : writer_(writer), choice_(std::move(choice)), curve_(curve), verdict_(verdict), journal_(journal), whole_(std::size_t(tiles)) {
  if (!journal_) return;
  for (const RunJournal::Tile& tile : journal_->tiles()) whole_.at(std::size_t(tile.number)) = sums_of(tile.sums);
}

void ResultSink::write(std::array<int, 3> lo, Shape extent, const StepOutput& out) {
  const auto start = std::chrono::steady_clock::now();
  const auto now = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(); };
  const std::uint8_t* verdict = nullptr;
  const int slot = choice_.slot[std::size_t(out.step)];
  if (out.step > 0) {
    verdict_.add_error(extent, out);
    TileSums& sums = begun_[lo];
    sums.resize(choice_.slot.size() - 1);
    StepSum& sum = sums[std::size_t(out.step - 1)];
    curve_.count(lo, extent, out, sum.stress);
    if (slot >= 0 && out.verdict) {  // judged on the device
      verdict = out.verdict;
      sum.verdict += *out.verdicts;
    } else if (slot >= 0) {
      verdict = verdict_.judge(lo, extent, out, sum.verdict);
    }
    if (out.load) {
      curve_.load(out.step, *out.load);
      writer_.load(out.step, *out.load);
    }
  }
  const double judged = now();
  judge_seconds += judged;
  if (slot < 0) return;
  if (out.packed) writer_.packed_orientation(slot, lo, extent, out.packed);
  else writer_.orientation(slot, lo, extent, out.orientation);
  bytes += extent.voxels() * 16;
  if (out.stress && choice_.stress) {
    writer_.stress(slot, lo, extent, out.stress);
    bytes += extent.voxels() * 24;
  }
  if (verdict && choice_.verdict) {
    writer_.verdict(slot, lo, extent, verdict);
    bytes += extent.voxels();
  }
  if (choice_.uncertainty && out.step > 0) {
    if (const float* const degrees = verdict_.error_degrees()) {
      dynamic_cast<ExtraFields&>(writer_).extra(kEstimatedError, slot, lo, extent, degrees);
      bytes += extent.voxels() * 4;
    }
  }
  write_seconds += now() - judged;
}

void ResultSink::whole(std::int64_t tile, std::array<int, 3> lo) {
  TileSums& sums = whole_.at(std::size_t(tile));
  sums = std::move(begun_[lo]);
  begun_.erase(lo);
  if (journal_) journal_->add({tile, writer_.flush(), text(sums)});
}

void ResultSink::finish() {
  for (auto& [lo, sums] : begun_) whole_.push_back(std::move(sums));  // runs without tiles do not tell what is whole
  begun_.clear();
  for (const TileSums& tile : whole_)
    for (std::size_t t = 0; t < tile.size(); ++t) {
      verdict_.add(int(t) + 1, tile[t].verdict);
      curve_.add(int(t) + 1, tile[t].stress);
    }
}

// Doubles as their bits, so that they come back as they were.
std::string ResultSink::text(const TileSums& sums) {
  std::string out;
  for (const StepSum& s : sums) {
    const VoxelVerdicts& v = s.verdict;
    out += fmt::format("{} {} {} {} {} {:x} {:x} {}", v.voxels, v.doubtful, v.outside, v.orientation, v.increment,
                       std::bit_cast<std::uint64_t>(v.orientation_beyond), std::bit_cast<std::uint64_t>(v.increment_largest),
                       s.stress.voxels);
    for (const double c : s.stress.stress) out += fmt::format(" {:x}", std::bit_cast<std::uint64_t>(c));
    out += ";";
  }
  return out;
}

ResultSink::TileSums ResultSink::sums_of(const std::string& text) const {
  TileSums sums;
  const char* at = text.data();
  const char* const end = at + text.size();
  bool fine = true;
  const auto next = [&](auto& value, int base) {
    while (at != end && (*at == ' ' || *at == ';')) ++at;
    const auto [stop, error] = std::from_chars(at, end, value, base);
    fine = fine && error == std::errc();
    at = stop;
  };
  const auto number = [&](double& value) {
    std::uint64_t bits = 0;
    next(bits, 16);
    value = std::bit_cast<double>(bits);
  };
  while (at != end && fine) {
    StepSum& s = sums.emplace_back();
    for (std::int64_t* n : {&s.verdict.voxels, &s.verdict.doubtful, &s.verdict.outside, &s.verdict.orientation, &s.verdict.increment})
      next(*n, 10);
    number(s.verdict.orientation_beyond);
    number(s.verdict.increment_largest);
    next(s.stress.voxels, 10);
    for (double& c : s.stress.stress) number(c);
    while (at != end && *at == ';') ++at;
  }
  require(fine && sums.size() < choice_.slot.size(), Errc::kFormat, "the journal of the run is damaged");
  return sums;
}

std::vector<std::uint8_t> read_mask(FieldReader& reader, const std::vector<std::string>& masks) {
  if (masks.empty()) return {};
  const ArchiveInfo& info = reader.info();
  std::set<std::int32_t> phases, grains;
  for (const std::string& m : masks) {
    if (m.starts_with("phase=")) {
      const auto found = std::ranges::find(info.phases, m.substr(6), &PhaseInfo::name);
      require(found != info.phases.end(), Errc::kArgument,
              info.path + ": has no phase '" + m.substr(6) + "' to mask");
      phases.insert(std::int32_t(found - info.phases.begin()));
    } else if (m.starts_with("grain=")) {
      require(info.has_grain, Errc::kArgument, info.path + ": has no grain ids to mask by");
      for (const std::string& id : split(m.substr(6))) grains.insert(whole_number(id, "--mask"));
    } else {
      throw Error(Errc::kArgument, "--mask: '" + m + "', wanted phase=NAME or grain=NUMBERS");
    }
  }
  std::vector<std::uint8_t> mask(std::size_t(info.shape.voxels()), 1);
  std::vector<std::int32_t> ids;
  slabs(info.shape.voxels(), [&](std::int64_t at, std::int64_t count) {
    ids.resize(std::size_t(count));
    const auto apply = [&](const std::set<std::int32_t>& masked) {
      for (std::int64_t i = 0; i < count; ++i)
        if (masked.contains(ids[i])) mask[std::size_t(at + i)] = 0;
    };
    if (!phases.empty()) reader.phase(at, count, ids.data()), apply(phases);
    if (!grains.empty()) reader.grain(at, count, ids.data()), apply(grains);
  });
  return mask;
}

Packing parse_packing(const std::string& name) {
  for (const Packing p : {Packing::k32, Packing::k48, Packing::k64})
    if (name == "packed" + std::to_string(int(p))) return p;
  require(name == "float32", Errc::kArgument, "orientations: '" + name + "', wanted float32, packed32, packed48 or packed64");
  return Packing::kNone;
}

std::vector<int> parse_steps(const std::string& text, int steps) {
  std::set<int> chosen{0};
  if (text == "all") {
    for (int k = 1; k <= steps; ++k) chosen.insert(k);
  } else if (text == "last") {
    chosen.insert(steps);
  } else {
    for (const std::string& part : split(text)) {
      const int k = whole_number(part, "--steps");
      require(k >= 0 && k <= steps, Errc::kArgument,
              fmt::format("--steps: {} is not among the steps 0 to {}", k, steps));
      chosen.insert(k);
    }
  }
  return {chosen.begin(), chosen.end()};
}

int parse_increment(const ArchiveInfo& info, std::int64_t increment) {
  if (increment < 0) return 0;
  const std::string name = "increment_" + std::to_string(increment);
  for (std::size_t k = 0; k < info.steps.size(); ++k)
    if (info.steps[k].name == name) return int(k);
  const bool named = std::ranges::any_of(info.steps, [](const StepInfo& s) { return s.name.starts_with("increment_"); });
  std::string all;
  for (const StepInfo& s : info.steps) all.append(all.empty() ? "" : ", ").append(s.name);
  require(!named && increment < std::int64_t(info.steps.size()), Errc::kArgument,
          fmt::format("--from-increment: {} holds no {} (it has {})", info.path, name, all));
  return int(increment);
}

Boundaries parse_boundaries(const std::string& text) {
  std::vector<std::string> parts = split(text);
  if (parts.size() == 1) parts.assign(3, parts[0]);
  require(parts.size() == 3, Errc::kArgument,
          "--boundary: wanted one word or three, such as periodic,periodic,clamped");
  const auto one = [](const std::string& word) {
    require(word == "periodic" || word == "clamped", Errc::kArgument,
            "--boundary: '" + word + "', wanted periodic or clamped");
    return word == "periodic" ? Boundary::kPeriodic : Boundary::kClamped;
  };
  return {one(parts[0]), one(parts[1]), one(parts[2])};
}

void copy_grains_and_phases(FieldReader& reader, ArchiveWriter& writer) {
  const ArchiveInfo& info = reader.info();
  if (!info.has_grain && info.phases.size() < 2) return;
  std::vector<std::int32_t> ids;
  slabs(info.shape.voxels(), [&](std::int64_t at, std::int64_t count) {
    ids.resize(std::size_t(count));
    if (info.has_grain) reader.grain(at, count, ids.data()), writer.grain(at, count, ids.data());
    if (info.phases.size() > 1) reader.phase(at, count, ids.data()), writer.phase(at, count, ids.data());
  });
}

}  // namespace grainspin::cli
