// A model and a state of the C interface for tests: shipped models, and an archive's grid.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "grainspin/archive.h"
#include "grainspin/grainspin.h"

namespace grainspin::testing {

inline const std::string kPretrained = std::string(GRAINSPIN_SOURCE_DIR) + "/networks/pretrained/";
inline const std::string kNonlocal = kPretrained + "cu_uniaxial.safetensors";
inline const std::string kLocal = kPretrained + "cu_uniaxial_local.safetensors";
inline const std::string kArchive = std::string(GRAINSPIN_SOURCE_DIR) + "/datasets/cu_uniaxial/train/cu_uniaxial_21.h5";

#define ASSERT_OK(call) ASSERT_EQ(call, GRAINSPIN_OK) << grainspin_last_error()
#define EXPECT_OK(call) EXPECT_EQ(call, GRAINSPIN_OK) << grainspin_last_error()

inline grainspin_array array_of(std::vector<float>& v) { return {v.data(), std::int64_t(v.size()), 0, 0, 0, 0, {}}; }
inline grainspin_array array_of(std::vector<double>& v) {
  return {v.data(), std::int64_t(v.size()), GRAINSPIN_DOUBLE, 0, 0, 0, {}};
}
inline grainspin_array array_of(std::vector<std::uint8_t>& v) {
  return {v.data(), std::int64_t(v.size()), GRAINSPIN_UINT8, 0, 0, 0, {}};
}
inline grainspin_array array_of(std::vector<std::int32_t>& v) {
  return {v.data(), std::int64_t(v.size()), GRAINSPIN_INT32, 0, 0, 0, {}};
}

struct ModelFree {
  void operator()(grainspin_model* m) const { grainspin_model_free(m); }
};
struct StateFree {
  void operator()(grainspin_state* s) const { grainspin_state_free(s); }
};
using ModelHandle = std::unique_ptr<grainspin_model, ModelFree>;
using StateHandle = std::unique_ptr<grainspin_state, StateFree>;

// On the CPU. Null with a failure where it cannot be loaded.
inline ModelHandle load(const std::string& path, int threads = 2) {
  grainspin_model_options o;
  EXPECT_OK(grainspin_model_options_init(&o, sizeof o));
  o.device = GRAINSPIN_HOST;
  o.threads = threads;
  grainspin_model* model = nullptr;
  EXPECT_OK(grainspin_model_load(path.c_str(), &o, &model));
  return ModelHandle(model);
}

inline grainspin_state_options options_of(int nx, int ny, int nz) {
  grainspin_state_options o;
  EXPECT_OK(grainspin_state_options_init(&o, sizeof o));
  o.extent[0] = nx, o.extent[1] = ny, o.extent[2] = nz;
  return o;
}

inline StateHandle create(const ModelHandle& model, grainspin_state_options o, std::vector<float>& q) {
  const grainspin_array array = array_of(q);
  o.orientation = &array;
  grainspin_state* state = nullptr;
  EXPECT_OK(grainspin_state_create(model.get(), &o, &state));
  return StateHandle(state);
}

inline std::vector<float> orientations(const StateHandle& state, std::int64_t n) {
  std::vector<float> q(std::size_t(n) * 4);
  const grainspin_array out = array_of(q);
  EXPECT_OK(grainspin_get_orientations(state.get(), &out, nullptr));
  return q;
}

inline std::vector<float> increments(const StateHandle& state, std::int64_t n) {
  std::vector<float> w(std::size_t(n) * 3);
  const grainspin_array out = array_of(w);
  EXPECT_OK(grainspin_get_increments(state.get(), &out));
  return w;
}

inline std::vector<float> stresses(const StateHandle& state, std::int64_t n) {
  std::vector<float> s(std::size_t(n) * 6);
  const grainspin_array out = array_of(s);
  EXPECT_OK(grainspin_get_stress(state.get(), &out));
  return s;
}

inline std::vector<char> saved(const StateHandle& state) {
  std::int64_t bytes = 0;
  EXPECT_OK(grainspin_state_save_memory(state.get(), nullptr, 0, &bytes));
  std::vector<char> buffer(static_cast<std::size_t>(bytes));
  EXPECT_OK(grainspin_state_save_memory(state.get(), buffer.data(), bytes, &bytes));
  return buffer;
}

// A folder with a blank and an umlaut in its name, removed at the end.
struct Folder {
  Folder() : path(std::filesystem::temp_directory_path() / ("grainspin schnitt stelle ü " + std::to_string(::getpid()))) {
    std::filesystem::create_directories(path);
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string operator/(const std::string& name) const { return (path / name).string(); }
  std::filesystem::path path;
};

}  // namespace grainspin::testing
