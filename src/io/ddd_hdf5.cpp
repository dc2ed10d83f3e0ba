// One HDF5 file of DDD runs: /slip, /material and a group for every run in /runs. Layout: docs/interactions.md.
#include <algorithm>
#include <cmath>

#include "grainspin/interactions/families.h"
#include "src/io/ddd_file.h"
#include "src/io/hdf5.h"
#include "src/io/whole_file.h"

namespace grainspin::interactions {

namespace {

std::string shape_text(const std::vector<hsize_t>& shape) {
  std::string out;
  for (const hsize_t s : shape) out.append(out.empty() ? "[" : ", ").append(std::to_string(s));
  return out.empty() ? "one number" : out + "]";
}

// rows < 0: as many as there are. Width 1 is [T].
std::vector<double> table(const h5::File& file, const std::string& name, std::int64_t rows, std::int64_t& width) {
  const h5::Dataset data = file.dataset(name);
  const std::vector<hsize_t>& shape = data.shape();
  const std::size_t rank = width == 1 ? 1 : 2;
  const bool fits = shape.size() == rank && (rows < 0 || shape[0] == hsize_t(rows)) && (rank == 1 || width < 0 || shape[1] == hsize_t(width));
  require(fits, Errc::kFormat,
          data.where() + ": wanted shape [" + (rows < 0 ? "T" : std::to_string(rows)) +
              (rank == 1 ? "" : ", " + (width < 0 ? std::string("N") : std::to_string(width))) + "], found " + shape_text(shape));
  data.require_written();
  if (rank == 2) width = std::int64_t(shape[1]);
  std::vector<double> values(std::size_t(shape[0]) * (rank == 2 ? shape[1] : 1));
  if (!values.empty()) data.read(values.data(), std::vector<hsize_t>(rank, 0), shape);
  return values;
}

// Numbers of any count: a dataset, or an attribute of the group.
std::vector<double> numbers(const h5::File& file, const std::string& group, const std::string& name) {
  if (file.exists(group + "/" + name)) {
    const h5::Dataset data = file.dataset(group + "/" + name);
    require(data.shape().size() <= 1, Errc::kFormat, data.where() + ": wanted one number or a list, found " + shape_text(data.shape()));
    data.require_written();
    std::vector<double> out(data.rows());
    data.read(out.data(), std::vector<hsize_t>(data.shape().size(), 0), data.shape());
    return out;
  }
  if (const auto x = file.number(group, name)) return {*x};
  return {};
}

void put(h5::File& file, const std::string& name, const std::vector<hsize_t>& shape, const std::vector<double>& values) {
  file.make_dataset(name, H5T_IEEE_F64LE, {shape, {}, {}, false}).write(values.data(), std::vector<hsize_t>(shape.size(), 0), shape);
}

}  // namespace

DddData read_ddd_hdf5(const std::string& path) {
  const h5::File file = h5::File::open(path);
  for (const char* group : {"slip", "material", "runs"})
    require(file.exists(group), Errc::kFormat, path + ": is no file of DDD runs: it has no group /" + group);
  DddHead head;
  head.set = file.string("slip", "set");
  if (file.exists("slip/json")) head.set_json = file.dataset("slip/json").text();
  head.point_group = file.string("slip", "point_group");
  head.c_over_a = file.number("slip", "c_over_a").value_or(0);
  if (file.exists("slip/plane")) {
    std::int64_t indices = -1;
    const std::vector<double> planes = table(file, "slip/plane", -1, indices);
    const auto n = std::int64_t(planes.size()) / std::max<std::int64_t>(indices, 1);
    const std::vector<double> directions = table(file, "slip/direction", n, indices);
    for (std::int64_t i = 0; i < n; ++i) {
      const std::string where = file.where("system", std::to_string(i + 1));
      const auto row = [&](const std::vector<double>& values) {
        return std::vector<double>(values.begin() + i * indices, values.begin() + (i + 1) * indices);
      };
      head.systems.push_back({crystal_direction(row(directions), head.c_over_a, where), crystal_plane(row(planes), head.c_over_a, where), 0});
    }
  }
  head.shear_modulus = file.number("material", "shear_modulus").value_or(0);
  head.burgers = numbers(file, "material", "burgers");
  head.friction = numbers(file, "material", "friction");

  DddData data;
  std::int64_t n = -1;
  const std::vector<std::string> ids = file.children("runs");
  require(!ids.empty(), Errc::kFormat, path + ": group /runs is empty");
  if (const auto says = file.number("runs", "count"))
    require(std::int64_t(*says) == std::int64_t(ids.size()), Errc::kFormat,
            path + ": runs are missing: says " + std::to_string(std::int64_t(*says)) + ", has " + std::to_string(ids.size()));
  std::vector<std::pair<double, std::string>> ordered;  // as written; groups come by name
  for (std::size_t r = 0; r < ids.size(); ++r) ordered.emplace_back(file.number("runs/" + ids[r], "order").value_or(double(r)), ids[r]);
  std::stable_sort(ordered.begin(), ordered.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  for (const auto& [place, id] : ordered) {
    const std::string group = "runs/" + id + "/";
    DddRun run;
    run.id = file.string("runs/" + id, "id");
    if (run.id.empty()) run.id = id;
    std::int64_t one = 1, six = 6;
    run.time = table(file, group + "time", -1, one);
    const auto rows = std::int64_t(run.time.size());
    for (const DddColumn& c : system_columns()) {
      const bool needed = c.member == &DddRun::density || c.member == &DddRun::slip_rate;
      if (needed || file.exists(group + c.h5name)) run.*c.member = table(file, group + c.h5name, rows, n);
    }
    if (file.exists(group + "stress")) run.stress = table(file, group + "stress", rows, six);
    if (file.exists(group + "strain")) run.strain = table(file, group + "strain", rows, one);
    if (file.exists(group + "weight")) run.weight = table(file, group + "weight", rows, one);
    if (file.exists(group + "columns"))
      for (const std::string& name : file.children("runs/" + id + "/columns")) run.columns[name] = table(file, group + "columns/" + name, rows, one);
    data.runs.push_back(std::move(run));
  }
  settle(path, head, std::size_t(n), data);
  data.sources = {path};
  return data;
}

void write_ddd_hdf5(const std::string& path, const DddData& data, const std::string& provenance_json) {
  require(!data.runs.empty(), Errc::kArgument, path + ": no runs to write");
  const hsize_t n = data.slip.systems.size();
  write_whole(path, [&](const std::string& partial) {
    h5::File file = h5::File::create(partial, path);
    file.make_group("grainspin");
    file.put("grainspin", "content", std::string("ddd runs"));
    file.put_scalar("grainspin", "format_version", 1);
    file.put_text("grainspin/provenance", provenance_json);
    file.make_group("slip");
    if (known_by_name(data.slip)) file.put("slip", "set", data.slip.name);
    else file.put_text("slip/json", slip_set_json(data.slip));
    if (data.slip.c_over_a > 0) file.put("slip", "c_over_a", std::vector<double>{data.slip.c_over_a});
    std::vector<double> planes, directions;
    for (const SlipSystem& s : data.slip.systems) {
      planes.insert(planes.end(), {s.n.x, s.n.y, s.n.z});
      directions.insert(directions.end(), {s.b.x, s.b.y, s.b.z});
    }
    put(file, "slip/plane", {n, 3}, planes);
    put(file, "slip/direction", {n, 3}, directions);
    file.make_group("material");
    file.put("material", "shear_modulus", std::vector<double>{data.material.shear_modulus});
    put(file, "material/burgers", {n}, data.material.burgers);
    put(file, "material/friction", {n}, data.material.friction);
    file.make_group("runs");
    file.put_scalar("runs", "count", std::int64_t(data.runs.size()));
    for (std::size_t r = 0; r < data.runs.size(); ++r) {
      const DddRun& run = data.runs[r];
      const hsize_t rows = run.time.size();
      std::string group = run.id;  // a name without the path's own characters
      std::replace(group.begin(), group.end(), '/', '_');
      if (group == "." || group == "..") group += "_";
      file.make_group("runs/" + group);
      file.put_scalar("runs/" + group, "order", std::int64_t(r));
      if (group != run.id) file.put("runs/" + group, "id", run.id);
      group = "runs/" + group + "/";
      put(file, group + "time", {rows}, run.time);
      for (const DddColumn& c : system_columns())
        if (!(run.*c.member).empty()) put(file, group + c.h5name, {rows, n}, run.*c.member);
      if (!run.stress.empty()) put(file, group + "stress", {rows, 6}, run.stress);
      if (!run.strain.empty()) put(file, group + "strain", {rows}, run.strain);
      if (!run.weight.empty()) put(file, group + "weight", {rows}, run.weight);
      if (!run.columns.empty()) file.make_group(group + "columns");
      for (const auto& [name, values] : run.columns) put(file, group + "columns/" + name, {rows}, values);
    }
    file.close();
  });
}

}  // namespace grainspin::interactions
