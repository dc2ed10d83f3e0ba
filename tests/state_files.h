// Archives of one state in tests: their fields in one call, what other programs read (data/formats/oracle.json), and
// errors as (code, text).
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "dadf5_files.h"
#include "grainspin/archive.h"

namespace grainspin {

inline const std::string kFormats = GRAINSPIN_SOURCE_DIR "/tests/data/formats/";

inline bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

struct StateFields {
  ArchiveInfo info;
  std::vector<float> q;
  std::vector<std::int32_t> grain, phase;
};

inline StateFields fields_of(FieldReader& reader, int step = 0) {
  StateFields out;
  out.info = reader.info();
  const std::int64_t n = out.info.shape.voxels();
  out.q.resize(std::size_t(n) * 4);
  out.phase.resize(std::size_t(n));
  // In two parts, so that a part that starts within a row is read too.
  const std::int64_t cut = n / 3;
  reader.orientation(step, 0, cut, out.q.data());
  reader.orientation(step, cut, n - cut, out.q.data() + 4 * cut);
  reader.phase(0, cut, out.phase.data());
  reader.phase(cut, n - cut, out.phase.data() + cut);
  if (out.info.has_grain) {
    out.grain.resize(std::size_t(n));
    reader.grain(0, cut, out.grain.data());
    reader.grain(cut, n - cut, out.grain.data() + cut);
  }
  return out;
}

inline StateFields read_state(const std::string& path, const SourceOptions& source = {}) {
  return fields_of(*open_archive(path, {.means = true, .source = source}));
}

inline nlohmann::json oracle() { return nlohmann::json::parse(std::ifstream(kFormats + "oracle.json")); }

// Largest component by which orientations differ from w x y z of another program, whose sign may be the other one.
inline double farthest(const std::vector<float>& q, const nlohmann::json& wanted) {
  if (q.size() != 4 * wanted.size()) return 9;
  double largest = 0;
  for (std::size_t v = 0; v < wanted.size(); ++v) {
    double plus = 0, minus = 0;
    for (std::size_t c = 0; c < 4; ++c) {
      const double w = wanted[v][c].get<double>();
      plus = std::max(plus, std::abs(double(q[4 * v + c]) - w));
      minus = std::max(minus, std::abs(double(q[4 * v + c]) + w));
    }
    largest = std::max(largest, std::min(plus, minus));
  }
  return largest;
}

inline std::pair<int, std::string> error_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const Error& e) {
    return {int(e.code()), e.what()};
  }
  return {0, "no error"};
}

inline std::string text_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline void write_text(const std::string& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; }

// The text with its first `from` replaced; fails where there is none.
inline std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

// Reading this text as an archive fails with the code, and the message names all of `parts`.
inline void expect_refused(const std::string& path, const std::string& text, Errc code, const std::vector<std::string>& parts,
                           const SourceOptions& source = {}) {
  write_text(path, text);
  const auto [status, what] = error_of([&] { read_state(path, source); });
  EXPECT_EQ(status, int(code)) << what;
  for (const std::string& part : parts) EXPECT_TRUE(contains(what, part)) << what << "\nwanted: " << part;
}

}  // namespace grainspin
