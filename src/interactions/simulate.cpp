#include "grainspin/interactions/simulate.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "grainspin/interactions/trajectory.h"
#include "src/interactions/random.h"
#include "src/interactions/schmid.h"
#include "src/parallel_for.h"

namespace grainspin::interactions {

namespace {

double mises(const Six& s) {
  const double p = (s[0] + s[1] + s[2]) / 3;
  double sum = 0;
  for (std::size_t c = 0; c < 3; ++c) sum += (s[c] - p) * (s[c] - p) + 2 * s[c + 3] * s[c + 3];
  return std::sqrt(1.5 * sum);
}

// A stress of von Mises size 1.
Six direction(Load load, Random& random) {
  Six s{};
  if (load == Load::kUniaxial) {
    const double x = random.normal(), y = random.normal(), z = random.normal(), r = x * x + y * y + z * z;
    const double sense = random.uniform() < 0.5 ? -1 : 1;
    return {sense * x * x / r, sense * y * y / r, sense * z * z / r, sense * y * z / r, sense * x * z / r, sense * x * y / r};
  }
  for (double& c : s) c = random.normal();
  for (std::size_t c = 3; c < 6; ++c) s[c] /= std::sqrt(2.0);  // isotropic in the five dimensions of deviators
  const double p = (s[0] + s[1] + s[2]) / 3;
  for (std::size_t c = 0; c < 3; ++c) s[c] -= p;
  const double size = mises(s);
  for (double& c : s) c /= size;
  return s;
}

// The load of a run: directions that turn evenly from one to the next.
struct Path {
  std::vector<Six> through;
  double duration = 0;
  Six at(double time) const {
    if (through.size() == 1) return through[0];
    const double x = std::clamp(time / duration, 0.0, 1.0) * double(through.size() - 1);
    const auto a = std::min(std::size_t(x), through.size() - 2);
    Six s;
    for (std::size_t c = 0; c < 6; ++c) s[c] = (1 - (x - double(a))) * through[a][c] + (x - double(a)) * through[a + 1][c];
    const double size = mises(s);
    for (double& c : s) c /= std::max(size, 1e-3);
    return s;
  }
};

// The stress along `unit` at which sum gdot_i tau_i / mises = rate.
double stress_size(const LawRates& law, const std::vector<double>& unit, const double* g, double rate) {
  double steepest = 0, sum = 0;
  for (std::size_t i = 0; i < unit.size(); ++i) steepest = std::max(steepest, std::abs(unit[i]) / g[i]);
  require(steepest > 0, Errc::kArgument, "simulate: the load shears no slip system");
  for (std::size_t i = 0; i < unit.size(); ++i)
    sum += std::pow(std::abs(unit[i]) / g[i] / steepest, law.exponent()) * std::abs(unit[i]);
  return std::pow(rate / (law.gdot0() * sum), 1 / law.exponent()) / steepest;
}

struct Simulation {
  const DislocationLaw& law;
  const SimulateOptions& o;
  LawRates rates;
  std::vector<Six> m;
  std::size_t n;

  Simulation(const DislocationLaw& l, const SimulateOptions& options) : law(l), o(options), rates(l), n(l.slip.systems.size()) {
    for (const SlipSystem& s : law.slip.systems) m.push_back(schmid(s));
  }

  std::vector<double> shears(const Six& stress) const {
    std::vector<double> tau;
    for (const Six& s : m) tau.push_back(resolved(s, stress.data()));
    return tau;
  }

  std::vector<double> densities(Random& random) const {
    std::vector<double> rho;
    for (std::size_t i = 0; i < n; ++i) rho.push_back(o.density * std::exp(o.spread * random.normal()));
    return rho;
  }

  DddRun named(int r) const {
    char id[16];
    std::snprintf(id, sizeof id, "r%04d", r + 1);
    DddRun run;
    run.id = id;
    return run;
  }

  DddRun trajectory(int r) const {
    Random random(o.seed, std::uint64_t(r));
    DddRun run = named(r);
    Path path;
    path.duration = o.strain / o.strain_rate;
    for (int d = 0; d < o.loads; ++d) path.through.push_back(direction(o.load, random));
    const std::vector<double> start = densities(random);
    for (int t = 0; t < o.rows; ++t) run.time.push_back(o.rows > 1 ? path.duration * t / (o.rows - 1) : 0);
    const Driver drive = [&](double time, const double* g, double* gdot) {
      std::vector<double> tau = shears(path.at(time));
      const double size = stress_size(rates, tau, g, o.strain_rate);
      for (double& x : tau) x *= size;
      rates.slip_rate(tau.data(), g, gdot);
    };
    Trajectory done = roll(law, start, run.time, drive, {1e-9, 1'000'000});
    run.density = std::move(done.density);
    run.slip_rate = std::move(done.slip_rate);
    run.resistance = std::move(done.resistance);
    for (std::size_t t = 0; t < run.time.size(); ++t) {
      Six s = path.at(run.time[t]);
      const double size = stress_size(rates, shears(s), &run.resistance[t * n], o.strain_rate);
      for (double& c : s) c *= size;
      run.stress.insert(run.stress.end(), s.begin(), s.end());
      const std::vector<double> tau = shears(s);
      run.shear.insert(run.shear.end(), tau.begin(), tau.end());
      run.strain.push_back(o.strain_rate * run.time[t]);
    }
    return run;
  }

  DddRun independent(int r) const {
    Random random(o.seed, std::uint64_t(r));
    DddRun run = named(r);
    std::vector<double> g(n), tau(n);
    for (int t = 0; t < o.rows; ++t) {
      run.time.push_back(t);
      const std::vector<double> rho = densities(random);
      std::vector<double> gdot;
      for (std::size_t i = 0; i < n; ++i) gdot.push_back(o.strain_rate * random.normal());
      rates.resistance(rho.data(), g.data());
      rates.shear(gdot.data(), g.data(), tau.data());
      run.density.insert(run.density.end(), rho.begin(), rho.end());
      run.slip_rate.insert(run.slip_rate.end(), gdot.begin(), gdot.end());
      run.resistance.insert(run.resistance.end(), g.begin(), g.end());
      run.shear.insert(run.shear.end(), tau.begin(), tau.end());
    }
    return run;
  }
};

}  // namespace

DddData simulate(const DislocationLaw& law, const SimulateOptions& o) {
  require(o.runs > 0 && o.rows > 0 && o.loads > 0, Errc::kArgument, "simulate: wanted at least one run, row and load");
  require(o.strain > 0 && o.strain_rate > 0 && o.density > 0 && o.spread >= 0, Errc::kArgument,
          "simulate: strain, strain rate and density must be above 0, the spread at least 0");
  require(o.response_noise >= 0 && o.feature_noise >= 0, Errc::kArgument, "simulate: noise cannot be negative");
  const Simulation simulation(law, o);
  const std::size_t n = simulation.n;
  DddData data;
  data.slip = law.slip;
  data.material = law.material;
  data.runs.resize(std::size_t(o.runs));
  parallel_for(o.runs, o.threads, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r) {
      require(!o.progress || begin > 0 || o.progress(double(r) / double(end), "runs"), Errc::kInterrupted, "simulate: stopped");
      DddRun& run = data.runs[std::size_t(r)];
      run = o.rows_kind == Rows::kTrajectory ? simulation.trajectory(int(r)) : simulation.independent(int(r));
      run.density_rate.resize(run.density.size());
      for (std::size_t t = 0; t < run.time.size(); ++t)
        simulation.rates.density_rate(&run.density[t * n], &run.slip_rate[t * n], &run.density_rate[t * n]);
    }
  });

  // Noise last: what is recorded is wrong, not what happened.
  std::vector<double> size(n, 0);
  double rows = 0;
  for (const DddRun& run : data.runs) {
    rows += double(run.rows());
    for (std::size_t e = 0; e < run.density_rate.size(); ++e) size[e % n] += run.density_rate[e] * run.density_rate[e];
  }
  for (double& s : size) s = std::sqrt(s / rows);
  for (std::size_t r = 0; r < data.runs.size(); ++r) {
    DddRun& run = data.runs[r];
    Random responses(o.seed ^ 0x5eed0001, r), features(o.seed ^ 0x5eed0002, r);
    if (o.response_noise > 0) {
      for (std::size_t e = 0; e < run.density_rate.size(); ++e)
        run.density_rate[e] += o.response_noise * size[e % n] * responses.normal();
      for (double& g : run.resistance) g = std::max(g * (1 + o.response_noise * responses.normal()), 0.0);
    }
    if (o.feature_noise > 0) {
      for (double& x : run.density) x = std::max(x * (1 + o.feature_noise * features.normal()), 0.0);
      for (double& x : run.slip_rate) x *= 1 + o.feature_noise * features.normal();
    }
  }
  return data;
}

}  // namespace grainspin::interactions
