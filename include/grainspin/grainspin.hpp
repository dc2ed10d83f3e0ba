// grainspin for C++17: owners and exceptions over the C interface (grainspin.h), which says what everything means.
// Header only; nothing of it is in the library, so that it works with any compiler. Movable, not copied.
//
//   namespace gs = grainspin::api;
//   gs::Model model("cu.safetensors");
//   gs::Grid grid({64, 64, 64});
//   gs::State state(model, grid, gs::array(q));                    // q: std::vector<float>, 4 numbers a voxel
//   gs::Report report = state.advance();                           // or advance(loads)
//   if (report.verdict != gs::Verdict::outside) state.orientations(gs::array(q));
#ifndef GRAINSPIN_GRAINSPIN_HPP
#define GRAINSPIN_GRAINSPIN_HPP

#include <array>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "grainspin/grainspin.h"

namespace grainspin {
namespace api {

class Error : public std::runtime_error {
 public:
  Error(int status, const std::string& text) : std::runtime_error(text), status_(status) {}
  int status() const noexcept { return status_; }  // GRAINSPIN_ERROR_..., GRAINSPIN_INTERRUPTED

 private:
  int status_;
};

inline void check(int status) {
  if (status != GRAINSPIN_OK) throw Error(status, grainspin_last_error());
}

enum class Verdict : int { fine = GRAINSPIN_FINE, doubtful = GRAINSPIN_DOUBTFUL, outside = GRAINSPIN_OUTSIDE };

using Load = grainspin_load;
using Convention = grainspin_convention;
using Array = grainspin_array;

// The caller's memory as an array over the whole grid: float, double, std::int32_t or std::uint8_t.
template <class T>
Array array(T* data, std::int64_t count, int layout = GRAINSPIN_LAYOUT_VOXEL) {
  using Value = std::remove_const_t<T>;
  static_assert(std::is_same_v<Value, float> || std::is_same_v<Value, double> || std::is_same_v<Value, std::int32_t> ||
                    std::is_same_v<Value, std::uint8_t>,
                "arrays hold float, double, int32 or uint8");
  Array a{};
  a.data = const_cast<Value*>(data);
  a.count = count;
  a.type = std::is_same_v<Value, float>          ? GRAINSPIN_FLOAT
           : std::is_same_v<Value, double>       ? GRAINSPIN_DOUBLE
           : std::is_same_v<Value, std::int32_t> ? GRAINSPIN_INT32
                                                 : GRAINSPIN_UINT8;
  a.layout = layout;
  return a;
}
template <class T>
Array array(std::vector<T>& v, int layout = GRAINSPIN_LAYOUT_VOXEL) {
  return array(v.data(), std::int64_t(v.size()), layout);
}
template <class T>
Array array(const std::vector<T>& v, int layout = GRAINSPIN_LAYOUT_VOXEL) {
  return array(v.data(), std::int64_t(v.size()), layout);
}

// The same in the memory of the GPU that the model runs on (pointers of cudaMalloc).
template <class T>
Array device_array(T* data, std::int64_t count, int layout = GRAINSPIN_LAYOUT_VOXEL) {
  Array a = array(data, count, layout);
  a.place = GRAINSPIN_CUDA;
  return a;
}

using Log = std::function<void(int level, const char* text)>;
using Progress = std::function<bool(double fraction, const char* what)>;  // false stops

namespace detail {

// Functions behind the C callbacks, at an address of their own. What they throw is kept until the call is over.
struct Callbacks {
  Log log;
  Progress progress;
  std::exception_ptr thrown;

  static void on_log(void* user, std::int32_t level, const char* text) {
    auto& self = *static_cast<Callbacks*>(user);
    try {
      if (self.log) self.log(level, text);
    } catch (...) {
      if (!self.thrown) self.thrown = std::current_exception();
    }
  }
  static int on_progress(void* user, double fraction, const char* what) {
    auto& self = *static_cast<Callbacks*>(user);
    try {
      return self.thrown || (self.progress && !self.progress(fraction, what)) ? 1 : 0;
    } catch (...) {
      self.thrown = std::current_exception();
      return 1;
    }
  }
  void check(int status) {
    if (thrown) std::rethrow_exception(std::exchange(thrown, nullptr));
    api::check(status);
  }
};

template <class Info>
Info sized() {
  Info info{};
  info.size = sizeof info;
  return info;
}

}  // namespace detail

class Model {
 public:
  struct Options {
    int device = GRAINSPIN_AUTO;  // GRAINSPIN_AUTO, GRAINSPIN_HOST, GRAINSPIN_CUDA
    int gpu = 0, threads = 0;
    int precision = GRAINSPIN_STRICT;
    Log log;
    int members = 0;  // of an ensemble: 0: all, 1: the first alone
  };
  explicit Model(const std::string& path) : Model(path, Options()) {}
  Model(const std::string& path, const Options& options) {
    detail::Callbacks callbacks{options.log, nullptr, nullptr};
    grainspin_model_options o;
    check(grainspin_model_options_init(&o, sizeof o));
    o.device = options.device;
    o.gpu = options.gpu;
    o.threads = options.threads;
    o.precision = options.precision;
    o.members = options.members;
    o.log = detail::Callbacks::on_log;
    o.user = &callbacks;
    grainspin_model* raw = nullptr;
    const int status = grainspin_model_load(path.c_str(), &o, &raw);
    handle_.reset(raw);
    callbacks.check(status);
  }

  const grainspin_model* get() const noexcept { return handle_.get(); }
  grainspin_model_info info() const {
    auto info = detail::sized<grainspin_model_info>();
    check(grainspin_model_query(get(), &info));
    return info;
  }
  grainspin_phase_info phase(int index) const {
    auto info = detail::sized<grainspin_phase_info>();
    check(grainspin_model_phase(get(), index, &info));
    return info;
  }
  std::vector<Load> loads() const {
    return collected([&](std::int64_t n, Load* to, std::int64_t* count) {
      return grainspin_model_loads(get(), n, to, count);
    });
  }
  std::vector<Load> loads(const std::string& text) const {  // "uniaxial:z"
    return collected([&](std::int64_t n, Load* to, std::int64_t* count) {
      return grainspin_named_loads(get(), text.c_str(), n, to, count);
    });
  }

 private:
  template <class Call>
  static std::vector<Load> collected(const Call& call) {
    std::int64_t count = 0;
    check(call(0, nullptr, &count));
    std::vector<Load> loads(static_cast<std::size_t>(count));
    check(call(count, loads.data(), &count));
    return loads;
  }
  struct Free {
    void operator()(grainspin_model* m) const noexcept { grainspin_model_free(m); }
  };
  std::unique_ptr<grainspin_model, Free> handle_;
};

// What a state is made of beside its orientations. mask, phase: data NULL for none.
struct Grid {
  explicit Grid(std::array<std::int64_t, 3> e) : extent(e) {}
  std::array<std::int64_t, 3> extent;
  std::array<int, 3> boundary{GRAINSPIN_PERIODIC, GRAINSPIN_PERIODIC, GRAINSPIN_PERIODIC};
  std::array<double, 3> spacing{1, 1, 1};
  int padding = 8;
  Array mask{}, phase{};
  void* stream = nullptr;       // cudaStream_t that arrays in GPU memory are ordered by
  bool estimate_error = false;  // keep the model's own estimate of its error
};

// Of a call that advanced.
struct Report {
  Verdict verdict = Verdict::fine;  // of the worst of its steps
  bool stated = false;              // the model states its domain of training
  std::int64_t steps = 0, voxels_doubtful = 0, voxels_outside = 0;
  std::string reason;
  std::vector<Load> found;  // by step: mean velocity gradients, free components as found
};

class State {
 public:
  State(const Model& model, const Grid& grid, const Array& orientation, const Convention& convention = Convention{},
        Progress progress = nullptr, Log log = nullptr)
      : callbacks_(new detail::Callbacks{std::move(log), std::move(progress), nullptr}) {
    grainspin_state_options o = options_of(grid);
    o.orientation = &orientation;
    o.convention = convention;
    listen(o);
    grainspin_state* raw = nullptr;
    const int status = grainspin_state_create(model.get(), &o, &raw);
    handle_.reset(raw);
    callbacks_->check(status);
  }
  // A saved state.
  static State restore(const Model& model, const std::string& path, Progress progress = nullptr, Log log = nullptr) {
    return State(std::move(progress), std::move(log), [&](const grainspin_state_options* o, grainspin_state** raw) {
      return grainspin_state_restore(model.get(), path.c_str(), o, raw);
    });
  }
  static State restore(const Model& model, const std::vector<unsigned char>& bytes, Progress progress = nullptr,
                       Log log = nullptr) {
    return State(std::move(progress), std::move(log), [&](const grainspin_state_options* o, grainspin_state** raw) {
      return grainspin_state_restore_memory(model.get(), bytes.data(), std::int64_t(bytes.size()), o, raw);
    });
  }

  grainspin_state* get() noexcept { return handle_.get(); }
  const grainspin_state* get() const noexcept { return handle_.get(); }
  grainspin_state_info info() const {
    auto info = detail::sized<grainspin_state_info>();
    check(grainspin_state_query(get(), &info));
    return info;
  }

  // Steps of the model's own load.
  Report advance(std::int64_t steps = 1) { return run(steps, nullptr); }
  Report advance(const Load& load) { return run(1, &load); }
  Report advance(const std::vector<Load>& loads) { return run(std::int64_t(loads.size()), loads.data()); }

  void accept() { check(grainspin_accept(get())); }
  void revert() { check(grainspin_revert(get())); }
  void set_orientations(const Array& from, const Convention& convention = Convention{}) {
    check(grainspin_set_orientations(get(), &from, &convention));
  }

  void orientations(const Array& to, const Convention& convention = Convention{}) const {
    check(grainspin_get_orientations(get(), &to, &convention));
  }
  void increments(const Array& to) const { check(grainspin_get_increments(get(), &to)); }
  void stress(const Array& to) const { check(grainspin_get_stress(get(), &to)); }
  void log_variance(const Array& to) const { check(grainspin_get_log_variance(get(), &to)); }
  void verdicts(const Array& to) const { check(grainspin_get_verdicts(get(), &to)); }
  // Of a grid with estimate_error; radians, the voxels' mean and each one's.
  grainspin_error_estimate estimated_error() const {
    auto estimate = detail::sized<grainspin_error_estimate>();
    check(grainspin_state_error(get(), &estimate));
    return estimate;
  }
  void estimated_error(const Array& to) const { check(grainspin_get_estimated_error(get(), &to)); }

  void save(const std::string& path) const { check(grainspin_state_save(get(), path.c_str())); }
  std::vector<unsigned char> save() const {
    std::int64_t bytes = 0;
    check(grainspin_state_save_memory(get(), nullptr, 0, &bytes));
    std::vector<unsigned char> buffer(static_cast<std::size_t>(bytes));
    check(grainspin_state_save_memory(get(), buffer.data(), bytes, &bytes));
    return buffer;
  }

  static grainspin_state_options options_of(const Grid& grid) {
    grainspin_state_options o;
    check(grainspin_state_options_init(&o, sizeof o));
    for (std::size_t a = 0; a < 3; ++a)
      o.extent[a] = grid.extent[a], o.boundary[a] = grid.boundary[a], o.spacing[a] = grid.spacing[a];
    o.padding = grid.padding;
    o.mask = grid.mask.data ? &grid.mask : nullptr;
    o.phase = grid.phase.data ? &grid.phase : nullptr;
    o.stream = grid.stream;
    o.estimate_error = grid.estimate_error ? 1 : 0;
    return o;
  }

 private:
  template <class Call>
  State(Progress progress, Log log, const Call& call)
      : callbacks_(new detail::Callbacks{std::move(log), std::move(progress), nullptr}) {
    grainspin_state_options o;
    check(grainspin_state_options_init(&o, sizeof o));
    listen(o);
    grainspin_state* raw = nullptr;
    const int status = call(&o, &raw);
    handle_.reset(raw);
    callbacks_->check(status);
  }
  void listen(grainspin_state_options& o) const {
    o.log = callbacks_->log ? detail::Callbacks::on_log : nullptr;
    o.progress = detail::Callbacks::on_progress;
    o.user = callbacks_.get();
  }
  Report run(std::int64_t steps, const Load* loads) {
    Report report;
    report.found.resize(steps > 0 ? std::size_t(steps) : 0);
    auto verdict = detail::sized<grainspin_verdict>();
    const int status = grainspin_advance(get(), steps, loads, report.found.data(), &verdict);
    callbacks_->check(status);
    report.verdict = Verdict(verdict.verdict);
    report.stated = verdict.stated != 0;
    report.steps = verdict.steps;
    report.voxels_doubtful = verdict.voxels_doubtful;
    report.voxels_outside = verdict.voxels_outside;
    report.reason = verdict.reason;
    return report;
  }
  struct Free {
    void operator()(grainspin_state* s) const noexcept { grainspin_state_free(s); }
  };
  std::unique_ptr<detail::Callbacks> callbacks_;  // outlives the handle
  std::unique_ptr<grainspin_state, Free> handle_;
};

// What a state of this grid would take.
inline grainspin_memory estimate(const Model& model, const Grid& grid) {
  const grainspin_state_options o = State::options_of(grid);
  auto memory = detail::sized<grainspin_memory>();
  check(grainspin_estimate_memory(model.get(), &o, &memory));
  return memory;
}

}  // namespace api
}  // namespace grainspin
#endif
