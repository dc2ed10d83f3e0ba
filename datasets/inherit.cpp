#include "datasets/inherit.h"

#include <algorithm>
#include <cmath>
#include <sstream>

#include <nlohmann/json.hpp>

#include "datasets/sha256.h"
#include "datasets/slip_match.h"
#include "grainspin/archive.h"
#include "grainspin/ensemble.h"

namespace grainspin {

namespace {

template <class T>
void agree(const T& there, const T& wanted, const char* what, const std::string& path) {
  if (there == wanted) return;
  std::ostringstream s;
  s.imbue(std::locale::classic());
  s << path << ": has " << what << " " << there << ", this training " << wanted;
  throw Error(Errc::kArgument, s.str());
}

void agree(const NonlocalSpec& a, const NonlocalSpec& b, const std::string& path) {
  agree(a.channels, b.channels, "channels", path);
  agree(a.width, b.width, "width", path);
  agree(a.polarisations, b.polarisations, "polarisations", path);
  agree(a.memory, b.memory, "memory", path);
  agree(a.carried, b.carried, "carried state", path);
  agree(a.gated, b.gated, "gates", path);
  agree(std::string(name(a.green)), std::string(name(b.green)), "Green operator", path);
  agree(a.beta, b.beta, "beta", path);
  agree(std::string(name(a.frequencies)), std::string(name(b.frequencies)), "frequencies", path);
  require(a.passes <= b.passes, Errc::kArgument,
          path + ": has " + std::to_string(a.passes) + " passes, this training " + std::to_string(b.passes) +
              "; they may grow, not shrink");
}

void agree(const LocalSpec& a, const LocalSpec& b, const std::string& path) {
  agree(std::string(name(a.cell)), std::string(name(b.cell)), "cell", path);
  agree(a.layers, b.layers, "layers", path);
  agree(a.hidden, b.hidden, "hidden units", path);
  agree(a.radius, b.radius, "radius", path);
  agree(std::string(name(a.feedback)), std::string(name(b.feedback)), "feedback", path);
}

void count(const std::string& name, std::size_t inherited, std::size_t all, Inheritance& out) {
  out.numbers += std::int64_t(inherited);
  out.of_numbers += std::int64_t(all);
  (inherited == 0 ? out.fresh : inherited == all ? out.taken : out.in_part).push_back(name);
}

bool same_phase(const PhaseSpec& a, const PhaseSpec& b) {
  return a.name == b.name && a.point_group == b.point_group && a.slip_families == b.slip_families &&
         std::abs(a.c_over_a - b.c_over_a) < 1e-3;
}

// The parent's phase that a phase of the child starts from.
struct Source {
  std::size_t phase = 0;
  SlipMatch match;
};

Source source_of(const PhaseSpec& wanted, const NonlocalSpec& parent) {
  const SlipMaps maps = slip_maps(wanted);
  Source best;
  bool named = false;
  for (std::size_t i = 0; i < parent.phases.size(); ++i) {
    SlipMatch m = match(maps, slip_maps(parent.phases[i]));
    const bool is_named = parent.phases[i].name == wanted.name && m.systems > 0;
    if (i > 0 && (named || (!is_named && m.systems <= best.match.systems))) continue;
    named = is_named;
    best = {i, std::move(m)};
  }
  return best;
}

// One tensor [rows, columns, orbits] of a phase.
struct Tie {
  const std::vector<int>* of;    // [orbits of the child] the parent's or -1
  const std::vector<int>* sign;  // null: all +1
  std::vector<bool> into_matched;  // [orbits of the child] whose receiving system is matched, the giving one not
  std::vector<bool> from_new;      // ... whose receiving system is not matched
  bool shown;                      // rows leave the slip systems: nothing may come out of new ones
  int flipped_from = 0, flipped_to = 0;  // columns that turn around
};

std::size_t tied(const Tensor& parent, const Tie& t, Tensor& child) {
  const std::size_t rows = std::size_t(child.shape[0]), columns = std::size_t(child.shape[1]),
                    orbits = std::size_t(child.shape[2]), orbits_there = std::size_t(parent.shape[2]);
  std::size_t inherited = 0;
  for (std::size_t r = 0; r < std::min(rows, std::size_t(parent.shape[0])); ++r)
    for (std::size_t c = 0; c < columns; ++c)
      for (std::size_t o = 0; o < orbits; ++o) {
        float& value = child.values[(r * columns + c) * orbits + o];
        const int from = (*t.of)[o];
        if (from >= 0) {
          float sign = t.sign ? float((*t.sign)[o]) : 1.0f;
          if (int(c) >= t.flipped_from && int(c) < t.flipped_to) sign = -sign;
          value = sign * parent.values[(r * columns + c) * orbits_there + std::size_t(from)];
          ++inherited;
        } else if (t.into_matched[o] || (t.shown && t.from_new[o])) {
          value = 0;
        }
      }
  return inherited;
}

void nonlocal(const Model& parent, const std::string& path, Model& child, Inheritance& out) {
  const NonlocalSpec &a = parent.spec.nonlocal, &b = child.spec.nonlocal;
  agree(a, b, path);
  bool all_same = true;
  std::vector<Source> sources;
  std::vector<Tie> odd, even;
  for (const PhaseSpec& phase : b.phases) {
    sources.push_back(source_of(phase, a));
    const PhaseSpec& from = a.phases[sources.back().phase];
    all_same = all_same && same_phase(from, phase);
    out.lines.push_back("phase " + phase.name + " from " + from.name + ": " + describe(sources.back().match));
  }
  for (std::size_t i = 0; i < b.phases.size(); ++i) {
    const SlipMaps maps = slip_maps(b.phases[i]);
    const SlipMatch& m = sources[i].match;
    const std::size_t n = m.of.size();
    Tie o{&m.odd, &m.odd_sign, std::vector<bool>(m.odd.size()), std::vector<bool>(m.odd.size()), false},
        e{&m.even, nullptr, std::vector<bool>(m.even.size()), std::vector<bool>(m.even.size()), false};
    for (std::size_t s = 0; s < n; ++s)
      for (std::size_t r = 0; r < n; ++r) {
        const std::size_t entry = s * n + r;
        const auto note = [&](Tie& t, int orbit) {
          if (orbit < 0 || m.systems == 0) return;
          if (m.of[s] < 0) t.from_new[std::size_t(orbit)] = true;
          if (m.of[s] >= 0 && m.of[r] < 0) t.into_matched[std::size_t(orbit)] = true;
        };
        note(o, maps.odd.of[entry]);
        note(e, maps.even.of[entry]);
      }
    odd.push_back(std::move(o));
    even.push_back(std::move(e));
  }
  for (auto& [name, tensor] : child.tensors) {
    std::size_t phase = b.phases.size(), pass = 0;
    std::string there = name;
    if (name.starts_with("phase")) {
      phase = std::size_t(std::stoi(name.substr(5)));
      const std::string rest = name.substr(name.find('.'));
      there = "phase";
      there += std::to_string(sources[phase].phase) + rest;
      if (rest.starts_with(".pass")) pass = std::size_t(std::stoi(rest.substr(5)));
    }
    const auto found = parent.tensors.find(there);
    std::size_t inherited = 0;
    if (found == parent.tensors.end()) {
      // A new pass adds nothing at first; a pressure that the parent did not have is fresh as it is.
      if (pass >= std::size_t(a.passes) && name.ends_with(".out")) std::fill(tensor.values.begin(), tensor.values.end(), 0.0f);
    } else if (tensor.shape.size() == 3) {
      const bool signs = name.ends_with(".odd") || name.ends_with(".out") || name.ends_with(".polarise");
      Tie tie = signs ? odd[phase] : even[phase];
      tie.shown = name.ends_with(".polarise") || name.ends_with(".head.out");
      if (name.find(".pass") != std::string::npos && name.ends_with(".odd") &&
          sources[phase].match.kinship == Kinship::kDual)
        tie.flipped_from = b.channels + b.polarisations, tie.flipped_to = b.channels + 2 * b.polarisations;
      inherited = tied(found->second, tie, tensor);
    } else {
      // [K, M] of the parent's passes are the first rows; those of new passes are 0 (beta 1). Others are of one size.
      std::fill(tensor.values.begin(), tensor.values.end(), name == "beta" ? 1.0f : 0.0f);
      std::copy(found->second.values.begin(), found->second.values.end(), tensor.values.begin());
      inherited = found->second.values.size();
    }
    count(name, inherited, tensor.values.size(), out);
  }
  if (all_same && a.stress && b.stress) {
    child.spec.stress_scale = parent.spec.stress_scale;
    out.lines.push_back("scale of the stress: the parent's");
  } else if (b.stress) {
    out.lines.push_back("scale of the stress: of the new runs");
  }
}

void local(const Model& parent, const std::string& path, Model& child, Inheritance& out) {
  agree(parent.spec.local, child.spec.local, path);
  const bool same_group = parent.spec.point_group == child.spec.point_group;
  for (auto& [name, tensor] : child.tensors) {
    const auto found = parent.tensors.find(name);
    const bool takes = found != parent.tensors.end() && found->second.shape == tensor.shape &&
                       (same_group || name != "rnn.weight_ih_l0");
    if (takes) tensor = found->second;
    count(name, takes ? tensor.values.size() : 0, tensor.values.size(), out);
  }
  if (same_group) {
    child.spec.input_mean = parent.spec.input_mean;
    child.spec.input_scale = parent.spec.input_scale;
  }
  out.lines.push_back(std::string("normaliser of the input: ") + (same_group ? "the parent's" : "of the new runs") +
                      "; scale of the increment: of the new runs");
}

}  // namespace

nlohmann::json to_json(const Inheritance& i) {
  return {{"file", i.file},   {"sha256", i.sha256},  {"taken", i.taken},     {"in_part", i.in_part},
          {"fresh", i.fresh}, {"numbers", i.numbers}, {"of_numbers", i.of_numbers}, {"how", i.lines}};
}

Model read_parent(const std::string& path, Family family) {
  Model parent = members_of(read_model(path)).front();
  require(parent.spec.family == family, Errc::kArgument,
          path + ": a model of the " + name(parent.spec.family) + " family, this training is of the " + name(family) +
              " family");
  return parent;
}

Inheritance inherit(const Model& parent, const std::string& path, Model& child) {
  Inheritance out;
  out.file = path;
  out.sha256 = sha256_of_file(path);
  if (child.spec.family == Family::kNonlocal)
    nonlocal(parent, path, child, out);
  else
    local(parent, path, child, out);
  out.lines.push_back(std::to_string(out.numbers) + " of " + std::to_string(out.of_numbers) + " weights are the parent's");
  return out;
}

SlipChoice inherited_slip(const SlipChoice& chosen, const NonlocalSpec& parent) {
  SlipChoice all = chosen;
  if (!all.contains(""))
    for (const PhaseSpec& phase : parent.phases) all.try_emplace(phase.name, phase.slip_families);
  return all;
}

bool same_phases(const std::vector<std::string>& archives, const SlipChoice& slip, const NonlocalSpec& parent) {
  for (const std::string& path : archives) {
    const auto reader = open_archive(path, {.means = false});
    for (const PhaseInfo& info : reader->info().phases) {
      const auto known = std::find_if(parent.phases.begin(), parent.phases.end(), [&](const PhaseSpec& p) {
        return p.name == info.name && p.point_group == info.point_group;
      });
      if (known == parent.phases.end() || !same_phase(*known, phase_spec(info, slip, path))) return false;
    }
  }
  return true;
}

}  // namespace grainspin
