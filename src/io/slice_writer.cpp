#include "src/io/slice_writer.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numbers>
#include <vector>

#include "grainspin/orientation.h"
#include "src/io/numbers.h"
#include "src/io/output.h"
#include "src/io/state.h"

namespace grainspin {
namespace {

constexpr double kDegree = std::numbers::pi / 180;

struct Codes {
  const char* group;
  const char* edax;  // Symmetry of .ang
  int laue;          // of .ctf
};
constexpr Codes kCodes[] = {{"432", "43", 11}, {"23", "23", 10}, {"622", "62", 9}, {"6", "6", 8},   {"32", "32", 7}, {"3", "3", 6},
                            {"422", "42", 5},  {"4", "4", 4},    {"222", "22", 3}, {"2", "20", 2}, {"1", "1", 1}};

bool six_or_threefold(const PhaseInfo& p) { return p.point_group.find_first_of("36") == 0; }

struct Map {
  int columns = 0, rows = 0;
  double x = 0, y = 0;        // steps, micrometres
  std::vector<Vec3<double>> angles;  // Bunge, radians, in the map's frame
  std::vector<int> phase;            // from 1; 0: not indexed
};

// Phases with a crystal get numbers from 1.
std::vector<int> numbers_of_phases(const ArchiveInfo& info) {
  std::vector<int> out;
  int next = 1;
  for (const PhaseInfo& p : info.phases) {
    require(!p.point_group.empty() || has_no_crystal(p), Errc::kFormat,
            info.path + ": the crystal symmetry of phase '" + p.name + "' is not stated (--lattice)");
    out.push_back(p.point_group.empty() ? 0 : next++);
  }
  return out;
}

Map read_map(FieldReader& in, int step, const Slice& slice) {
  const ArchiveInfo& info = in.info();
  const std::array<int, 3> n{info.shape.nx, info.shape.ny, info.shape.nz};
  const std::size_t axis = std::size_t(slice.axis), a = (axis + 1) % 3, b = (axis + 2) % 3;
  require(slice.index >= 0 && slice.index < n[axis], Errc::kArgument,
          info.path + ": wanted layer " + std::to_string(slice.index) + " along " + char('x' + slice.axis) + " of 0.." +
              std::to_string(n[axis] - 1));
  Map map;
  map.columns = n[a];
  map.rows = n[b];
  map.x = info.size[a] / n[a] * 1e6;
  map.y = info.size[b] / n[b] * 1e6;
  const std::vector<int> numbers = numbers_of_phases(info);
  // From the sample's axes to the map's: a third of a turn about [111] for each place.
  const Quatd turn = slice.axis == 2 ? Quatd{} : slice.axis == 0 ? Quatd{0.5, -0.5, -0.5, -0.5} : Quatd{0.5, 0.5, 0.5, 0.5};
  const std::array<std::int64_t, 3> stride{1, n[0], std::int64_t(n[0]) * n[1]};
  std::vector<float> q;
  std::vector<std::int32_t> phase;
  const bool x_runs = a == 0 || b == 0;  // rows along x come in one piece
  const int lines = !x_runs ? map.columns * map.rows : a == 0 ? map.rows : map.columns;
  const int length = x_runs ? n[0] : 1;
  map.angles.resize(std::size_t(map.columns) * std::size_t(map.rows));
  map.phase.resize(map.angles.size());
  q.resize(std::size_t(length) * 4);
  phase.resize(std::size_t(length));
  for (int line = 0; line < lines; ++line) {
    const int ca = !x_runs ? line % map.columns : a == 0 ? 0 : line, cb = !x_runs ? line / map.columns : a == 0 ? line : 0;
    const std::int64_t begin = stride[axis] * slice.index + stride[a] * ca + stride[b] * cb;
    in.orientation(step, begin, length, q.data());
    in.phase(begin, length, phase.data());
    for (int i = 0; i < length; ++i) {
      const std::size_t column = std::size_t(a == 0 ? i : ca), row = std::size_t(b == 0 ? i : cb);
      const std::size_t at = row * std::size_t(map.columns) + column;
      const float* o = &q[std::size_t(i) * 4];
      map.phase[at] = numbers[std::size_t(phase[std::size_t(i)])];
      map.angles[at] = bunge(turn * normalised(Quatd{o[0], o[1], o[2], o[3]}));
      if (!std::isfinite(map.angles[at].x + map.angles[at].y)) map.angles[at] = {}, map.phase[at] = 0;
    }
  }
  return map;
}

void fixed(std::string& out, double value, int digits) {
  char text[64];
  out.append(text, std::to_chars(text, text + sizeof text, value, std::chars_format::fixed, digits).ptr);
}

std::string length(double micrometres) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, micrometres, std::chars_format::general, 9).ptr};
}

// One line, and what separates the format's columns does not occur in it.
std::string plain(std::string name) {
  for (char& c : name)
    if (static_cast<unsigned char>(c) < ' ' || c == ';') c = ' ';
  return name.empty() ? "phase" : name;
}

const Codes& codes(const PhaseInfo& p) {
  for (const Codes& c : kCodes)
    if (p.point_group == c.group) return c;
  throw Error(Errc::kFormat, "phase '" + p.name + "': point group " + p.point_group + " has no number in EBSD maps");
}

// Relative: the length of a is 1.
std::string c_over_a(const PhaseInfo& p) { return p.c_over_a > 0 ? length(p.c_over_a) : "1"; }

}  // namespace

Slice parse_slice(const std::string& text) {
  Slice slice;
  const char axis = text.empty() ? '\0' : text[0];
  require(axis == 'x' || axis == 'y' || axis == 'z', Errc::kArgument,
          "slice '" + text + "': wanted an axis and a layer, such as z=3");
  slice.axis = axis - 'x';
  if (text.size() == 1) return slice;
  slice.index = text[1] == '=' ? parse_number<int>(std::string_view(text).substr(2)).value_or(-1) : -1;
  require(slice.index >= 0, Errc::kArgument, "slice '" + text + "': wanted an axis and a layer, such as z=3");
  return slice;
}

void write_ang(FieldReader& in, int step, const Slice& slice, const std::string& path) {
  const Map map = read_map(in, step, slice);
  Output out(path);
  std::string text = "# TEM_PIXperUM          1.000000\n# x-star                0.000000\n# y-star                0.000000\n"
                     "# z-star                0.000000\n# WorkingDistance       0.000000\n#\n";
  int number = 0;
  for (const PhaseInfo& p : in.info().phases) {
    if (p.point_group.empty()) continue;
    const std::string gamma = six_or_threefold(p) ? "120.000" : "90.000";
    text += "# Phase " + std::to_string(++number) + "\n# MaterialName  \t" + plain(p.name) + "\n# Formula     \t" + plain(p.name) +
            "\n# Info\n# Symmetry              " + codes(p).edax + "\n# LatticeConstants      1 1 " + c_over_a(p) +
            " 90.000 90.000 " + gamma + "\n# NumberFamilies        0\n# Categories 0 0 0 0 0\n#\n";
  }
  const std::string columns = std::to_string(map.columns);
  text += "# GRID: SqrGrid\n# XSTEP: " + length(map.x) + "\n# YSTEP: " + length(map.y) + "\n# NCOLS_ODD: " + columns +
          "\n# NCOLS_EVEN: " + columns + "\n# NROWS: " + std::to_string(map.rows) +
          "\n#\n# OPERATOR: \tgrainspin\n#\n# SAMPLEID: \t\n#\n# SCANID: \t\n#\n";
  for (int row = 0; row < map.rows; ++row) {
    for (int column = 0; column < map.columns; ++column) {
      const std::size_t at = std::size_t(row) * std::size_t(map.columns) + std::size_t(column);
      for (const double angle : {map.angles[at].x, map.angles[at].y, map.angles[at].z}) fixed(text, angle, 7), text += ' ';
      text += length(map.x * column) + ' ' + length(map.y * row) + " 0.0 " + (map.phase[at] > 0 ? "1.000 " : "-1.000 ");
      text += std::to_string(map.phase[at]) + " 0 0.000\n";
    }
    out.write(text);
    text.clear();
  }
  out.finish();
}

void write_ctf(FieldReader& in, int step, const Slice& slice, const std::string& path) {
  const Map map = read_map(in, step, slice);
  std::vector<bool> hexagonal{false};
  std::string phases;
  for (const PhaseInfo& p : in.info().phases) {
    if (p.point_group.empty()) continue;
    hexagonal.push_back(six_or_threefold(p));
    phases += "1;1;" + c_over_a(p) + "\t90;90;" + (hexagonal.back() ? "120\t" : "90\t") + plain(p.name) + "\t" +
              std::to_string(codes(p).laue) + "\t0\n";
  }
  Output out(path);
  std::string text = "Channel Text File\nPrj\tgrainspin\nAuthor\tgrainspin\nJobMode\tGrid\nXCells\t" + std::to_string(map.columns) +
                     "\nYCells\t" + std::to_string(map.rows) + "\nXStep\t" + length(map.x) + "\nYStep\t" + length(map.y) +
                     "\nAcqE1\t0\nAcqE2\t0\nAcqE3\t0\nEuler angles refer to Sample Coordinate system (CS0)!\tMag\t0\tCoverage\t100\t"
                     "Device\t0\tKV\t0\tTiltAngle\t0\tTiltAxis\t0\nPhases\t" +
                     std::to_string(hexagonal.size() - 1) + "\n" + phases +
                     "Phase\tX\tY\tBands\tError\tEuler1\tEuler2\tEuler3\tMAD\tBC\tBS\n";
  for (int row = 0; row < map.rows; ++row) {
    for (int column = 0; column < map.columns; ++column) {
      const std::size_t at = std::size_t(row) * std::size_t(map.columns) + std::size_t(column);
      Vec3<double> a = map.angles[at];
      a = {a.x / kDegree, a.y / kDegree, a.z / kDegree};
      if (hexagonal[std::size_t(map.phase[at])]) a.z = a.z < 30 ? a.z + 330 : a.z - 30;
      text += std::to_string(map.phase[at]) + '\t' + length(map.x * column) + '\t' + length(map.y * row);
      text += map.phase[at] > 0 ? "\t8\t0" : "\t0\t3";
      for (const double angle : {a.x, a.y, a.z}) text += '\t', fixed(text, angle, 5);
      text += "\t0\t100\t100\n";
    }
    out.write(text);
    text.clear();
  }
  out.finish();
}

}  // namespace grainspin
