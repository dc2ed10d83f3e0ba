#include "src/io/fit_file_tree.h"

#include <array>
#include <algorithm>
#include <cmath>

#include "grainspin/interactions/families.h"

namespace grainspin::interactions {
namespace {

using nlohmann::json;

constexpr int kVersion = 1;
constexpr const char* kFormatName = "grainspin interaction fit";
constexpr std::array kTargets = {"resistance", "rate", "increment"};
constexpr std::array kOver = {"none", "j", "k"};

json unknowns_tree(const std::vector<Unknown>& unknowns) {
  json out = {{"name", json::array()}, {"entry", json::array()}, {"size", json::array()}, {"value", json::array()},
              {"penalised", json::array()}, {"error", json::array()}, {"frequency", json::array()},
              {"contribution", json::array()}};
  for (const Unknown& u : unknowns) {
    out["name"].push_back(u.name);
    out["entry"].push_back(u.entry);
    out["size"].push_back(u.size);
    out["value"].push_back(u.value);
    out["penalised"].push_back(u.penalised);
    out["error"].push_back(u.error);
    out["frequency"].push_back(u.frequency);
    out["contribution"].push_back(u.contribution);
  }
  return out;
}

json ties_tree(const Ties& t) { return {{"order", t.order}, {"count", t.count}, {"of", t.of}, {"sign", t.sign}}; }

json tensor_tree(const Tensor& t) {
  json factors = json::array();
  for (const Factor& f : t.term.factors)
    factors.push_back({{"column", f.column}, {"over", kOver[std::size_t(f.over)]}, {"power", f.power}, {"magnitude", f.magnitude}});
  const TensorCounts c = counts(t);
  json shape = json::array();
  for (int o = 0; o < t.orbits.order; ++o) shape.push_back(t.orbits.systems);
  json out = {{"symbol", t.symbol},
              {"term", {{"text", t.term.text}, {"factors", factors}}},
              {"counts",
               {{"entries", c.entries},
                {"free_orbits", c.free_orbits},
                {"free_entries", c.free_entries},
                {"left_orbits", c.left_orbits},
                {"left_entries", c.left_entries},
                {"kept_orbits", c.kept_orbits},
                {"kept_entries", c.kept_entries}}},
              {"shape", shape},
              {"value", t.value},
              {"orbits", ties_tree(t.orbits)},
              {"ties", ties_tree(t.ties)},
              {"unknowns", unknowns_tree(t.unknowns)}};
  if (t.planted)
    out["planted"] = {{"entries", t.planted->planted}, {"chosen", t.planted->chosen},       {"common", t.planted->common},
                      {"precision", t.planted->precision}, {"recall", t.planted->recall}, {"f1", t.planted->f1},
                      {"relative_error", t.planted->relative_error}};
  if (t.fine.count) {
    out["fine"] = ties_tree(t.fine);
    out["deviations"] = unknowns_tree(t.deviations);
  }
  return out;
}

json block_tree(const BlockFit& b) {
  json tensor = json::array(), layer = json::array(), unknown = json::array();
  for (const auto& c : b.columns) tensor.push_back(c.tensor), layer.push_back(c.layer), unknown.push_back(c.unknown);
  json path = {{"lambda_max", b.path.lambda_max}, {"updates", b.path.updates}, {"stopped_early", b.path.stopped_early}};
  for (const char* name : {"lambda", "gap", "explained", "max_violation", "begin", "active", "value"}) path[name] = json::array();
  path["begin"].push_back(0);
  for (const PathPoint& p : b.path.points) {
    path["lambda"].push_back(p.lambda);
    path["gap"].push_back(p.gap);
    path["explained"].push_back(p.explained);
    path["max_violation"].push_back(p.max_violation);
    for (const auto c : p.active) path["active"].push_back(c);
    for (const double v : p.value) path["value"].push_back(v);
    path["begin"].push_back(path["active"].size());
  }
  return {{"name", b.name},       {"responses", b.responses},
          {"columns", {{"tensor", tensor}, {"layer", layer}, {"unknown", unknown}}},
          {"response_rms", b.response_rms}, {"path", path},         {"cv_error", b.cv_error}, {"cv_se", b.cv_se}, {"at_min", b.at_min},
          {"at_one_se", b.at_one_se}, {"at", b.at},         {"rank", b.rank},   {"r2", b.r2},
          {"r2_cv", b.r2_cv},     {"rows", b.rows},         {"unsquared", b.unsquared}};
}

json part_tree(const FitPart& p) {
  json tensors = json::object(), blocks = json::object();
  for (const Tensor& t : p.tensors) tensors[t.symbol] = tensor_tree(t);
  json order = json::array(), symbols = json::array();
  for (const Tensor& t : p.tensors) symbols.push_back(t.symbol);
  for (std::size_t b = 0; b < p.blocks.size(); ++b) {
    const std::string key = std::to_string(b);
    blocks[key] = block_tree(p.blocks[b]);
    order.push_back(key);
  }
  return {{"target", kTargets[std::size_t(p.target)]}, {"rows", p.rows}, {"response_rms", p.response_rms}, {"symbols", symbols},
          {"tensors", tensors}, {"block_order", order}, {"blocks", blocks}};
}

// ---- reading

template <class T>
T number_of(const json& j) {
  if constexpr (std::is_same_v<T, double>)
    if (j.is_null()) return std::numeric_limits<double>::quiet_NaN();  // JSON has no NaN
  if constexpr (std::is_integral_v<T>) {  // JSON's numbers may be fractions, or larger than any integer
    const double v = j.get<double>();
    if (!(v == std::floor(v) && v >= double(std::numeric_limits<T>::min()) && v <= double(std::numeric_limits<T>::max()) && std::abs(v) < 9e18))
      throw Error(Errc::kFormat, "wanted a whole number, found " + j.dump());
  }
  return j.get<T>();
}

template <class T>
std::vector<T> list(const json& j) {
  std::vector<T> out;
  for (const json& v : j) out.push_back(number_of<T>(v));
  return out;
}

void same(std::size_t found, std::size_t wanted, const char* what) {
  if (found != wanted)
    throw Error(Errc::kFormat, std::string(what) + ": wanted " + std::to_string(wanted) + " values, found " + std::to_string(found));
}

Ties ties_of(const json& j, int systems) {
  Ties t;
  t.systems = systems;
  t.order = number_of<int>(j.at("order"));
  t.count = number_of<int>(j.at("count"));
  t.of = list<std::int32_t>(j.at("of"));
  t.sign = list<std::int8_t>(j.at("sign"));
  if (t.order < 1 || t.order > 3 || t.count < 0 || t.count > int(t.of.size())) throw Error(Errc::kFormat, "ties: impossible order or count");
  std::size_t entries = 1;
  for (int o = 0; o < t.order; ++o) entries *= std::size_t(systems);
  same(t.of.size(), entries, "ties/of");
  same(t.sign.size(), entries, "ties/sign");
  t.size.assign(std::size_t(t.count), 0);
  for (const auto o : t.of) {
    if (o < -1 || o >= t.count) throw Error(Errc::kFormat, "ties/of: no such orbit");
    if (o >= 0) ++t.size[std::size_t(o)];
  }
  return t;
}

std::vector<Unknown> unknowns_of(const json& j, int count) {
  const auto name = j.at("name").get<std::vector<std::string>>(), entry = j.at("entry").get<std::vector<std::string>>();
  const auto size = list<std::int64_t>(j.at("size"));
  const auto value = list<double>(j.at("value")), penalised = list<double>(j.at("penalised")), error = list<double>(j.at("error")),
             frequency = list<double>(j.at("frequency")), contribution = list<double>(j.at("contribution"));
  for (const std::size_t n : {name.size(), entry.size(), size.size(), value.size(), penalised.size(), error.size(), frequency.size(), contribution.size()})
    same(n, std::size_t(count), "unknowns");
  std::vector<Unknown> out;
  for (std::size_t u = 0; u < std::size_t(count); ++u) 
    out.push_back({name[u], entry[u], size[u], value[u], penalised[u], error[u], frequency[u], contribution[u]});
  return out;
}

template <class Names>
int index_of(const Names& names, const std::string& name, const char* what) {
  for (std::size_t i = 0; i < names.size(); ++i)
    if (name == names[i]) return int(i);
  throw Error(Errc::kFormat, std::string(what) + ": unknown '" + name + "'");
}

Tensor tensor_of(const json& j, const std::string& symbol, int systems) {
  Tensor t;
  t.symbol = symbol;
  j.at("term").at("text").get_to(t.term.text);
  for (const json& f : j.at("term").at("factors"))
    t.term.factors.push_back({f.at("column"), Over(index_of(kOver, f.at("over"), "factor/over")), f.at("power"), f.at("magnitude")});
  t.orbits = ties_of(j.at("orbits"), systems);
  t.ties = ties_of(j.at("ties"), systems);
  t.unknowns = unknowns_of(j.at("unknowns"), t.ties.count);
  if (j.contains("fine")) {
    t.fine = ties_of(j.at("fine"), systems);
    t.deviations = unknowns_of(j.at("deviations"), t.fine.count);
  }
  if (j.contains("planted")) {
    const json& p = j.at("planted");
    t.planted = PlantedScore{p.at("entries"), p.at("chosen"), p.at("common"), p.at("precision"), p.at("recall"), p.at("f1"),
                             number_of<double>(p.at("relative_error"))};
  }
  t.value = list<double>(j.at("value"));
  same(t.value.size(), t.orbits.of.size(), "tensor/value");
  return t;
}

BlockFit block_of(const json& j) {
  BlockFit b;
  j.at("name").get_to(b.name);
  b.responses = list<int>(j.at("responses"));
  const auto tensor = list<int>(j.at("columns").at("tensor")), layer = list<int>(j.at("columns").at("layer")),
             unknown = list<int>(j.at("columns").at("unknown"));
  same(layer.size(), tensor.size(), "columns/layer");
  same(unknown.size(), tensor.size(), "columns/unknown");
  for (std::size_t c = 0; c < tensor.size(); ++c) b.columns.push_back({tensor[c], layer[c], unknown[c]});
  b.response_rms = number_of<double>(j.at("response_rms"));
  const json& path = j.at("path");
  b.path.lambda_max = number_of<double>(path.at("lambda_max"));
  path.at("updates").get_to(b.path.updates);
  path.at("stopped_early").get_to(b.path.stopped_early);
  const auto lambda = list<double>(path.at("lambda")), gap = list<double>(path.at("gap")), explained = list<double>(path.at("explained")),
             violation = list<double>(path.at("max_violation")), value = list<double>(path.at("value"));
  const auto begin = list<std::size_t>(path.at("begin"));
  const auto active = list<std::int32_t>(path.at("active"));
  same(begin.size(), lambda.size() + 1, "path/begin");
  same(gap.size(), lambda.size(), "path/gap");
  same(explained.size(), lambda.size(), "path/explained");
  same(violation.size(), lambda.size(), "path/max_violation");
  same(value.size(), active.size(), "path/value");
  for (std::size_t p = 0; p < lambda.size(); ++p) {
    if (begin[p] > begin[p + 1] || begin[p + 1] > active.size()) throw Error(Errc::kFormat, "path/begin: does not ascend");
    PathPoint point;
    point.lambda = lambda[p], point.gap = gap[p], point.explained = explained[p], point.max_violation = violation[p];
    for (std::size_t a = begin[p]; a < begin[p + 1]; ++a) {
      if (active[a] < 0 || active[a] >= int(b.columns.size())) throw Error(Errc::kFormat, "path/active: no such column");
      point.active.push_back(active[a]);
      point.value.push_back(value[a]);
    }
    b.path.points.push_back(std::move(point));
  }
  b.cv_error = list<double>(j.at("cv_error"));
  b.cv_se = list<double>(j.at("cv_se"));
  for (auto [name, to] : {std::pair{"at_min", &b.at_min}, {"at_one_se", &b.at_one_se}, {"at", &b.at}}) {
    j.at(name).get_to(*to);
    if (*to < -1 || *to >= int(lambda.size())) throw Error(Errc::kFormat, std::string(name) + ": no such point of the path");
  }
  j.at("rank").get_to(b.rank);
  b.r2 = number_of<double>(j.at("r2"));
  b.r2_cv = number_of<double>(j.at("r2_cv"));
  j.at("rows").get_to(b.rows);
  j.at("unsquared").get_to(b.unsquared);
  return b;
}

FitPart part_of(const json& j, int systems) {
  FitPart p;
  p.target = Target(index_of(kTargets, j.at("target"), "target"));
  j.at("rows").get_to(p.rows);
  p.response_rms = number_of<double>(j.at("response_rms"));
  for (const json& symbol : j.at("symbols")) p.tensors.push_back(tensor_of(j.at("tensors").at(symbol.get<std::string>()), symbol, systems));
  for (const json& key : j.at("block_order")) p.blocks.push_back(block_of(j.at("blocks").at(key.get<std::string>())));
  for (const BlockFit& b : p.blocks)
    for (const auto& c : b.columns)
      if (c.tensor < 0 || c.tensor >= int(p.tensors.size()) || c.unknown < 0 ||
          c.unknown >= (c.layer == 1 ? p.tensors[std::size_t(c.tensor)].fine : p.tensors[std::size_t(c.tensor)].ties).count)
        throw Error(Errc::kFormat, "block " + b.name + ": a column of no unknown");
  return p;
}

void write_text(const json& j, int depth, std::string& out) {
  const std::string pad(std::size_t(depth) + 1, ' ');
  const bool flat = j.is_array() && std::none_of(j.begin(), j.end(), [](const json& v) { return v.is_structured(); });
  if (!j.is_structured() || j.empty() || flat) {
    out += j.dump(-1, ' ', false, json::error_handler_t::replace);
    return;
  }
  out += j.is_array() ? '[' : '{';
  bool first = true;
  for (const auto& [key, value] : j.items()) {
    out += first ? "\n" : ",\n";
    out += pad;
    if (j.is_object()) out += json(key).dump(-1, ' ', false, json::error_handler_t::replace) + ": ";
    write_text(value, depth + 1, out);
    first = false;
  }
  out += '\n';
  out.append(std::size_t(depth), ' ');
  out += j.is_array() ? ']' : '}';
}

}  // namespace

json tree_of(const InteractionFit& f) {
  json scores = json::array();
  for (const RunScore& s : f.scores)
    scores.push_back({{"run", s.run}, {"h_r2", s.h_r2}, {"k_r2", s.k_r2}, {"density_error", s.density_error}, {"resistance_error", s.resistance_error}, {"shear_error", s.shear_error}, {"drive", s.drive}});
  json out = {{"format", kFormatName},
              {"format_version", kVersion},
              {"slip", json::parse(slip_set_json(f.slip))},
              {"group", f.group},
              {"material", {{"shear_modulus_Pa", f.material.shear_modulus}, {"burgers_m", f.material.burgers}, {"friction_Pa", f.material.friction}}},
              {"flow", {{"gdot0_per_s", f.gdot0}, {"n", f.n}, {"fitted", f.flow_fitted}}},
              {"density0_per_m2", f.density0},
              {"runs", f.runs},
              {"held_out", f.held_out},
              {"scores", scores},
              {"remarks", f.remarks},
              {"options", json::parse(f.options)},
              {"provenance", json::parse(f.provenance)}};
  if (f.h) out["H"] = part_tree(*f.h);
  if (f.k) out["K"] = part_tree(*f.k);
  return out;
}

InteractionFit fit_of_tree(const json& j, const std::string& where) {
  try {
    if (!j.is_object() || j.value("format", "") != kFormatName) throw Error(Errc::kFormat, "is no interaction fit");
    const int version = j.at("format_version");
    if (version != kVersion)
      throw Error(Errc::kFormat, "format version " + std::to_string(version) + ", this program reads " + std::to_string(kVersion));
    InteractionFit f;
    f.slip = slip_set_from_json(j.at("slip").dump(), "slip");
    j.at("group").get_to(f.group);
    const json& m = j.at("material");
    f.material.shear_modulus = number_of<double>(m.at("shear_modulus_Pa"));
    f.material.burgers = list<double>(m.at("burgers_m"));
    f.material.friction = list<double>(m.at("friction_Pa"));
    f.gdot0 = number_of<double>(j.at("flow").at("gdot0_per_s"));
    f.n = number_of<double>(j.at("flow").at("n"));
    j.at("flow").at("fitted").get_to(f.flow_fitted);
    f.density0 = list<double>(j.at("density0_per_m2"));
    j.at("runs").get_to(f.runs);
    j.at("held_out").get_to(f.held_out);
    for (const json& s : j.at("scores"))
      f.scores.push_back({s.at("run"), list<double>(s.at("h_r2")), list<double>(s.at("k_r2")), number_of<double>(s.at("density_error")),
                          number_of<double>(s.at("resistance_error")), number_of<double>(s.at("shear_error")), s.at("drive")});
    j.at("remarks").get_to(f.remarks);
    f.options = j.at("options").dump();
    f.provenance = j.at("provenance").dump();
    if (j.contains("H")) f.h = part_of(j.at("H"), f.slip.count());
    if (j.contains("K")) f.k = part_of(j.at("K"), f.slip.count());
    return f;
  } catch (const json::exception& e) {
    throw Error(Errc::kFormat, where + ": " + e.what());
  } catch (const Error& e) {
    throw Error(e.code(), where + ": " + e.what());
  }
}

std::string tree_text(const json& tree) {
  std::string out;
  write_text(tree, 0, out);
  return out + "\n";
}

}  // namespace grainspin::interactions
