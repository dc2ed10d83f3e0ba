#include "grainspin/variance.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>

#include "grainspin/core.h"
#include "grainspin/nonlocal.h"
#include "grainspin/variance_inline.h"

namespace grainspin {
namespace {

using nlohmann::json;

constexpr int kMostHidden = 256;

double number(const json& j, const char* what, double low, double high) {
  const double v = j.get<double>();
  require(std::isfinite(v) && v >= low && v <= high, Errc::kFormat,
          std::string("the model's uncertainty: ") + what + " is " + j.dump() + ", not a number in its range");
  return v;
}

std::array<double, 3> factors(const json& j, const char* what) {
  require(j.is_array() && j.size() == 3, Errc::kFormat,
          std::string("the model's uncertainty: ") + what + " is no list of three factors");
  return {number(j[0], what, 0, 1e6), number(j[1], what, 0, 1e6), number(j[2], what, 0, 1e6)};
}

std::string tensor(std::size_t phase, const char* which) { return "phase" + std::to_string(phase) + ".variance." + which; }

}  // namespace

std::optional<Calibration> calibration(const ModelSpec& spec) {
  try {
    const json domain = json::parse(spec.domain);
    if (!domain.is_object() || !domain.contains("uncertainty")) return std::nullopt;
    require(spec.family == Family::kNonlocal, Errc::kFormat, "the model's uncertainty: only the nonlocal family has this head");
    const json& j = domain.at("uncertainty");
    Calibration c;
    c.hidden = int(number(j.at("hidden"), "hidden", 1, kMostHidden));
    c.correlation = number(j.at("correlation"), "correlation", 0, 1);
    c.expected = number(j.at("expected"), "expected", 0, 1e6);
    c.increment = factors(j.at("increment"), "increment");
    c.radius = factors(j.at("radius"), "radius");
    return c;
  } catch (const json::exception& e) {
    throw Error(Errc::kFormat, std::string("the model's uncertainty is not as this version writes it: ") + e.what());
  }
}

std::string with_calibration(const std::string& domain, const Calibration& c) {
  json j = json::parse(domain);
  j["uncertainty"] = {{"hidden", c.hidden},
                      {"correlation", c.correlation},
                      {"expected", c.expected},
                      {"increment", c.increment},
                      {"radius", c.radius}};
  return j.dump();
}

int variance_features(const NonlocalSpec& spec) { return spec.channels + spec.memory + 2; }

std::vector<std::pair<std::string, std::vector<std::int64_t>>> variance_tensors(const ModelSpec& spec) {
  std::vector<std::pair<std::string, std::vector<std::int64_t>>> all;
  const auto c = calibration(spec);
  if (!c) return all;
  const std::int64_t F = variance_features(spec.nonlocal), D = c->hidden;
  for (std::size_t i = 0; i < spec.nonlocal.phases.size(); ++i) {
    all.push_back({tensor(i, "mean"), {F}});
    all.push_back({tensor(i, "scale"), {F}});
    all.push_back({tensor(i, "hidden"), {D, F}});
    all.push_back({tensor(i, "hidden_bias"), {D}});
    all.push_back({tensor(i, "out"), {4, D}});
    all.push_back({tensor(i, "out_bias"), {4}});
  }
  return all;
}

VarianceHead::VarianceHead(const Model& model) {
  const auto c = calibration(model.spec);
  if (!c) return;
  for (std::size_t i = 0; i < model.spec.nonlocal.phases.size(); ++i) {
    const auto values = [&](const char* which) { return model.tensors.at(tensor(i, which)).values; };
    Phase p{variance_features(model.spec.nonlocal), c->hidden, values("mean"), values("scale"), values("hidden"),
            values("hidden_bias"), values("out"), values("out_bias")};
    for (float& s : p.inverse) {
      require(s > 0, Errc::kFormat, "tensor '" + tensor(i, "scale") + "' has a value that is not above 0");
      s = 1 / s;
    }
    phases_.push_back(std::move(p));
  }
}

void VarianceHead::log_variance(int phase, int lanes, const float* features, const float* v, const std::array<double, 5>& E0,
                                double size, float* out) const {
  const Phase& p = phases_[std::size_t(phase)];
  const std::array<double, 9> E = tensor_of(E0);
  VarianceLoad load;
  load.level = size > 0 ? float(2 * std::log(size)) : -30.0f;
  for (std::size_t i = 0; i < 3; ++i) {
    load.E[i] = float(E[4 * i]);
    load.EE[i] = float(E[3 * i] * E[3 * i] + E[3 * i + 1] * E[3 * i + 1] + E[3 * i + 2] * E[3 * i + 2]);
  }
  float o[4][kMostLanes], a[kMostLanes], f[kMostLanes];
  for (int k = 0; k < 4; ++k) std::fill_n(o[k], lanes, p.u0[std::size_t(k)]);
  for (int d = 0; d < p.hidden; ++d) {
    std::fill_n(a, lanes, p.v0[std::size_t(d)]);
    for (int k = 0; k < p.inputs; ++k) {
      const float weight = p.V[std::size_t(d * p.inputs + k)], mean = p.mean[std::size_t(k)], inverse = p.inverse[std::size_t(k)];
      const float* row = features + k * lanes;
      for (int i = 0; i < lanes; ++i) a[i] += weight * ((row[i] - mean) * inverse);
    }
    for (int i = 0; i < lanes; ++i) f[i] = std::tanh(a[i]);
    for (int k = 0; k < 4; ++k)
      for (int i = 0; i < lanes; ++i) o[k][i] += p.U[std::size_t(k * p.hidden + d)] * f[i];
  }
  for (int i = 0; i < lanes; ++i) {
    const float square = v[i] * v[i] + v[lanes + i] * v[lanes + i] + v[2 * lanes + i] * v[2 * lanes + i];
    const float numbers[4] = {o[0][i], o[1][i], o[2][i], o[3][i]};
    for (int k = 0; k < 3; ++k) out[k * lanes + i] = variance_component(numbers, load, k, v[k * lanes + i], square);
  }
}

void PathError::add(const float* log_variance) {
  const float c = float(calibration_.correlation);
  for (std::size_t i = 0; i < run_.size(); ++i) {
    const float sigma = std::exp(0.5f * log_variance[i]);
    sum_[i] += sigma * sigma + 2 * sigma * c * run_[i];
    run_[i] = c * run_[i] + sigma;
  }
}

void PathError::carry(float* to) const { std::ranges::copy(sum_, std::ranges::copy(run_, to).out); }

void PathError::resume(const float* from) {
  const auto n = std::ptrdiff_t(run_.size());
  std::copy_n(from, n, run_.begin());
  std::copy_n(from + n, n, sum_.begin());
}

double PathError::m(std::int64_t voxel) const {
  const float* s = sum_.data() + 3 * voxel;
  return std::sqrt((double(s[0]) + s[1] + s[2]) / 3);
}

}  // namespace grainspin
