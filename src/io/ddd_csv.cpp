// One CSV file of DDD runs: lines `# key: value`, a line of column names, rows. Layout: docs/interactions.md.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "grainspin/interactions/families.h"
#include "src/io/ddd_file.h"
#include "src/io/numbers.h"
#include "src/io/whole_file.h"

namespace grainspin::interactions {

namespace {

constexpr std::string_view kBlank = " \t\r";

std::string_view trimmed(std::string_view s) {
  const auto first = s.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return s.substr(first, s.find_last_not_of(kBlank) - first + 1);
}

// Fields of a line; "a, b" in quotes is one.
std::vector<std::string_view> fields(std::string_view line) {
  std::vector<std::string_view> out;
  for (std::size_t from = 0;;) {
    const bool quoted = from < line.size() && line[from] == '"';
    std::size_t to = quoted ? line.find('"', from + 1) : from;
    to = std::min(line.find(',', to == std::string_view::npos ? line.size() : to), line.size());
    std::string_view field = trimmed(line.substr(from, to - from));
    if (field.size() > 1 && field.front() == '"' && field.back() == '"') field = field.substr(1, field.size() - 2);
    out.push_back(field);
    if (to == line.size()) return out;
    from = to + 1;
  }
}

std::vector<double> numbers(std::string_view text, const std::string& where) {
  std::vector<double> out;
  while (!(text = trimmed(text)).empty()) {
    const std::size_t to = std::min(text.find_first_of(" \t,"), text.size());
    const auto x = parse_number<double>(text.substr(0, to));
    require(x.has_value(), Errc::kFormat, where + ": '" + std::string(text.substr(0, to)) + "' is no number");
    out.push_back(*x);
    text = text.substr(std::min(to + 1, text.size()));
  }
  return out;
}

// Where a column goes.
struct Target {
  enum Kind { kRun, kTime, kStrain, kWeight, kSystem, kStress, kUser } kind = kUser;
  std::size_t column = 0, index = 0;  // of system_columns(); system or component
  std::string name;
};

class Reader {
 public:
  Reader(const std::string& path, std::string_view text) : path_(path), text_(text) {}

  DddData read() {
    std::string_view line;
    while (next(line)) {
      line = trimmed(line);
      if (line.empty()) continue;
      if (line[0] == '#') head_line(trimmed(line.substr(1)));
      else if (targets_.empty()) names(line);
      else row(line);
    }
    require(!targets_.empty(), Errc::kFormat, path_ + ": has no line of column names (run,time,rho[1],...)");
    require(!data_.runs.empty(), Errc::kFormat, path_ + ": has no rows");
    require(head_.rows < 0 || head_.rows == rows_, Errc::kFormat,
            path_ + ": is cut off or incomplete: says " + std::to_string(head_.rows) + " rows, has " + std::to_string(rows_));
    require(head_.runs < 0 || head_.runs == std::int64_t(data_.runs.size()), Errc::kFormat,
            path_ + ": runs are missing: says " + std::to_string(head_.runs) + ", has " + std::to_string(data_.runs.size()));
    // Indices need c/a, which may come after them.
    for (const auto& [number, text] : listed_) {
      const std::string where = path_ + ": system[" + std::to_string(number) + "]";
      require(number == head_.systems.size() + 1, Errc::kFormat, where + ": wanted systems 1, 2, 3 .. each once");
      const auto open = text.find('('), shut = text.find(')'), from = text.find('['), to = text.find(']');
      require(open < shut && shut < from && from < to && to < text.size(), Errc::kFormat,
              where + ": wanted (plane)[direction], as in (1 1 1)[0 1 -1], found '" + text + "'");
      SlipSystem s;
      s.n = crystal_plane(numbers(text.substr(open + 1, shut - open - 1), where), head_.c_over_a, where);
      s.b = crystal_direction(numbers(text.substr(from + 1, to - from - 1), where), head_.c_over_a, where);
      head_.systems.push_back(s);
    }
    settle(path_, head_, systems_, data_);
    data_.sources = {path_};
    return std::move(data_);
  }

 private:
  bool next(std::string_view& line) {
    if (at_ >= text_.size()) return false;
    const std::size_t to = std::min(text_.find('\n', at_), text_.size());
    line = text_.substr(at_, to - at_);
    if (number_ == 0 && line.substr(0, 3) == "\xef\xbb\xbf") line.remove_prefix(3);
    at_ = to + 1;
    ++number_;
    return true;
  }
  std::string here() const { return path_ + ": line " + std::to_string(number_); }

  void head_line(std::string_view line) {
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) return;  // a comment
    const std::string key(trimmed(line.substr(0, colon))), value(trimmed(line.substr(colon + 1))), where = here() + ", " + key;
    const auto one = [&] {
      const std::vector<double> x = numbers(value, where);
      require(x.size() == 1, Errc::kFormat, where + ": wanted one number, found '" + value + "'");
      return x[0];
    };
    if (key == "grainspin ddd runs") {
      require(one() == 1, Errc::kFormat, where + ": version " + value + " is not known (1 is)");
    } else if (key == "slip") {
      head_.set = value;
    } else if (key == "slip_set") {
      head_.set_json = value;
    } else if (key == "point_group") {
      head_.point_group = value;
    } else if (key == "c_over_a") {
      head_.c_over_a = one();
    } else if (key == "shear_modulus_Pa") {
      head_.shear_modulus = one();
    } else if (key == "burgers_m") {
      head_.burgers = numbers(value, where);
    } else if (key == "friction_Pa") {
      head_.friction = numbers(value, where);
    } else if (key == "runs") {
      head_.runs = std::int64_t(one());
    } else if (key == "rows") {
      head_.rows = std::int64_t(one());
    } else if (key.rfind("system[", 0) == 0 && key.back() == ']') {
      const auto number = parse_number<std::size_t>(std::string_view(key).substr(7, key.size() - 8));
      require(number.has_value(), Errc::kFormat, where + ": wanted system[NUMBER]");
      require(listed_.emplace(*number, value).second, Errc::kFormat, where + ": is listed twice");
    }
  }

  // name[3] and name_3 are one column.
  static bool indexed(std::string_view field, std::string_view name, std::size_t& index) {
    if (field.size() < name.size() + 2 || field.substr(0, name.size()) != name) return false;
    std::string_view rest = field.substr(name.size());
    if (rest.front() == '[' && rest.back() == ']') rest = rest.substr(1, rest.size() - 2);
    else if (rest.front() == '_') rest = rest.substr(1);
    else return false;
    const auto number = parse_number<std::size_t>(rest);
    if (number) index = *number;
    return number.has_value();
  }

  void names(std::string_view line) {
    std::map<std::string, int> seen;
    std::vector<std::vector<std::size_t>> of(system_columns().size());
    for (const std::string_view field : fields(line)) {
      Target t;
      t.name = std::string(field);
      require(!t.name.empty(), Errc::kFormat, here() + ": column " + std::to_string(targets_.size() + 1) + " has no name");
      require(++seen[t.name] == 1, Errc::kFormat, here() + ": column " + t.name + " is there twice");
      if (field == "run") t.kind = Target::kRun;
      if (field == "time") t.kind = Target::kTime;
      if (field == "strain") t.kind = Target::kStrain;
      if (field == "weight") t.kind = Target::kWeight;
      for (std::size_t c = 0; c < 6; ++c)
        if (field == kStressNames[c]) t.kind = Target::kStress, t.index = c;
      for (std::size_t c = 0; c < of.size(); ++c)
        if (indexed(field, system_columns()[c].name, t.index)) {
          require(t.index >= 1, Errc::kFormat, here() + ": column " + t.name + ": systems count from 1");
          of[c].push_back(t.index--);
          t.kind = Target::kSystem, t.column = c;
        }
      targets_.push_back(std::move(t));
    }
    for (const char* needed : {"run", "time"})
      require(seen.count(needed), Errc::kFormat, here() + ": has no column " + needed);
    std::size_t stress = 0;
    for (const char* name : kStressNames) stress += seen.count(name);
    require(stress == 0 || stress == 6, Errc::kFormat, here() + ": has " + std::to_string(stress) + " of the 6 components sigma_xx sigma_yy sigma_zz sigma_yz sigma_xz sigma_xy");
    systems_ = of[0].size();
    require(systems_ > 0, Errc::kFormat, here() + ": has no columns rho[1], rho[2] ..");
    for (std::size_t c = 0; c < of.size(); ++c) {
      std::sort(of[c].begin(), of[c].end());
      const std::string name = system_columns()[c].name;
      require(of[c].size() == systems_ || (of[c].empty() && c > 1), Errc::kFormat,
              here() + ": has " + std::to_string(of[c].size()) + " columns " + name + ", and " + std::to_string(systems_) + " columns rho");
      for (std::size_t i = 0; i < of[c].size(); ++i)
        require(of[c][i] == i + 1, Errc::kFormat, here() + ": has no column " + name + "[" + std::to_string(i + 1) + "]");
    }
  }

  void row(std::string_view line) {
    const std::vector<std::string_view> values = fields(line);
    require(values.size() == targets_.size(), Errc::kFormat,
            here() + ": has " + std::to_string(values.size()) + " fields, the line of names " + std::to_string(targets_.size()) +
                (at_ > text_.size() ? " (the file's last line: is it cut off?)" : ""));
    ++rows_;
    std::string id;
    for (std::size_t c = 0; c < values.size(); ++c)
      if (targets_[c].kind == Target::kRun) id = std::string(values[c]);
    require(!id.empty(), Errc::kFormat, here() + ": the run has no name");
    const auto [found, fresh] = run_.emplace(id, data_.runs.size());
    if (fresh) {
      data_.runs.emplace_back();
      data_.runs.back().id = id;
    }
    DddRun& run = data_.runs[found->second];
    const std::size_t t = run.time.size();
    for (std::size_t c = 0; c < values.size(); ++c) {
      const Target& target = targets_[c];
      if (target.kind == Target::kRun) continue;
      const auto x = parse_number<double>(values[c]);
      if (!x || !std::isfinite(*x)) {
        std::string what = values[c].empty() ? "is empty" : "";
        if (!values[c].empty()) what.append("'").append(values[c]).append("' is not a finite number");
        throw Error(Errc::kFormat, here() + ", column " + target.name + " (run '" + id + "', row " + std::to_string(t + 1) + "): " + what);
      }
      switch (target.kind) {
        case Target::kTime: run.time.push_back(*x); break;
        case Target::kStrain: run.strain.push_back(*x); break;
        case Target::kWeight: run.weight.push_back(*x); break;
        case Target::kUser: run.columns[target.name].push_back(*x); break;
        case Target::kStress: place(run.stress, t, 6, target.index, *x); break;
        default: place(run.*system_columns()[target.column].member, t, systems_, target.index, *x);
      }
    }
  }

  static void place(std::vector<double>& values, std::size_t row, std::size_t width, std::size_t index, double x) {
    if (values.size() < (row + 1) * width) values.resize((row + 1) * width, 0);
    values[row * width + index] = x;
  }

  std::string path_;
  std::string_view text_;
  std::size_t at_ = 0, number_ = 0, systems_ = 0;
  std::int64_t rows_ = 0;
  DddHead head_;
  std::map<std::size_t, std::string> listed_;
  std::vector<Target> targets_;
  std::map<std::string, std::size_t> run_;
  DddData data_;
};

}  // namespace

DddData read_ddd_csv(const std::string& path, std::string text) { return Reader(path, text).read(); }

void write_ddd_csv(const std::string& path, const DddData& data, const std::string& provenance_json) {
  const auto list = [](const std::vector<double>& values) {
    std::string out;
    for (const double x : values) out.append(out.empty() ? "" : " ").append(number_text(x));
    return out;
  };
  const auto vector = [](const Vec3<double>& v) { return number_text(v.x) + " " + number_text(v.y) + " " + number_text(v.z); };
  std::int64_t rows = 0;
  for (const DddRun& run : data.runs) rows += run.rows();
  std::string one_line = provenance_json;
  std::replace(one_line.begin(), one_line.end(), '\n', ' ');
  std::string out = "# grainspin ddd runs: 1\n";
  out += known_by_name(data.slip) ? "# slip: " + data.slip.name + "\n" : "# slip_set: " + nlohmann::json::parse(slip_set_json(data.slip)).dump() + "\n";
  if (data.slip.c_over_a > 0) out += "# c_over_a: " + number_text(data.slip.c_over_a) + "\n";
  for (std::size_t i = 0; i < data.slip.systems.size(); ++i)
    out += "# system[" + std::to_string(i + 1) + "]: (" + vector(data.slip.systems[i].n) + ")[" + vector(data.slip.systems[i].b) + "]\n";
  out += "# shear_modulus_Pa: " + number_text(data.material.shear_modulus) + "\n# burgers_m: " + list(data.material.burgers) +
         "\n# friction_Pa: " + list(data.material.friction) + "\n# runs: " + std::to_string(data.runs.size()) +
         "\n# rows: " + std::to_string(rows) + "\n# provenance: " + one_line + "\nrun,time";
  require(!data.runs.empty(), Errc::kArgument, path + ": no runs to write");
  const DddRun& first = data.runs[0];
  const std::size_t n = data.slip.systems.size();
  if (!first.strain.empty()) out += ",strain";
  if (!first.weight.empty()) out += ",weight";
  if (!first.stress.empty())
    for (const char* name : kStressNames) out += std::string(",") + name;
  for (const DddColumn& c : system_columns())
    if (!(first.*c.member).empty())
      for (std::size_t i = 0; i < n; ++i) out += std::string(",") + c.name + "[" + std::to_string(i + 1) + "]";
  for (const auto& [name, unused] : first.columns) out.append(",").append(name);
  out += "\n";
  for (const DddRun& run : data.runs) {
    bool same = run.strain.empty() == first.strain.empty() && run.weight.empty() == first.weight.empty() &&
                run.stress.empty() == first.stress.empty() && run.columns.size() == first.columns.size();
    for (const DddColumn& c : system_columns()) same = same && (run.*c.member).empty() == (first.*c.member).empty();
    for (const auto& [name, unused] : first.columns) same = same && run.columns.count(name);
    require(same, Errc::kArgument, path + ": run '" + run.id + "' has other columns than run '" + first.id + "': CSV holds one table (HDF5 can)");
    require(run.id.find_first_of(",\"\n\r#") == std::string::npos, Errc::kArgument, path + ": CSV cannot hold the run name '" + run.id + "'");
    for (std::size_t t = 0; t < run.time.size(); ++t) {
      out += run.id + "," + number_text(run.time[t]);
      const auto put = [&](const std::vector<double>& values, std::size_t width) {
        for (std::size_t c = 0; c < width && !values.empty(); ++c) out.append(",").append(number_text(values[t * width + c]));
      };
      put(run.strain, 1);
      put(run.weight, 1);
      put(run.stress, 6);
      for (const DddColumn& c : system_columns()) put(run.*c.member, n);
      for (const auto& [name, values] : run.columns) put(values, 1);
      out += "\n";
    }
  }
  write_whole_text(path, out);
}

}  // namespace grainspin::interactions
