#include "files.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <numbers>
#include <stdexcept>

#include "rotation.h"

namespace cp {
namespace {

constexpr double kDegree = std::numbers::pi / 180;
constexpr std::int64_t kMostVoxels = std::int64_t{1} << 32;

// Lines of a text file cut at blanks; empty lines and comments left out. The numbers do not depend on the
// locale.
class Lines {
 public:
  explicit Lines(const std::string& path) : path_(path), file_(path) {
    if (!file_) throw std::runtime_error(path + ": cannot be opened");
  }
  bool next() {
    for (std::string line; std::getline(file_, line);) {
      ++number_;
      words_.clear();
      line.resize(std::min(line.find('#'), line.size()));
      for (std::size_t at = 0; (at = line.find_first_not_of(" \t\r", at)) != std::string::npos;) {
        const auto end = std::min(line.find_first_of(" \t\r", at), line.size());
        words_.push_back(line.substr(at, end - at));
        at = end;
      }
      if (!words_.empty()) return true;
    }
    if (file_.bad()) throw std::runtime_error(path_ + ": reading stopped");
    return false;
  }
  const std::vector<std::string>& words() const { return words_; }
  [[noreturn]] void wrong(const std::string& text) const {
    throw std::runtime_error(path_ + ", line " + std::to_string(number_) + ": " + text);
  }
  void want(std::size_t count) const {
    if (words_.size() != count)
      wrong("wants " + std::to_string(count) + " columns, has " + std::to_string(words_.size()));
  }
  template <class T>
  T number(std::size_t column) const {
    T x{};
    const auto& word = words_[column];
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), x);
    bool good = error == std::errc() && end == word.data() + word.size();
    if constexpr (std::is_floating_point_v<T>) good = good && std::isfinite(x);
    if (!good) wrong("column " + std::to_string(column + 1) + " is not a number: " + word);
    return x;
  }

 private:
  std::string path_;
  std::ifstream file_;
  std::int64_t number_ = 0;
  std::vector<std::string> words_;
};

}  // namespace

Microstructure read_microstructure(const std::string& path) {
  struct Row {
    std::array<double, 3> angle;
    std::array<int, 3> at;
    std::int64_t grain;
  };
  std::vector<Row> rows;
  Microstructure out;
  Lines lines(path);
  while (lines.next()) {
    lines.want(8);
    Row row;
    for (int i = 0; i < 3; ++i) {
      row.angle[i] = lines.number<double>(i);
      row.at[i] = lines.number<int>(3 + i);
      if (row.at[i] < 1) lines.wrong("voxels count from 1");
      out.voxels[i] = std::max(out.voxels[i], row.at[i]);
    }
    row.grain = lines.number<std::int64_t>(6);
    rows.push_back(row);
  }
  const auto count = static_cast<std::int64_t>(rows.size());
  const double box = double(out.voxels[0]) * out.voxels[1] * out.voxels[2];
  if (count == 0 || box > double(kMostVoxels) || std::int64_t(box) != count)
    throw std::runtime_error(path + ": " + std::to_string(count) + " lines do not fill a box of " +
                             std::to_string(out.voxels[0]) + " x " + std::to_string(out.voxels[1]) + " x " +
                             std::to_string(out.voxels[2]) + " voxels");
  out.orientation.resize(4 * count);
  out.grain.resize(count);
  std::vector<bool> seen(count);
  for (const auto& row : rows) {
    const std::int64_t i =
        row.at[0] - 1 +
        std::int64_t(out.voxels[0]) * (row.at[1] - 1 + std::int64_t(out.voxels[1]) * (row.at[2] - 1));
    if (seen[i])
      throw std::runtime_error(path + ": voxel " + std::to_string(row.at[0]) + " " +
                               std::to_string(row.at[1]) + " " + std::to_string(row.at[2]) +
                               " is there twice");
    seen[i] = true;
    const Quaternion q = from_euler(kDegree * row.angle[0], kDegree * row.angle[1], kDegree * row.angle[2]);
    std::copy(q.begin(), q.end(), out.orientation.begin() + 4 * i);
    out.grain[i] = row.grain;
  }
  return out;
}

void write_microstructure(const std::string& path, const Microstructure& structure,
                          const double* orientation) {
  const std::string temporary = path + ".part";
  {
    std::ofstream file(temporary);
    file.imbue(std::locale::classic());
    std::int64_t i = 0;
    for (int z = 1; z <= structure.voxels[2]; ++z)
      for (int y = 1; y <= structure.voxels[1]; ++y)
        for (int x = 1; x <= structure.voxels[0]; ++x, ++i) {
          const double* q = orientation + 4 * i;
          for (const double angle : to_euler({q[0], q[1], q[2], q[3]})) {
            char text[32];
            const auto end =
                std::to_chars(text, text + sizeof text, angle / kDegree, std::chars_format::fixed, 6).ptr;
            file.write(text, end - text).put(' ');
          }
          file << x << ' ' << y << ' ' << z << ' ' << structure.grain[i] << " 1\n";
        }
    file.close();
    if (!file) {
      std::error_code ignored;
      std::filesystem::remove(temporary, ignored);
      throw std::runtime_error(path + ": cannot be written");
    }
  }
  std::filesystem::rename(temporary, path);
}

std::vector<LoadStep> read_load(const std::string& path) {
  std::vector<LoadStep> steps;
  Lines lines(path);
  while (lines.next()) {
    lines.want(12);
    LoadStep step;
    step.time = lines.number<double>(0);
    step.increments = lines.number<int>(1);
    step.ratio = lines.number<double>(2);
    if (!(step.time > 0) || step.increments < 1 || !(step.ratio > 0))
      lines.wrong("wants a time and a ratio above zero and at least one increment");
    for (int c = 0; c < 9; ++c) {
      step.end.free[c] = lines.words()[3 + c] == "x";
      if (!step.end.free[c]) step.end.F[c] = lines.number<double>(3 + c);
    }
    steps.push_back(step);
  }
  if (steps.empty()) throw std::runtime_error(path + ": no load step");
  return steps;
}

double time_of(const LoadStep& step, int i) {
  if (step.ratio == 1) return step.time / step.increments;
  return step.time * (step.ratio - 1) * std::pow(step.ratio, i) / (std::pow(step.ratio, step.increments) - 1);
}

}  // namespace cp
