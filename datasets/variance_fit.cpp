#include "datasets/variance_fit.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <nlohmann/json.hpp>

#include "datasets/batch.h"
#include "datasets/grid_run.h"
#include "datasets/variance_net.h"
#include "grainspin/ensemble.h"
#include "grainspin/nonlocal.h"

namespace grainspin {

namespace {

GridRun load(const std::string& path, const ModelSpec& spec) {
  SlipChoice slip;
  for (const PhaseSpec& p : spec.nonlocal.phases) slip[p.name] = p.slip_families;
  std::vector<PhaseSpec> phases = spec.nonlocal.phases;
  return load_grid_run(path, StressData::kNone, slip, phases, false);
}

Region region_of(const GridRun& run) {
  Region region = whole(run.shape, run.boundaries);
  region.spacing = run.spacing;
  region.loads = run.loads;
  if (!run.phase.empty()) region.phase = run.phase.data();
  return region;
}

// The smallest rotation between two orientations, rad.
double angle(const float* a, const float* b) {
  const double dot = double(a[0]) * b[0] + double(a[1]) * b[1] + double(a[2]) * b[2] + double(a[3]) * b[3];
  double square = 0;  // of the vector part of a b^-1, exact for small angles
  const double x = b[0] * double(a[1]) - a[0] * double(b[1]) + a[3] * double(b[2]) - a[2] * double(b[3]);
  const double y = b[0] * double(a[2]) - a[0] * double(b[2]) + a[1] * double(b[3]) - a[3] * double(b[1]);
  const double z = b[0] * double(a[3]) - a[0] * double(b[3]) + a[2] * double(b[1]) - a[1] * double(b[2]);
  square = x * x + y * y + z * z;
  return 2 * std::atan2(std::sqrt(square), std::abs(dot));
}

// Linear between order statistics.
double quantile(std::vector<float>& values, double level) {
  const double place = level * double(values.size() - 1);
  const auto low = std::size_t(place);
  std::nth_element(values.begin(), values.begin() + std::ptrdiff_t(low), values.end());
  const double a = values[low];
  if (low + 1 == values.size()) return a;
  const double b = *std::min_element(values.begin() + std::ptrdiff_t(low) + 1, values.end());
  return a + (place - double(low)) * (b - a);
}

// Voxel-steps of one run: a share of them, evenly drawn, goes to the samples of their phase.
void draw(const Model& model, const GridRun& run, std::int64_t wanted, std::uint64_t seed, int threads,
          std::vector<VarianceSamples>& samples) {
  const std::int64_t n = run.voxels();
  const int F = variance_features(model.spec.nonlocal);
  const double share = double(wanted) / double(run.voxel_steps());
  run_with_features(model, region_of(run), run.q.data(), threads, [&](const StepOutput& out, const float* features) {
    const std::int64_t t = out.step - 1;
    const CellLoad load = cell_load(run.loads[std::size_t(t)]);
    if (load.size < 1e-12) return;
    const std::array<double, 9>& L = out.load->L;
    const double W[3] = {(L[7] - L[5]) / 2, (L[2] - L[6]) / 2, (L[3] - L[1]) / 2};
    const std::array<double, 9> E = tensor_of(load.E0);
    for (std::int64_t i = 0; i < n; ++i) {
      if (double(mix(seed, std::uint64_t(t * n + i)) >> 11) * 0x1p-53 >= share) continue;
      VarianceSamples& to = samples[run.phase.empty() ? 0 : std::size_t(run.phase[std::size_t(i)])];
      to.features.insert(to.features.end(), features + i * F, features + (i + 1) * F);
      const float *w = out.increment + 3 * i, *truth = &run.w[std::size_t((t * n + i) * 3)];
      double v[3], square = 0;
      for (int k = 0; k < 3; ++k) v[k] = w[k] - W[k], square += v[k] * v[k];
      for (std::size_t k = 0; k < 3; ++k) {
        const double e = (double(w[k]) - truth[k]) / load.size;
        to.squares.push_back(float(e * e));
        double E2 = 0;
        for (std::size_t j = 0; j < 3; ++j) E2 += E[3 * k + j] * E[3 * k + j];
        to.basis.insert(to.basis.end(), {1.0f, float(E[4 * k]), float(E2), float(square > 0 ? v[k] * v[k] / square : 0)});
      }
    }
  });
}

// What a run set aside tells: |error| / sigma of every increment's component, ln sigma^2 and angles of all steps.
struct Followed {
  std::int64_t voxels;
  std::vector<std::vector<float>> log_variance, angle;  // [T] of [n, 3], [n]
};

// The variances are those of `surrogate`, the errors those of `judged`, which may be the same.
Followed follow_run(const Surrogate& surrogate, const Surrogate& judged, const GridRun& run, std::vector<float>& ratios) {
  const std::int64_t n = run.voxels();
  Followed out{n, {}, {}};
  const auto keep = [&](const StepOutput& step) { out.log_variance.emplace_back(step.log_variance, step.log_variance + 3 * n); };
  if (&judged != &surrogate) surrogate.run(region_of(run), run.q.data(), nullptr, nullptr, keep);
  judged.run(region_of(run), run.q.data(), nullptr, nullptr, [&](const StepOutput& step) {
    if (&judged == &surrogate) keep(step);
    const std::int64_t t = step.step - 1;
    const float* const log_variance = out.log_variance[std::size_t(t)].data();
    std::vector<float>& angles = out.angle.emplace_back();
    for (std::int64_t i = 0; i < n; ++i) angles.push_back(float(angle(step.orientation + 4 * i, &run.q[std::size_t(((t + 1) * n + i) * 4)])));
    const float* truth = &run.w[std::size_t(t * n * 3)];
    for (std::int64_t i = 0; i < 3 * n; ++i)
      ratios.push_back(float(std::abs(double(step.increment[i]) - truth[i]) * std::exp(-0.5 * log_variance[i])));
  });
  return out;
}

// How unevenly the angle goes with m over the steps at this correlation: the variance of the logarithm of their quotient.
double unevenness(const std::vector<Followed>& runs, Calibration c) {
  double total = 0;
  for (const Followed& run : runs) {
    PathError error(run.voxels, c);
    std::vector<double> logs;
    for (std::size_t t = 0; t < run.angle.size(); ++t) {
      error.add(run.log_variance[t].data());
      double angles = 0, m = 0;
      for (std::int64_t i = 0; i < run.voxels; ++i) angles += run.angle[t][std::size_t(i)], m += error.m(i);
      if (angles > 0 && m > 0) logs.push_back(std::log(angles / m));
    }
    const double mean = std::accumulate(logs.begin(), logs.end(), 0.0) / double(std::max<std::size_t>(logs.size(), 1));
    for (const double l : logs) total += (l - mean) * (l - mean);
  }
  return total;
}

Calibration calibrate(const std::vector<Followed>& runs, std::vector<float>& ratios, Calibration c) {
  double best = 1e300;
  Calibration tried = c;
  for (int i = 0; i <= 50; ++i) {
    tried.correlation = 0.02 * i;
    if (const double u = unevenness(runs, tried); u < best) best = u, c.correlation = tried.correlation;
  }
  double angles = 0, ms = 0;
  std::vector<float> reach;
  for (const Followed& run : runs) {
    PathError error(run.voxels, c);
    for (std::size_t t = 0; t < run.angle.size(); ++t) {
      error.add(run.log_variance[t].data());
      for (std::int64_t i = 0; i < run.voxels; ++i) {
        const double a = run.angle[t][std::size_t(i)], m = error.m(i);
        if (!(m > 0)) continue;
        angles += a, ms += m;
        reach.push_back(float(a / m));
      }
    }
  }
  require(!reach.empty() && ms > 0, Errc::kFormat, "nothing turns in the runs set aside: no error to calibrate on");
  c.expected = angles / ms;
  for (std::size_t l = 0; l < kCoverageLevels.size(); ++l) {
    c.radius[l] = quantile(reach, kCoverageLevels[l]);
    c.increment[l] = quantile(ratios, kCoverageLevels[l]);
  }
  return c;
}

}  // namespace

VarianceFit fit_variance(const Model& given, const std::vector<std::string>& archives, const std::vector<std::string>& set_aside,
                         const VarianceFitOptions& o) {
  require(given.spec.family == Family::kNonlocal, Errc::kArgument, "only nonlocal models have a head of this kind");
  require(!archives.empty(), Errc::kArgument, "no archive to fit the variance on");
  require(!set_aside.empty(), Errc::kArgument, "no archive set aside to calibrate on");
  const auto progress = [&](double fraction, const char* what) {
    require(!o.progress || o.progress(fraction, what), Errc::kInterrupted, "stopped on request");
  };
  VarianceFit out{given, {}};
  out.fitted_on = archives.size(), out.calibrated_on = set_aside.size();
  Model& model = out.model;
  nlohmann::json domain = nlohmann::json::parse(model.spec.domain);
  domain.erase("uncertainty");  // a head that was there before
  model.spec.domain = domain.dump();
  std::erase_if(model.tensors, [](const auto& t) { return t.first.find(".variance.") != std::string::npos; });

  const std::size_t phases = model.spec.nonlocal.phases.size();
  std::vector<VarianceSamples> samples(phases);
  for (std::size_t i = 0; i < archives.size(); ++i) {
    progress(0.5 * double(i) / double(archives.size()), "run");
    const GridRun run = load(archives[i], model.spec);
    draw(model, run, o.samples / std::int64_t(archives.size()), mix(o.seed, i), o.threads, samples);
  }
  const int F = variance_features(model.spec.nonlocal);
  for (std::size_t p = 0; p < phases; ++p) {
    const std::string name = "phase" + std::to_string(p) + ".variance.";
    require(samples[p].count() >= 100, Errc::kArgument, "phase " + model.spec.nonlocal.phases[p].name + ": too few voxels to fit its variance on");
    VarianceNet net(F, o.hidden, samples[p], mix(o.seed, 0x7a9 + p));
    out.constant += net.constant() * double(samples[p].count());
    net.fit(samples[p], o.epochs, o.lr, mix(o.seed, 0xf17 + p), [&](double fraction) { progress(0.5 + 0.3 * (double(p) + fraction) / double(phases), "fit"); });
    out.fitted += net.loss(samples[p]) * double(samples[p].count());
    out.samples += samples[p].count();
    for (auto& [which, tensor] : net.tensors()) model.tensors[name + which] = std::move(tensor);
  }
  out.constant /= double(out.samples);
  out.fitted /= double(out.samples);

  model.spec.domain = with_calibration(model.spec.domain, {.hidden = o.hidden});
  out.calibration = calibrate_on(model, set_aside, o.threads, [&](double fraction, std::string_view what) {
    return !o.progress || o.progress(0.8 + 0.2 * fraction, what);
  });
  model.spec.domain = with_calibration(model.spec.domain, out.calibration);
  return out;
}

Calibration calibrate_on(const Model& model, const std::vector<std::string>& set_aside, int threads, const Progress& progress,
                         const std::vector<Model>& judged) {
  const auto stated = calibration(members_of(model).front().spec);
  require(stated.has_value(), Errc::kArgument, "the model has no variance head to calibrate");
  const auto surrogate = make_engine(model, {.threads = threads});
  std::vector<Followed> followed;
  std::vector<float> ratios;
  for (std::size_t i = 0; i < set_aside.size(); ++i) {
    require(!progress || progress(double(i) / double(set_aside.size()), "calibrate"), Errc::kInterrupted, "stopped on request");
    const auto other = judged.empty() ? nullptr : make_engine(judged[i], {.threads = threads});
    followed.push_back(follow_run(*surrogate, other ? *other : *surrogate, load(set_aside[i], model.spec), ratios));
  }
  return calibrate(followed, ratios, {.hidden = stated->hidden});
}

}  // namespace grainspin
