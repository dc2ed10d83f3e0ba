// Slip systems and material of a file of DDD runs: what it names, what it lists, and whether the two agree.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "grainspin/interactions/families.h"
#include "grainspin/interactions/simulate.h"
#include "grainspin/orbits.h"
#include "src/io/ddd_file.h"
#include "src/io/numbers.h"

namespace grainspin::interactions {

namespace {

double dot(const Vec3<double>& a, const Vec3<double>& b) { return a.x * b.x + a.y * b.y + a.z * b.z; }

Vec3<double> unit(const Vec3<double>& v, const std::string& where) {
  const double size = std::sqrt(dot(v, v));
  require(std::isfinite(size) && size > 0, Errc::kFormat, where + ": a vector of no direction");
  return {v.x / size, v.y / size, v.z / size};
}

std::string vector_text(const Vec3<double>& v) {
  std::string out;
  for (const double c : {v.x, v.y, v.z}) out.append(out.empty() ? "" : " ").append(number_text(std::round(c * 1e4) / 1e4 + 0.0));
  return out;
}

double degrees(const Vec3<double>& a, const Vec3<double>& b) {
  return std::acos(std::min(1.0, std::abs(dot(a, b)))) * 180 / std::numbers::pi;
}

// Systems without a name: families are what the point group carries onto each other.
SlipSet listed(const DddHead& head, const std::string& where) {
  require(!head.systems.empty(), Errc::kFormat,
          where + ": states no slip systems (wanted the name of a set, families joined by +, or planes and directions)");
  require(!head.point_group.empty(), Errc::kFormat, where + ": slip systems are listed, but neither a set nor a point group is named");
  SlipSet set;
  set.name = "listed";
  set.point_group = head.point_group;
  set.c_over_a = head.c_over_a;
  set.systems = head.systems;
  const PointGroup& group = PointGroup::named(head.point_group);
  for (SlipSystem& s : set.systems) {
    s.family = -1;
    const double up = std::abs(s.b.z);  // <a>, <c> or <c+a>
    if (head.c_over_a > 0) s.length = up < 1e-6 ? 1 : up > 1 - 1e-6 ? head.c_over_a : std::hypot(1.0, head.c_over_a);
  }
  for (std::size_t i = 0; i < set.systems.size(); ++i) {
    if (set.systems[i].family >= 0) continue;
    const int family = int(set.families.size());
    set.families.push_back("family " + std::to_string(family + 1));
    for (const Quatd& g : group.operators()) {
      const Mat3<double> R = matrix(g);
      const Vec3<double> b = R * set.systems[i].b, n = R * set.systems[i].n;
      for (SlipSystem& s : set.systems)
        if (std::abs(dot(b, s.b)) > 1 - 1e-9 && std::abs(dot(n, s.n)) > 1 - 1e-9) s.family = family;
    }
  }
  slip_action(set, group);  // throws where it is not closed
  return set;
}

std::vector<double> each(const std::vector<double>& values, const SlipSet& slip, const char* what, const std::string& where) {
  std::vector<double> out;
  const std::size_t n = slip.systems.size();
  require(values.size() == 1 || values.size() == n || values.size() == slip.families.size(), Errc::kFormat,
          where + ": " + what + " has " + std::to_string(values.size()) + " numbers, wanted 1, " +
              std::to_string(slip.families.size()) + " (families) or " + std::to_string(n) + " (systems)");
  for (std::size_t i = 0; i < n; ++i)
    out.push_back(values.size() == n ? values[i] : values.size() == 1 ? values[0] : values[std::size_t(slip.systems[i].family)]);
  return out;
}

}  // namespace

bool known_by_name(const SlipSet& slip) {
  try {
    return slip.name.find('.') == std::string::npos && interaction_slip_set(slip.name, slip.c_over_a).families == slip.families;
  } catch (const Error&) {
    return false;
  }
}

Vec3<double> crystal_direction(const std::vector<double>& v, double c_over_a, const std::string& where) {
  if (v.size() == 3) return unit({v[0], v[1], v[2]}, where);
  require(v.size() == 4 && c_over_a > 0, Errc::kFormat, where + ": wanted 3 components, or 4 Miller-Bravais indices and c/a");
  require(std::abs(v[0] + v[1] + v[2]) < 1e-6, Errc::kFormat, where + ": Miller-Bravais indices u v t w with u + v + t not 0");
  return unit({v[0] - (v[1] + v[2]) / 2, (v[1] - v[2]) * std::sqrt(0.75), v[3] * c_over_a}, where);
}

Vec3<double> crystal_plane(const std::vector<double>& v, double c_over_a, const std::string& where) {
  if (v.size() == 3) return unit({v[0], v[1], v[2]}, where);
  require(v.size() == 4 && c_over_a > 0, Errc::kFormat, where + ": wanted 3 components, or 4 Miller-Bravais indices and c/a");
  require(std::abs(v[0] + v[1] + v[2]) < 1e-6, Errc::kFormat, where + ": Miller-Bravais indices h k i l with h + k + i not 0");
  return unit({v[0], (v[0] + 2 * v[1]) / std::sqrt(3.0), v[3] / c_over_a}, where);
}

void settle(const std::string& where, const DddHead& head, std::size_t count, DddData& data) {
  const double ratio = head.c_over_a;
  require(ratio == 0 || (ratio >= 1 && ratio <= 3), Errc::kFormat,
          where + ": c/a is " + number_text(ratio) + ", which is no hexagonal crystal's (wanted 1 to 3)");
  for (const SlipSystem& s : head.systems)
    require(std::abs(dot(s.b, s.n)) < 1e-3, Errc::kFormat,
            where + ": direction " + vector_text(s.b) + " is not in the plane " + vector_text(s.n));
  SlipSet& slip = data.slip;
  try {
    slip = !head.set_json.empty() ? slip_set_from_json(head.set_json, where)
           : head.set.empty()     ? listed(head, where)
                                  : interaction_slip_set(head.set, ratio);
  } catch (const Error& e) {
    throw Error(Errc::kFormat, where + ": " + e.what());
  }
  require(slip.c_over_a == 0 || ratio > 0, Errc::kFormat, where + ": slip systems " + slip.name + " are hexagonal, but c/a is not stated");
  require(slip.c_over_a == 0 || std::abs(slip.c_over_a - ratio) < 1e-9, Errc::kFormat,
          where + ": c/a is " + number_text(ratio) + ", but that of its slip systems is " + number_text(slip.c_over_a));
  const std::size_t n = slip.systems.size();
  require(count == n, Errc::kFormat, where + ": columns of " + std::to_string(count) + " slip systems, but " + slip.name +
                                         " has " + std::to_string(n));
  require(head.systems.empty() || head.systems.size() == n, Errc::kFormat,
          where + ": lists " + std::to_string(head.systems.size()) + " slip systems, but " + slip.name + " has " + std::to_string(n));

  // Which column is of which system.
  std::vector<std::size_t> from(n);
  std::vector<double> sense(n, 1), taken(n, 0);
  bool moved = false, turned = false;
  for (std::size_t c = 0; c < n; ++c) from[c] = c;
  for (std::size_t c = 0; c < head.systems.size(); ++c) {
    const SlipSystem& s = head.systems[c];
    std::size_t nearest = 0;
    double off = HUGE_VAL;
    for (std::size_t i = 0; i < n; ++i) {
      const double x = std::max(degrees(s.b, slip.systems[i].b), degrees(s.n, slip.systems[i].n));
      if (x < off) off = x, nearest = i;
    }
    const std::string name = where + ": system " + std::to_string(c + 1) + ", plane " + vector_text(s.n) + " direction " + vector_text(s.b);
    require(off < 0.05, Errc::kFormat,
            name + ", is none of " + slip.name + (slip.c_over_a > 0 ? " at c/a " + number_text(slip.c_over_a) : "") +
                " (the nearest, system " + std::to_string(nearest + 1) + " of " + slip.families[std::size_t(slip.systems[nearest].family)] +
                ", is " + number_text(std::round(off * 100) / 100) + " degrees off" + (off < 5 && slip.c_over_a > 0 ? ": another c/a?" : "") + ")");
    require(taken[nearest]++ == 0, Errc::kFormat, name + ", is listed twice");
    from[nearest] = c;
    sense[nearest] = dot(s.b, slip.systems[nearest].b) * dot(s.n, slip.systems[nearest].n) > 0 ? 1 : -1;
    moved |= nearest != c;
    turned |= sense[nearest] < 0;
  }
  if (moved || turned)
    for (DddRun& run : data.runs)
      for (const DddColumn& column : system_columns()) {
        std::vector<double>& values = run.*column.member;
        if (values.empty()) continue;
        std::vector<double> row(n);
        for (std::size_t at = 0; at + n <= values.size(); at += n) {
          for (std::size_t i = 0; i < n; ++i) row[i] = (column.odd ? sense[i] : 1) * values[at + from[i]];
          std::copy(row.begin(), row.end(), values.begin() + std::ptrdiff_t(at));
        }
      }
  if (moved) data.remarks.push_back(where + ": slip systems were brought into the order of " + slip.name);
  if (turned) data.remarks.push_back(where + ": slip rates and shears of systems listed in the other sense changed their sign");

  require(std::isfinite(head.shear_modulus) && head.shear_modulus > 0, Errc::kFormat,
          where + ": wanted a shear modulus above 0, found " + number_text(head.shear_modulus));
  data.material.shear_modulus = head.shear_modulus;
  require(!head.burgers.empty(), Errc::kFormat, where + ": states no Burgers lengths");
  const auto ordered = [&](const std::vector<double>& values, const char* what) {
    std::vector<double> all = each(values, slip, what, where);
    if (values.size() != n) return all;
    std::vector<double> out(n);
    for (std::size_t i = 0; i < n; ++i) out[i] = all[from[i]];
    return out;
  };
  data.material.burgers = head.burgers.size() == 1 ? burgers_lengths(slip, head.burgers[0]) : ordered(head.burgers, "Burgers lengths");
  data.material.friction = ordered(head.friction.empty() ? std::vector<double>{0} : head.friction, "friction stresses");
  for (std::size_t i = 0; i < n; ++i) {
    require(std::isfinite(data.material.burgers[i]) && data.material.burgers[i] > 1e-11 && data.material.burgers[i] < 1e-8, Errc::kFormat,
            where + ": the Burgers length of system " + std::to_string(i + 1) + " is " + number_text(data.material.burgers[i]) +
                " m, wanted 1e-11 to 1e-8");
    require(std::isfinite(data.material.friction[i]) && data.material.friction[i] >= 0, Errc::kFormat,
            where + ": the friction stress of system " + std::to_string(i + 1) + " is " + number_text(data.material.friction[i]));
  }
  // Lengths of <c> and <c+a> against <a> say c/a once more.
  if (slip.c_over_a > 0) {
    double a = 0;
    for (std::size_t i = 0; i < n; ++i)
      if (std::abs(slip.systems[i].b.z) < 1e-6) a = data.material.burgers[i];
    for (std::size_t i = 0; i < n && a > 0; ++i) {
      const double up = std::abs(slip.systems[i].b.z), b = data.material.burgers[i];
      if (up < 1e-6) continue;
      const double says = up > 1 - 1e-6 ? b / a : std::sqrt(std::max(0.0, b * b / (a * a) - 1));
      require(std::abs(says / slip.c_over_a - 1) < 0.02, Errc::kFormat,
              where + ": c/a is " + number_text(slip.c_over_a) + ", but the Burgers lengths of system " + std::to_string(i + 1) +
                  " and of <a> say " + number_text(std::round(says * 1e4) / 1e4));
    }
  }
}

}  // namespace grainspin::interactions
