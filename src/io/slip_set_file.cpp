// Slip sets from files: families given by one member's indices, or every system as it is.
#include <array>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <numbers>
#include <string>
#include <vector>

#include "grainspin/interactions/families.h"
#include "grainspin/orbits.h"
#include "src/io/yaml.h"

namespace grainspin::interactions {
namespace {

using Vec = Vec3<double>;

// Lattice vectors in units of a, columns of a 3x3 matrix: a along x, b in the xy plane. So z is the main axis of tetragonal
// and hexagonal crystals, and y the unique one of monoclinic crystals.
struct Lattice {
  double b = 1, c = 1, alpha = 90, beta = 90, gamma = 90;  // b/a, c/a, degrees

  std::array<Vec, 3> vectors() const {
    const auto cosine = [](double degrees) { return degrees == 90 ? 0 : degrees == 120 ? -0.5 : std::cos(degrees * std::numbers::pi / 180); };
    const double ca = cosine(alpha), cb = cosine(beta), cg = cosine(gamma), sg = std::sqrt(1 - cg * cg);
    const double cy = (ca - cb * cg) / sg;
    return {Vec{1, 0, 0}, Vec{b * cg, b * sg, 0}, Vec{c * cb, c * cy, c * std::sqrt(1 - cb * cb - cy * cy)}};
  }
};

Vec cross(const Vec& u, const Vec& v) { return {u.y * v.z - u.z * v.y, u.z * v.x - u.x * v.z, u.x * v.y - u.y * v.x}; }
double dot(const Vec& u, const Vec& v) { return u.x * v.x + u.y * v.y + u.z * v.z; }
Vec combination(const std::array<Vec, 3>& v, const std::array<double, 3>& by) {
  return {by[0] * v[0].x + by[1] * v[1].x + by[2] * v[2].x, by[0] * v[0].y + by[1] * v[1].y + by[2] * v[2].y,
          by[0] * v[0].z + by[1] * v[1].z + by[2] * v[2].z};
}

// Reciprocal vectors, up to the cell's volume.
std::array<Vec, 3> reciprocal(const std::array<Vec, 3>& v) {
  std::array<Vec, 3> r{cross(v[1], v[2]), cross(v[2], v[0]), cross(v[0], v[1])};
  const double volume = dot(v[0], r[0]);
  for (Vec& x : r) x = {x.x / volume, x.y / volume, x.z / volume};
  return r;
}

struct Reader {
  std::string where;

  [[noreturn]] void fail(const YAML::Node& node, const std::string& text) const {
    const std::string line = node && node.Mark().line >= 0 ? ": line " + std::to_string(node.Mark().line + 1) : "";
    throw Error(Errc::kFormat, where + line + ": " + text);
  }

  void only(const YAML::Node& map, std::initializer_list<std::string_view> known) const {
    std::string list;
    for (const std::string_view k : known) list.append(" ").append(k);
    for (const auto& member : map) {
      const std::string key = member.first.IsScalar() ? member.first.Scalar() : "?";
      if (std::find(known.begin(), known.end(), key) == known.end())
        fail(member.first, "unknown key '" + key + "': known are" + list);
    }
  }

  // A finite number; a fraction p/q is one too.
  double finite(const YAML::Node& node, const std::string& what) const {
    std::optional<double> value = number(node);
    if (!value && node && node.IsScalar()) {
      const std::string& text = node.Scalar();
      const std::size_t slash = text.find('/');
      if (slash != std::string::npos) {
        const auto p = parse_number<double>(text.substr(0, slash)), q = parse_number<double>(text.substr(slash + 1));
        if (p && q) value = *p / *q;
      }
    }
    if (!value || !std::isfinite(*value))
      fail(node, what + " is not a number" + (node && node.IsScalar() ? " but '" + node.Scalar() + "'" : ""));
    return *value;
  }

  double positive(const YAML::Node& node, const std::string& what) const {
    const double value = finite(node, what);
    if (value <= 0) fail(node, what + " must be > 0, found " + node.Scalar());
    return value;
  }

  // Three or four indices of a plane or a direction, as three.
  std::array<double, 3> indices(const YAML::Node& node, const std::string& what, bool plane, bool hexagonal) const {
    if (!node || !node.IsSequence() || (node.size() != 3 && node.size() != 4))
      fail(node, what + " is not a list of three or four indices");
    if (node.size() == 4 && !hexagonal) fail(node, what + " has four indices, but the crystal is not hexagonal");
    std::array<double, 4> v{};
    for (std::size_t i = 0; i < node.size(); ++i) v[i] = finite(node[i], "an index of " + what);
    if (node.size() == 3) return {v[0], v[1], v[2]};
    if (std::abs(v[0] + v[1] + v[2]) > 1e-9) fail(node, what + ": the first three of four indices must add up to zero");
    return plane ? std::array<double, 3>{v[0], v[1], v[3]} : std::array<double, 3>{v[0] - v[2], v[1] - v[2], v[3]};
  }

  Vec vector(const YAML::Node& node, const std::string& what) const {
    if (!node || !node.IsSequence() || node.size() != 3) fail(node, what + " is not a list of three numbers");
    return {finite(node[0], what), finite(node[1], what), finite(node[2], what)};
  }
};

Lattice read_lattice(const Reader& in, const YAML::Node& root, const PointGroup& group, double given) {
  const std::string& name = group.name();
  const bool cubic = name == "23" || name == "432";
  const bool hexagonal = name == "3" || name == "32" || name == "6" || name == "622";
  Lattice lattice;
  const YAML::Node c = root["c_over_a"];
  if (c) lattice.c = in.positive(c, "c_over_a");
  if (c && given > 0 && std::abs(lattice.c - given) > 1e-9 * given)
    in.fail(c, "c_over_a is " + c.Scalar() + ", but " + number_text(given) + " was asked for");
  if (!c && given > 0) lattice.c = given;
  if (!c && given == 0 && !cubic) in.fail(root, "c_over_a is missing: point group " + name + " leaves it free");
  const YAML::Node b = root["b_over_a"];
  if (b) lattice.b = in.positive(b, "b_over_a");
  if (!b && (name == "1" || name == "2" || name == "222"))
    in.fail(root, "b_over_a is missing: point group " + name + " leaves it free");
  if (hexagonal) lattice.gamma = 120;
  const auto angle = [&](const char* key, double& value) {
    if (const YAML::Node node = root[key]) {
      value = in.positive(node, key);
      if (value >= 180) in.fail(node, std::string(key) + " is an angle in degrees below 180");
    }
  };
  angle("alpha", lattice.alpha);
  angle("beta", lattice.beta);
  angle("gamma", lattice.gamma);
  const std::array<Vec, 3> vectors = lattice.vectors(), dual = reciprocal(vectors);
  if (!(vectors[2].z > 1e-6)) in.fail(root, "no cell has the angles alpha, beta, gamma");
  // A symmetry carries every lattice vector to a lattice vector: to whole multiples of a, b, c.
  for (const Quatd& g : group.operators())
    for (const Vec& v : vectors)
      for (const Vec& d : dual) {
        const double multiple = dot(d, matrix(g) * v);
        if (!(std::abs(multiple - std::round(multiple)) < 1e-6))
          in.fail(root, "point group " + name + " does not carry this lattice (b/a " + number_text(lattice.b) + ", c/a " +
                            number_text(lattice.c) + ", angles " + number_text(lattice.alpha) + " " +
                            number_text(lattice.beta) + " " + number_text(lattice.gamma) + ") onto itself");
      }
  return lattice;
}

SlipSet from_families(const Reader& in, const YAML::Node& root, const std::string& name, double given) {
  in.only(root, {"name", "point_group", "c_over_a", "b_over_a", "alpha", "beta", "gamma", "families"});
  const PointGroup& group = acting_group(root["point_group"].Scalar());
  const Lattice lattice = read_lattice(in, root, group, given);
  const std::array<Vec, 3> vectors = lattice.vectors(), dual = reciprocal(vectors);
  const bool hexagonal = lattice.gamma == 120;
  std::vector<SlipFamily> families;
  std::vector<double> wanted;  // numbers of systems, 0: not stated
  for (const YAML::Node& node : root["families"]) {
    if (node.IsScalar()) {
      const SlipSet own = slip_set({node.Scalar()}, lattice.c);
      if (own.point_group != group.name())
        in.fail(node, "family " + node.Scalar() + " is of point group " + own.point_group + ", the file of " + group.name());
      families.push_back(slip_family(node.Scalar(), lattice.c));
      wanted.push_back(own.count());
      continue;
    }
    if (!node.IsMap()) in.fail(node, "a family is the name of a known one, or name, plane and direction");
    in.only(node, {"name", "plane", "direction", "burgers", "systems"});
    if (!node["name"] || !node["name"].IsScalar()) in.fail(node, "a family without a name");
    const std::string family = node["name"].Scalar(), of = " of family " + family;
    for (const char* key : {"plane", "direction"})
      if (!node[key]) in.fail(node, "the " + std::string(key) + of + " is missing");
    const Vec n = combination(dual, in.indices(node["plane"], "the plane" + of, true, hexagonal));
    const Vec b = combination(vectors, in.indices(node["direction"], "the direction" + of, false, hexagonal));
    if (!(dot(n, n) > 0) || !(dot(b, b) > 0)) in.fail(node, "plane and direction" + of + " must not be all zeros");
    if (std::abs(dot(b, n)) > 1e-6 * std::sqrt(dot(b, b) * dot(n, n)))
      in.fail(node, "the direction" + of + " does not lie in its plane");
    const double multiple = node["burgers"] ? in.positive(node["burgers"], "burgers" + of)
                                            : node["direction"].size() == 4 ? 1.0 / 3 : 1.0;
    families.push_back({family, b, n, multiple * std::sqrt(dot(b, b))});
    wanted.push_back(node["systems"] ? in.positive(node["systems"], "systems" + of) : 0);
  }
  const SlipSet set = slip_set(name, group.name(), group.name() == "432" || group.name() == "23" ? 0 : lattice.c, families);
  std::vector<int> found(families.size(), 0);
  for (const SlipSystem& s : set.systems) ++found[std::size_t(s.family)];
  for (std::size_t f = 0; f < found.size(); ++f)
    if (wanted[f] != 0 && wanted[f] != double(found[f]))
      in.fail(root["families"][f], "family " + families[f].name + " has " + std::to_string(found[f]) + " systems under " +
                                       group.name() + ", not " + number_text(wanted[f]));
  return set;
}

SlipSet from_systems(const Reader& in, const YAML::Node& root, const std::string& name, double given) {
  in.only(root, {"name", "point_group", "c_over_a", "families", "systems"});
  SlipSet set;
  set.name = name;
  set.point_group = acting_group(root["point_group"].Scalar()).name();
  if (root["c_over_a"]) set.c_over_a = in.finite(root["c_over_a"], "c_over_a");
  if (given > 0 && set.c_over_a > 0 && std::abs(given - set.c_over_a) > 1e-9 * given)
    in.fail(root["c_over_a"], "c_over_a is " + number_text(set.c_over_a) + ", but " + number_text(given) + " was asked for");
  for (const YAML::Node& f : root["families"]) {
    if (!f.IsScalar()) in.fail(f, "a family's name is wanted beside systems");
    set.families.push_back(f.Scalar());
  }
  for (const YAML::Node& node : root["systems"]) {
    const std::string system = "system " + std::to_string(set.count());
    if (!node.IsMap()) in.fail(node, system + " is not b, n, family and length");
    in.only(node, {"b", "n", "family", "length"});
    SlipSystem s{in.vector(node["b"], "b of " + system), in.vector(node["n"], "n of " + system)};
    const double family = in.finite(node["family"], "family of " + system);
    if (!(family >= 0 && family < double(set.families.size()) && family == std::floor(family)))
      in.fail(node, system + ": no family " + number_text(family));
    s.family = int(family);
    s.length = in.positive(node["length"], "length of " + system);
    if (std::abs(dot(s.b, s.b) - 1) > 1e-9 || std::abs(dot(s.n, s.n) - 1) > 1e-9)
      in.fail(node, system + ": b and n must be of length one");
    if (std::abs(dot(s.b, s.n)) > 1e-6) in.fail(node, system + ": b does not lie in the plane of n");
    set.systems.push_back(s);
  }
  if (set.systems.empty()) in.fail(root["systems"], "no systems");
  slip_action(set, PointGroup::named(set.point_group));  // refuses what is not closed
  return set;
}

SlipSet parse(const std::string& text, const std::string& where, const std::string& fallback, double given) {
  const Reader in{where};
  const YAML::Node root = load_yaml(text, where);
  if (!root.IsMap()) in.fail(root, "is not a slip set: point_group, c_over_a and families are wanted");
  if (!root["point_group"] || !root["point_group"].IsScalar()) in.fail(root, "point_group is missing");
  if (!root["families"] || !root["families"].IsSequence() || root["families"].size() == 0)
    in.fail(root, "families are missing: a list of at least one");
  const std::string name = root["name"] && root["name"].IsScalar() ? root["name"].Scalar() : fallback;
  try {
    return root["systems"] ? from_systems(in, root, name, given) : from_families(in, root, name, given);
  } catch (const Error& e) {  // of the group and of the families: they do not know the file
    if (e.code() != Errc::kArgument) throw;
    throw Error(Errc::kFormat, where + ": " + e.what());
  } catch (const YAML::Exception& e) {
    throw Error(Errc::kFormat, where + ": " + e.what());
  }
}

}  // namespace

SlipSet read_slip_set(const std::string& path, double c_over_a) {
  std::error_code none;
  require(std::filesystem::is_regular_file(path, none), Errc::kIo, path + ": no such file");
  constexpr std::uintmax_t kLargest = 50'000'000;
  require(std::filesystem::file_size(path, none) < kLargest, Errc::kFormat, path + ": is too large for a slip set");
  std::ifstream file(path, std::ios::binary);
  require(bool(file), Errc::kIo, path + ": cannot be opened");
  const std::string text(std::istreambuf_iterator<char>(file), {});
  require(!file.bad(), Errc::kIo, path + ": cannot be read");
  return parse(text, path, std::filesystem::path(path).stem().string(), c_over_a);
}

std::string slip_set_json(const SlipSet& set) {
  nlohmann::ordered_json j = {{"name", set.name}, {"point_group", set.point_group}, {"c_over_a", set.c_over_a}};
  j["families"] = set.families;
  j["systems"] = nlohmann::ordered_json::array();
  for (const SlipSystem& s : set.systems)
    j["systems"].push_back({{"b", {s.b.x, s.b.y, s.b.z}}, {"n", {s.n.x, s.n.y, s.n.z}}, {"family", s.family},
                            {"length", s.length}});
  return j.dump(1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

SlipSet slip_set_from_json(const std::string& json, const std::string& where) { return parse(json, where, where, 0); }

}  // namespace grainspin::interactions
