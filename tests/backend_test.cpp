// Mirrors src/backend.h: what is said where the GPU library, or the GPU, is not there. Only a success is
// remembered, so the cases of one process go from the library that is missing to the one that works.
#include "backend.h"

#include <dlfcn.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <functional>

#include "host_cuda.h"
#include "local_oracle.h"

namespace grainspin {
namespace {

std::string message(const std::function<void()>& f) {
  try {
    f();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), Errc::kDevice);
    return e.what();
  }
  return "no error";
}

bool says(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

testing::HostCuda& host() {
  void* library = dlopen(GRAINSPIN_HOST_CUDA, RTLD_NOW);
  return reinterpret_cast<testing::HostCudaFunction>(dlsym(library, "grainspin_host_cuda"))();
}

TEST(Backend, NamesALibraryThatIsNotThere) {
  setenv("GRAINSPIN_CUDA_LIBRARY", "/no such folder/libgrainspin_cuda.so", 1);
  EXPECT_TRUE(says(message([] { cuda_table(); }), "/no such folder/libgrainspin_cuda.so"));
}

TEST(Backend, NamesAFileThatIsNoLibrary) {
  const std::string path = ::testing::TempDir() + "grainspin no library.so";
  std::ofstream(path) << "text";
  setenv("GRAINSPIN_CUDA_LIBRARY", path.c_str(), 1);
  EXPECT_TRUE(says(message([] { cuda_table(); }), path));
}

TEST(Backend, RefusesALibraryOfSomebodyElse) {
  Dl_info other{};  // the C library has no table
  ASSERT_TRUE(dladdr(dlsym(RTLD_DEFAULT, "getenv"), &other));
  setenv("GRAINSPIN_CUDA_LIBRARY", other.dli_fname, 1);
  EXPECT_TRUE(says(message([] { cuda_table(); }), cuda::kTableSymbol));
}

TEST(Backend, RefusesAnotherVersion) {
  setenv("GRAINSPIN_CUDA_LIBRARY", GRAINSPIN_HOST_CUDA, 1);
  host().version = cuda::kTableVersion + 1;
  EXPECT_TRUE(says(message([] { cuda_table(); }), "another version"));
  host().version = cuda::kTableVersion;
}

TEST(Backend, TellsWhatIsMissing) {
  setenv("GRAINSPIN_CUDA_LIBRARY", GRAINSPIN_HOST_CUDA, 1);
  const auto first = [] { cuda_table(0); };
  host().presence = {0, 0, 13000};
  EXPECT_TRUE(says(message(first), "no NVIDIA driver"));
  host().presence = {1, 12080, 13000};
  EXPECT_TRUE(says(message(first), "driver is too old: it supports CUDA 12.8, this build needs 13.0"));
  host().presence = {0, 13000, 13000};
  EXPECT_EQ(message(first), "no CUDA device");
  EXPECT_EQ(cuda_unavailable(), "no CUDA device");
  EXPECT_EQ(cuda_summary(), "no CUDA device");
  host().presence = {2, 13000, 13000};
  EXPECT_TRUE(says(message([] { cuda_table(2); }), "number 2: this machine has 2"));
  EXPECT_TRUE(says(message([] { cuda_table(-1); }), "number -1"));
  EXPECT_EQ(message([] { cuda_table(1); }), "no error");
  EXPECT_EQ(cuda_unavailable(), "");
  EXPECT_EQ(cuda_summary(), "CUDA 13.0, host");
}

TEST(Backend, AnEngineOnAMissingDeviceIsRefused) {
  setenv("GRAINSPIN_CUDA_LIBRARY", GRAINSPIN_HOST_CUDA, 1);
  host().presence = {0, 13000, 13000};
  const Model model = testing::random_model({}, "432", 2, 1);
  EXPECT_EQ(message([&] { make_engine(model, {.device = Device::kCuda}); }), "no CUDA device");
}

}  // namespace
}  // namespace grainspin
