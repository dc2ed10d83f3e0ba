#include "grainspin/load_path.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "grainspin/core.h"
#include "grainspin/domain.h"
#include "load_text.h"

namespace grainspin {
namespace {

constexpr int kMaxSteps = 100'000;

// A unit of a kind of load, von Mises size 1. `axes` letters it wants, all different.
struct Kind {
  std::string_view name;
  std::size_t axes;
  LoadStep (*unit)(const std::array<int, 2>& axes);
};

LoadStep all_prescribed() {
  LoadStep load;
  load.prescribed.fill(true);
  return load;
}

LoadStep along(const std::array<int, 2>& a, double size) {
  LoadStep load = all_prescribed();
  for (int i = 0; i < 3; ++i) load.prescribed[std::size_t(4 * i)] = i == a[0];
  load.L[std::size_t(4 * a[0])] = size;
  return load;
}

const Kind kKinds[] = {
    {"uniaxial", 1, [](const std::array<int, 2>& a) { return along(a, 1); }},
    {"compression", 1, [](const std::array<int, 2>& a) { return along(a, -1); }},
    // diag(c, 0, -c): 2/3 (c^2 + c^2) = 1
    {"plane-strain", 2,
     [](const std::array<int, 2>& a) {
       LoadStep load = all_prescribed();
       load.L[std::size_t(4 * a[0])] = std::sqrt(0.75);
       load.prescribed[std::size_t(4 * a[1])] = false;
       return load;
     }},
    // diag(c, c, -2 c): 2/3 6 c^2 = 1
    {"biaxial", 2,
     [](const std::array<int, 2>& a) {
       LoadStep load = all_prescribed();
       for (const int i : a) load.L[std::size_t(4 * i)] = 0.5;
       load.prescribed[std::size_t(4 * (3 - a[0] - a[1]))] = false;
       return load;
     }},
    // gamma / sqrt 3 = 1
    {"shear", 2,
     [](const std::array<int, 2>& a) {
       LoadStep load = all_prescribed();
       load.L[std::size_t(3 * a[0] + a[1])] = std::sqrt(3.0);
       return load;
     }},
};

[[noreturn]] void refuse(std::string_view part, const std::string& why) {
  throw Error(Errc::kArgument, "load '" + std::string(part) + "': " + why +
                                   "; wanted name:axes[:strain[:step]] as in " + load_names());
}

struct Part {
  const Kind* kind = nullptr;
  std::array<int, 2> axes{-1, -1};
  double strain = 0, step = 0;  // 0: not stated
};

double size_of(std::string_view part, std::string_view text, const char* what) {
  const auto value = number_of(text);
  if (!value || !std::isfinite(*value))
    refuse(part, std::string("the ") + what + " '" + std::string(text) + "' is not a number");
  if (*value == 0) refuse(part, std::string("the ") + what + " is zero");
  return *value;
}

Part parse_part(std::string_view text) {
  const std::vector<std::string_view> fields = split(text, ':');
  Part part;
  const auto kind = std::ranges::find(kKinds, fields[0], &Kind::name);
  if (kind == std::end(kKinds)) refuse(text, "'" + std::string(fields[0]) + "' is not the name of a load");
  part.kind = kind;
  const std::string wanted = kind->axes == 1 ? "one axis of x, y, z" : "two different axes of x, y, z";
  if (fields.size() < 2) refuse(text, "wanted " + wanted + " behind the name");
  const std::string_view axes = fields[1];
  bool right = axes.size() == kind->axes;
  for (std::size_t i = 0; right && i < axes.size(); ++i) {
    right = axes[i] >= 'x' && axes[i] <= 'z' && (i == 0 || axes[i] != axes[0]);
    part.axes[i] = axes[i] - 'x';
  }
  if (!right) refuse(text, "axes '" + std::string(axes) + "', wanted " + wanted);
  if (fields.size() > 2) part.strain = size_of(text, fields[2], "strain");
  if (fields.size() > 3) part.step = size_of(text, fields[3], "step");
  if (part.step < 0) refuse(text, "the step is negative (a negative strain runs a load backwards)");
  if (fields.size() > 4) refuse(text, "'" + std::string(fields[4]) + "' is one piece too many");
  return part;
}

}  // namespace

const char* load_names() { return "uniaxial:z, compression:z, plane-strain:zx, biaxial:xy, shear:xz"; }

LoadDefaults load_defaults(const ModelSpec& spec) {
  LoadDefaults out;
  const TrainingDomain domain = training_domain(spec);
  double own = 0;
  for (const LoadStep& l : spec.loads) own += completed(l).von_mises();
  if (domain.total_strain > 0) out.strain = domain.total_strain;
  else if (own > 0) out.strain = own;
  if (const auto& step = domain.step_strain; step[1] > 0 && step[0] <= step[1])
    out.step = std::clamp(out.step, step[0], step[1]);
  return out;
}

std::vector<LoadStep> named_load(std::string_view text, const LoadDefaults& defaults) {
  std::vector<Part> parts;
  double stated = 0;
  int open = 0;
  for (const std::string_view piece : split(text, '+')) {
    parts.push_back(parse_part(piece));
    stated += std::abs(parts.back().strain);
    open += parts.back().strain == 0 ? 1 : 0;
  }
  std::vector<LoadStep> loads;
  for (Part& part : parts) {
    if (part.strain == 0) {
      part.strain = (defaults.strain - stated) / open;
      if (!(part.strain > 1e-9))
        refuse(text, "the parts that state their strain leave nothing of " + short_text(defaults.strain) +
                         " for the others");
    }
    const double size = part.step > 0 ? part.step : defaults.step;
    const double count = std::max(1.0, std::ceil(std::abs(part.strain) / size - 1e-6));
    if (count + double(loads.size()) > kMaxSteps)
      refuse(text, "makes more than " + std::to_string(kMaxSteps) + " steps");
    LoadStep step = part.kind->unit(part.axes);
    for (double& x : step.L) x *= part.strain / count;
    loads.insert(loads.end(), std::size_t(count), step);
  }
  return loads;
}

}  // namespace grainspin
