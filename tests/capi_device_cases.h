// Arrays in the memory of the model's GPU at the C interface: the bits of arrays of the host, for every layout, type and
// representation. By the launchers' table on the host, or on a GPU.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>

#include "capi_run.h"
#include "grainspin/domain.h"
#include "host_cuda_array.h"
#include "local_oracle.h"
#include "random_nonlocal.h"

namespace grainspin::testing {

constexpr int X = 5, Y = 4, Z = 3, N = X * Y * Z;

inline ModelHandle on_gpu(const std::string& path, int device = GRAINSPIN_CUDA, int gpu = 0) {
  grainspin_model_options o;
  EXPECT_OK(grainspin_model_options_init(&o, sizeof o));
  o.device = device;
  o.gpu = gpu;
  grainspin_model* model = nullptr;
  EXPECT_OK(grainspin_model_load(path.c_str(), &o, &model));
  return ModelHandle(model);
}

// How an array lies: the layouts, and strides with gaps.
struct Lie {
  const char* name;
  int layout;
  std::array<std::int64_t, 4> stride;
};
inline std::array<Lie, 4> lies(int components) {
  const std::int64_t c = components, row = X * (c + 1) + 3;
  return {{{"voxel", GRAINSPIN_LAYOUT_VOXEL, {}},
           {"component", GRAINSPIN_LAYOUT_COMPONENT, {}},
           {"z fastest", GRAINSPIN_LAYOUT_STRIDES, {Y * Z * c, Z * c, c, 1}},
           {"gaps", GRAINSPIN_LAYOUT_STRIDES, {c + 1, row, row * Y + 5, 1}}}};
}

// The same array twice: on the host and on the caller's GPU.
template <class T>
struct Twin {
  Caller& caller;
  std::vector<T> host;
  grainspin_array here{}, there{};

  Twin(Caller& caller, const Lie& lie, int components, T fill = T(7))
      : caller(caller), host(std::size_t(2 * N * (components + 2)), fill) {
    here.data = host.data();
    here.count = std::int64_t(host.size());
    here.type = std::is_same_v<T, double>         ? GRAINSPIN_DOUBLE
                : std::is_same_v<T, float>        ? GRAINSPIN_FLOAT
                : std::is_same_v<T, std::int32_t> ? GRAINSPIN_INT32
                                                  : GRAINSPIN_UINT8;
    here.layout = lie.layout;
    std::copy(lie.stride.begin(), lie.stride.end(), here.stride);
    there = here;
    there.data = caller.take(bytes());
    there.place = GRAINSPIN_CUDA;
    put();
  }
  ~Twin() { caller.drop(there.data); }
  Twin(const Twin&) = delete;
  Twin& operator=(const Twin&) = delete;
  std::int64_t bytes() const { return std::int64_t(host.size() * sizeof(T)); }
  void put() { caller.put(there.data, host.data(), bytes()); }
  // What lies there, gaps included.
  std::vector<T> get() const {
    std::vector<T> v(host.size());
    caller.get(v.data(), there.data, bytes());
    return v;
  }
  void expect_same(const char* what) const {
    const std::vector<T> v = get();
    EXPECT_EQ(0, std::memcmp(v.data(), host.data(), std::size_t(bytes()))) << what;
  }
};

inline StateHandle create_with(const ModelHandle& model, grainspin_state_options o, const grainspin_array& q) {
  o.orientation = &q;
  grainspin_state* state = nullptr;
  EXPECT_OK(grainspin_state_create(model.get(), &o, &state));
  return StateHandle(state);
}

// Reads everything of the state into host and GPU arrays of T.
template <class T>
void expect_same_readings(Caller& caller, const StateHandle& s, bool stress, bool log_variance) {
  const auto both = [&](const char* what, int components, const auto& call) {
    for (const Lie& lie : lies(components)) {
      SCOPED_TRACE(std::string(what) + ", " + lie.name);
      Twin<T> t(caller, lie, components);
      ASSERT_OK(call(&t.there));
      ASSERT_OK(call(&t.here));
      t.expect_same(what);
    }
  };
  for (int r = GRAINSPIN_QUATERNION_WXYZ; r <= GRAINSPIN_AXIS_ANGLE; ++r)
    for (int d : {GRAINSPIN_CRYSTAL_TO_SAMPLE, GRAINSPIN_SAMPLE_TO_CRYSTAL}) {
      const grainspin_convention c{r, d};
      both("orientations", grainspin_components(r),
           [&](const grainspin_array* a) { return grainspin_get_orientations(s.get(), a, &c); });
    }
  both("increments", 3, [&](const grainspin_array* a) { return grainspin_get_increments(s.get(), a); });
  if (stress) both("stress", 6, [&](const grainspin_array* a) { return grainspin_get_stress(s.get(), a); });
  if (log_variance) both("log variance", 3, [&](const grainspin_array* a) { return grainspin_get_log_variance(s.get(), a); });
  for (const Lie& lie : lies(1)) {
    Twin<std::uint8_t> t(caller, lie, 1);
    ASSERT_OK(grainspin_get_verdicts(s.get(), &t.there));
    ASSERT_OK(grainspin_get_verdicts(s.get(), &t.here));
    t.expect_same("verdicts");
  }
}

// A grid with mask (and phases where the model has two) from arrays of the GPU goes the way of one from the host's.
template <class T>
void expect_same_path(Caller& caller, const ModelHandle& model, grainspin_state_options o, bool stress, bool log_variance,
                      bool settable) {
  std::vector<float> q = random_orientations(N, 4), other = random_orientations(N, 5);
  const ModelHandle& m = model;
  const StateHandle plain = create(m, options_of(X, Y, Z), q), plain_other = create(m, options_of(X, Y, Z), other);
  o.stream = caller.stream();
  for (int r = GRAINSPIN_QUATERNION_WXYZ; r <= GRAINSPIN_AXIS_ANGLE; ++r) {
    const int components = grainspin_components(r);
    const Lie lie = lies(components)[std::size_t(r % 4)];
    SCOPED_TRACE("representation " + std::to_string(r) + ", " + lie.name);
    o.convention = {r, r % 2};
    Twin<T> in(caller, lie, components), second(caller, lie, components);
    ASSERT_OK(grainspin_get_orientations(plain.get(), &in.here, &o.convention));
    ASSERT_OK(grainspin_get_orientations(plain_other.get(), &second.here, &o.convention));
    in.put(), second.put();
    const StateHandle here = create_with(m, o, in.here), there = create_with(m, o, in.there);
    ASSERT_TRUE(here && there);
    EXPECT_TRUE(orientations(here, N) == orientations(there, N));
    for (const StateHandle* s : {&here, &there}) ASSERT_OK(grainspin_advance(s->get(), 2, nullptr, nullptr, nullptr));
    EXPECT_TRUE(orientations(here, N) == orientations(there, N));
    EXPECT_TRUE(increments(here, N) == increments(there, N));
    const std::vector<float> two = orientations(here, N);
    ASSERT_OK(grainspin_accept(there.get()));
    if (settable) {
      ASSERT_OK(grainspin_set_orientations(here.get(), &second.here, &o.convention));
      ASSERT_OK(grainspin_set_orientations(there.get(), &second.there, &o.convention));
      EXPECT_TRUE(orientations(here, N) == orientations(there, N));
      EXPECT_FALSE(orientations(there, N) == two);
    }
    for (const StateHandle* s : {&here, &there}) ASSERT_OK(grainspin_advance(s->get(), 1, nullptr, nullptr, nullptr));
    EXPECT_TRUE(orientations(here, N) == orientations(there, N));
    if (r < 2) expect_same_readings<T>(caller, there, stress, log_variance);
    ASSERT_OK(grainspin_revert(there.get()));
    EXPECT_TRUE(orientations(there, N) == two);
    ASSERT_OK(grainspin_revert(here.get()));  // the undeformed grid
    EXPECT_TRUE(orientations(here, N) == orientations(create_with(m, o, in.here), N));
  }
}

inline std::string written(const Folder& folder, const Model& model) {
  const std::string path = folder / "model.safetensors";
  write_model(path, model);
  return path;
}

// Options of a grid with every fifth voxel masked, two phases, faces that are padded.
struct Marks {
  std::vector<std::uint8_t> mask;
  std::vector<std::int32_t> phase;
  grainspin_array mask_array{}, phase_array{};
  Marks() : mask(N, 1), phase(N, 0) {
    for (std::size_t i = 0; i < N; i += 5) mask[i] = 0;
    for (std::size_t i = 0; i < N; ++i) phase[i] = std::int32_t(i * i / 3 % 2);
    mask_array = array_of(mask), phase_array = array_of(phase);
  }
};

inline void nonlocal_takes_arrays_of_the_gpu(Caller& caller) {
  const Folder folder;
  NonlocalSpec s;
  s.passes = 2, s.channels = 3, s.width = 4, s.polarisations = 2, s.memory = 2;
  s.phases = {phase_of("fcc"), phase_of("bcc24")};
  const ModelHandle model = on_gpu(written(folder, random_cell(s, 11, 4)));
  Marks marks;
  grainspin_state_options o = options_of(X, Y, Z);
  o.boundary[1] = o.boundary[2] = GRAINSPIN_CLAMPED, o.padding = 2;
  o.mask = &marks.mask_array, o.phase = &marks.phase_array;
  expect_same_path<float>(caller, model, o, true, false, true);
  // Mask and phases from there too: the state is the same.
  Twin<std::uint8_t> mask(caller, lies(1)[3], 1);
  Twin<std::int32_t> phase(caller, lies(1)[2], 1);
  for (int i = 0; i < N; ++i) {
    const int x = i % X, y = i / X % Y, z = i / X / Y;
    const auto at = [&](const grainspin_array& a) { return std::size_t(x * a.stride[0] + y * a.stride[1] + z * a.stride[2]); };
    mask.host[at(mask.here)] = std::uint8_t(3 * marks.mask[std::size_t(i)]);
    phase.host[at(phase.here)] = marks.phase[std::size_t(i)];
  }
  mask.put(), phase.put();
  std::vector<float> q = random_orientations(N, 4);
  const StateHandle here = create(model, o, q);
  o.mask = &mask.there, o.phase = &phase.there, o.stream = caller.stream();
  const StateHandle there = create(model, o, q);
  EXPECT_TRUE(saved(here) == saved(there));
}

inline void local_takes_arrays_of_the_gpu(Caller& caller) {
  for (const Feedback feedback : {Feedback::kInitial, Feedback::kOwn, Feedback::kNeighbours}) {
    SCOPED_TRACE(name(feedback));
    const Folder folder;
    const ModelHandle model =
        on_gpu(written(folder, random_model({Cell::kLstm, 1, 32, 1, feedback, true, true}, "432", 4, 7)));
    Marks marks;
    grainspin_state_options o = options_of(X, Y, Z);
    o.mask = &marks.mask_array;
    expect_same_path<double>(caller, model, o, true, true, feedback != Feedback::kInitial);
  }
}

// Verdicts of voxels: those of the judge itself (domain.h) on the host. Judged on the GPU, or (`surrounded`: the model states what
// surrounds voxels of phase A) from a copy. Ranges and the largest increment are such that there are voxels of every kind, in both
// phases, for both reasons.
inline void verdicts_are_those_of_the_judge(Caller& caller, bool surrounded) {
  const Folder folder;
  NonlocalSpec s;
  s.passes = 1, s.channels = 3, s.width = 4, s.polarisations = 2, s.memory = 0;
  s.phases = {phase_of("fcc"), phase_of("hcp18", 1.6)};
  s.phases[0].name = "A", s.phases[1].name = "B";
  Model m = random_cell(s, 11, 4);
  const auto list = [](std::size_t n, const char* value) {
    std::string all;
    for (std::size_t i = 0; i < n; ++i) all.append(i ? "," : "[").append(value);
    return all.append("]");
  };
  const auto range = [&](const char* phase, const char* group, std::size_t n, const char* most) {
    return std::string(R"({"phase":")") + phase + R"(","point_group":")" + group + R"(","low":)" +
           list(n, (std::string("-") + most).c_str()) + R"(,"high":)" + list(n, most) + "}";
  };
  // Set below to where the increments are.
  const auto domain = [&](double most) {
    return R"({"embedding":[)" + range("A", "432", 9, "0.26") + "," + range("B", "622", 18, "0.3") +
           R"(],"increment_rad":{"max":)" + std::to_string(most) + "}" +
           (surrounded ? R"(,"surroundings":[{"phase":"A","resolved":[0.61,0.67],"boundary":[0,1],"contrast":[0,2]}]})" : "}");
  };
  Marks marks;
  grainspin_state_options o = options_of(X, Y, Z);
  o.mask = &marks.mask_array, o.phase = &marks.phase_array, o.stream = caller.stream();
  std::vector<float> q0 = random_orientations(N, 4);
  double middle = 0;
  for (const bool known : {false, true}) {  // a run to see the increments, and one that is judged by them
    m.spec.domain = domain(known ? middle : 1);
    const ModelHandle model = on_gpu(written(folder, m));
    const StateHandle state = create(model, o, q0);
    grainspin_verdict told{};
    told.size = sizeof told;
    ASSERT_OK(grainspin_advance(state.get(), 1, nullptr, nullptr, &told));
    const std::vector<float> q = orientations(state, N), w = increments(state, N);
    if (!known) {
      std::vector<double> angles;
      for (std::size_t i = 0; i < N; ++i)
        if (marks.mask[i]) angles.push_back(std::hypot(w[3 * i], w[3 * i + 1], w[3 * i + 2]));
      std::nth_element(angles.begin(), angles.begin() + 30, angles.end());
      middle = angles[30];
      continue;
    }
    std::vector<std::uint8_t> want(N), alone(N);
    const LoadStep load = completed(m.spec.loads[0]);
    const auto judged = [&](const std::vector<float>& q, const float* w, const LoadStep* load, std::vector<std::uint8_t>& to) {
      return DomainJudge(m.spec).grid({{X, Y, Z}, {}, q.data(), w, marks.phase.data(), marks.mask.data(), load}, to.data());
    };
    const VoxelVerdicts v = judged(q, w.data(), &load, want);
    (void)DomainJudge(m.spec).voxels(N, q.data(), w.data(), marks.phase.data(), marks.mask.data(), alone.data());
    EXPECT_EQ(want != alone, surrounded);
    EXPECT_EQ(v.surroundings[0] > 2, surrounded);
    ASSERT_GT(v.doubtful, 2);
    ASSERT_GT(v.outside, 2);
    ASSERT_GT(v.voxels - v.doubtful - v.outside, 2);
    ASSERT_GT(v.orientation, 2);
    ASSERT_GT(v.increment, 2);
    EXPECT_EQ(told.voxels_doubtful, v.doubtful);
    EXPECT_EQ(told.voxels_outside, v.outside);
    EXPECT_EQ(told.reason, DomainJudge(m.spec).step(load, 0, v).reason);
    Twin<std::uint8_t> t(caller, lies(1)[0], 1);
    ASSERT_OK(grainspin_get_verdicts(state.get(), &t.there));
    std::vector<std::uint8_t> got = t.get();
    got.resize(N);
    EXPECT_EQ(got, want);
    got.assign(N, 9);
    const grainspin_array host = array_of(got);
    ASSERT_OK(grainspin_get_verdicts(state.get(), &host));
    EXPECT_EQ(got, want);
    // Without a step there is no increment, and no load that grains could stand to.
    ASSERT_OK(grainspin_revert(state.get()));
    (void)judged(q0, nullptr, nullptr, want);
    ASSERT_OK(grainspin_get_verdicts(state.get(), &t.there));
    got = t.get();
    got.resize(N);
    EXPECT_EQ(got, want);
  }
}

}  // namespace grainspin::testing
