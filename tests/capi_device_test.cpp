// Arrays in GPU memory at the C interface, by the launchers' table on the host: their pages are closed to everything else,
// copies between host and GPU are counted, and the caller's stream is one that runs when it is waited for.
#include "capi_device_cases.h"
#include "host_cuda_test.h"

namespace grainspin {
namespace {

using namespace testing;

class CApiDevice : public HostCudaTest {
 protected:
  // The call is refused for its device, and says why.
  void refused(int status, const std::string& part) {
    EXPECT_EQ(status, GRAINSPIN_ERROR_DEVICE);
    EXPECT_NE(std::string(grainspin_last_error()).find(part), std::string::npos) << grainspin_last_error();
  }
};

TEST_F(CApiDevice, NonlocalTakesThem) {
  HostCaller caller(*host_);
  nonlocal_takes_arrays_of_the_gpu(caller);
}

TEST_F(CApiDevice, VoxelsAreJudgedWhereTheyAre) {
  HostCaller caller(*host_);
  verdicts_are_those_of_the_judge(caller, false);
}

TEST_F(CApiDevice, VoxelsAreJudgedByWhatSurroundsThemOnTheHost) {
  HostCaller caller(*host_);
  verdicts_are_those_of_the_judge(caller, true);
}

TEST_F(CApiDevice, LocalTakesThem) {
  HostCaller caller(*host_);
  local_takes_arrays_of_the_gpu(caller);
}

TEST_F(CApiDevice, NothingOfThemPassesTheHost) {
  HostCaller caller(*host_);
  for (const std::string& path : {kNonlocal, kLocal}) {
    SCOPED_TRACE(path);
    const ModelHandle model = on_gpu(path);
    std::vector<float> q0 = random_orientations(N, 4);
    Twin<float> q(caller, lies(4)[0], 4), w(caller, lies(3)[3], 3);
    std::copy(q0.begin(), q0.end(), q.host.begin());
    q.put();
    host_->to_host = 0;
    const StateHandle s = create_with(model, options_of(X, Y, Z), q.there);
    EXPECT_EQ(host_->to_host, 0);
    std::int64_t before = host_->to_device;
    for (int t = 0; t < 3; ++t) {
      grainspin_load found;
      grainspin_verdict verdict{};
      verdict.size = sizeof verdict;
      ASSERT_OK(grainspin_advance(s.get(), 1, nullptr, &found, &verdict));
      ASSERT_OK(grainspin_get_orientations(s.get(), &q.there, nullptr));
      ASSERT_OK(grainspin_get_increments(s.get(), &w.there));
      ASSERT_OK(grainspin_set_orientations(s.get(), &q.there, nullptr));
    }
    // What was found of the load, and how many voxels are fine; orientations and increments where the model states what
    // surrounds a voxel, which is judged on the host.
    const bool judged_here = path == kNonlocal;
    const std::int64_t small = 3 * (9 * 4 + (judged_here ? N * 4 * (4 + 3) : std::int64_t(sizeof(cuda::VoxelSums))));
    EXPECT_LE(host_->to_host, small);
    EXPECT_LE(host_->to_device - before, 3 * 64 * 8);  // the load
    ASSERT_OK(grainspin_revert(s.get()));
    EXPECT_LE(host_->to_host, small);
    host_->to_host = 0;
    EXPECT_TRUE(orientations(s, N) == q0);
    EXPECT_GE(host_->to_host, N * 16);  // this one asked for a copy
  }
}

TEST_F(CApiDevice, AnAcceptedStepStaysOnTheGpuWhereThereIsRoom) {
  for (const std::string& path : {kNonlocal, kLocal})
    for (const bool room : {true, false}) {
      SCOPED_TRACE(path + (room ? ", room" : ", no room"));
      const ModelHandle model = on_gpu(path);
      std::vector<float> q0 = random_orientations(N, 4);
      const StateHandle s = create(model, options_of(X, Y, Z), q0);
      ASSERT_OK(grainspin_advance(s.get(), 1, nullptr, nullptr, nullptr));
      grainspin_memory memory{};
      memory.size = sizeof memory;
      const grainspin_state_options o = options_of(X, Y, Z);
      ASSERT_OK(grainspin_estimate_memory(model.get(), &o, &memory));
      const std::int64_t free = host_->free_bytes, allocated = host_->allocated;
      // Less than a quarter of the memory would stay free.
      if (!room) host_->reserved = free - allocated - (free - allocated) / 4;
      host_->to_host = 0;
      ASSERT_OK(grainspin_accept(s.get()));
      host_->reserved = 0;
      EXPECT_EQ(host_->to_host > 0, !room);
      const std::vector<float> one = orientations(s, N);
      ASSERT_OK(grainspin_advance(s.get(), 1, nullptr, nullptr, nullptr));
      const std::vector<float> two = orientations(s, N);
      ASSERT_OK(grainspin_revert(s.get()));
      EXPECT_TRUE(orientations(s, N) == one);
      ASSERT_OK(grainspin_advance(s.get(), 1, nullptr, nullptr, nullptr));
      EXPECT_TRUE(orientations(s, N) == two);
      ASSERT_OK(grainspin_accept(s.get()));  // anew, into the same room
      ASSERT_OK(grainspin_advance(s.get(), 1, nullptr, nullptr, nullptr));
      ASSERT_OK(grainspin_revert(s.get()));
      EXPECT_TRUE(orientations(s, N) == two);
    }
}

TEST_F(CApiDevice, ComesAfterTheCallersStreamAndBeforeWhatItDoesNext) {
  HostCaller caller(*host_);
  const ModelHandle model = on_gpu(kLocal);
  const std::vector<float> q0 = random_orientations(N, 4);
  Twin<float> q(caller, lies(4)[0], 4, 0.0f);
  Twin<std::uint8_t> verdict(caller, lies(1)[0], 1);
  HostStream& stream = caller.order();
  host_->null_stream = {};
  // The caller's own work on its array, not done yet when the state is asked for.
  stream.given.push_back([&] { std::memcpy(q.there.data, q0.data(), q0.size() * 4); });
  grainspin_state_options o = options_of(X, Y, Z);
  o.stream = &stream;
  const StateHandle s = create_with(model, o, q.there);
  ASSERT_TRUE(s);
  EXPECT_TRUE(orientations(s, N) == q0);
  EXPECT_EQ(stream.waited_for, 1);
  EXPECT_EQ(stream.waits, 1);
  EXPECT_EQ(host_->null_stream.waited_for, 0);
  ASSERT_OK(grainspin_advance(s.get(), 1, nullptr, nullptr, nullptr));
  int calls = 1;
  const auto ordered = [&](int status) {
    ASSERT_OK(status);
    ++calls;
    EXPECT_EQ(stream.waited_for, calls);
    EXPECT_EQ(stream.waits, calls);
  };
  ordered(grainspin_get_orientations(s.get(), &q.there, nullptr));
  ordered(grainspin_get_increments(s.get(), &q.there));
  ordered(grainspin_get_verdicts(s.get(), &verdict.there));
  // Without a stream: the legacy default one.
  const StateHandle d = create_with(model, options_of(X, Y, Z), Twin<float>(caller, lies(4)[0], 4, 0.5f).there);
  EXPECT_EQ(host_->null_stream.waited_for, 1);
  EXPECT_EQ(host_->null_stream.waits, 1);
  EXPECT_EQ(stream.waits, calls);
}

TEST_F(CApiDevice, MemoryThatIsNotWhereItsPlaceSaysIsRefused) {
  host_->presence.devices = 2;
  HostCaller caller(*host_), far(*host_, 1), managed(*host_, 1, true);
  const ModelHandle model = on_gpu(kLocal), cpu = load(kLocal, 1);
  std::vector<float> q0 = random_orientations(N, 4);
  Twin<float> near(caller, lies(4)[0], 4, 0.5f), elsewhere(far, lies(4)[0], 4, 0.5f), both(managed, lies(4)[0], 4, 0.5f);
  grainspin_state_options o = options_of(X, Y, Z);
  grainspin_state* raw = nullptr;
  const auto made = [&](const ModelHandle& m, grainspin_array a) {
    o.orientation = &a;
    return grainspin_state_create(m.get(), &o, &raw);
  };
  refused(made(cpu, near.there), "orientation: lies in GPU memory, but the model runs on the CPU");
  EXPECT_EQ(raw, nullptr);
  grainspin_array a = near.here;
  a.place = GRAINSPIN_CUDA;
  refused(made(model, a), "orientation: its `place` is CUDA, but it is memory of the host");
  a = near.there;
  a.place = GRAINSPIN_HOST;
  refused(made(model, a), "orientation: its `place` is HOST, but it is memory of a GPU");
  refused(made(model, elsewhere.there), "orientation: is memory of GPU 1, the model runs on GPU 0");
  a = near.there;  // longer than its memory
  a.layout = GRAINSPIN_LAYOUT_STRIDES, a.count = 1 << 30;
  a.stride[0] = 4, a.stride[1] = 4 * X, a.stride[2] = 1 << 22, a.stride[3] = 1;
  refused(made(model, a), "it is memory of the host where it ends");
  EXPECT_EQ(made(model, both.there), GRAINSPIN_OK) << grainspin_last_error();
  StateHandle s(raw);
  const std::vector<float> now = orientations(s, N);
  a = near.here;
  a.place = GRAINSPIN_CUDA;
  refused(grainspin_get_orientations(s.get(), &a, nullptr), "orientations: its `place` is CUDA");
  refused(grainspin_set_orientations(s.get(), &elsewhere.there, nullptr), "orientation: is memory of GPU 1");
  EXPECT_TRUE(orientations(s, N) == now);
  // A stream needs a GPU.
  o.stream = &o;
  EXPECT_EQ(made(cpu, near.here), GRAINSPIN_ERROR_ARGUMENT);
  host_->presence.devices = 1;
}

TEST_F(CApiDevice, WhatIsNoRotationIsToldAsOnTheHost) {
  HostCaller caller(*host_);
  const ModelHandle model = on_gpu(written(Folder(), random_model({Cell::kGru, 1, 32, 1, Feedback::kOwn}, "432", 3, 2)));
  std::vector<float> q0 = random_orientations(N, 4);
  const StateHandle s = create(model, options_of(X, Y, Z), q0);
  const std::vector<char> before = saved(s);
  for (int r = GRAINSPIN_QUATERNION_WXYZ; r <= GRAINSPIN_AXIS_ANGLE; ++r)
    for (const double wrong : {2.0, std::nan("")}) {
      SCOPED_TRACE(r);
      const int components = grainspin_components(r);
      if (components == 3 && wrong == 2.0) continue;  // any three numbers are a rotation
      const grainspin_convention c{r, 0};
      Twin<double> in(caller, lies(components)[std::size_t(r % 4)], components);
      ASSERT_OK(grainspin_get_orientations(s.get(), &in.here, &c));
      std::vector<double> dense(std::size_t(N * components));
      for (const int voxel : {N - 2, 2 * X * Y + X + 3}) {  // the last two voxels of a row and of another
        const int x = voxel % X, y = voxel / X % Y, z = voxel / X / Y;
        std::int64_t stride[4];
        std::copy(in.here.stride, in.here.stride + 4, stride);
        if (in.here.layout == GRAINSPIN_LAYOUT_VOXEL) stride[0] = components, stride[1] = X * components, stride[2] = X * Y * components;
        if (in.here.layout == GRAINSPIN_LAYOUT_COMPONENT) stride[0] = 1, stride[1] = X, stride[2] = X * Y;
        in.host[std::size_t(x * stride[0] + y * stride[1] + z * stride[2])] = wrong;
      }
      in.put();
      EXPECT_EQ(grainspin_set_orientations(s.get(), &in.here, &c), GRAINSPIN_ERROR_ARGUMENT);
      const std::string text = grainspin_last_error();
      EXPECT_NE(text.find("the orientation of voxel (3, 1, 2)"), std::string::npos) << text;
      EXPECT_EQ(grainspin_set_orientations(s.get(), &in.there, &c), GRAINSPIN_ERROR_ARGUMENT);
      EXPECT_EQ(text, grainspin_last_error());
      EXPECT_TRUE(saved(s) == before);  // nothing has changed
    }
}

TEST_F(CApiDevice, TheCallersGpuStaysTheCurrentOne) {
  host_->presence.devices = 2;
  host_->current = 0;
  {
    HostCaller caller(*host_, 1);
    const ModelHandle model = on_gpu(kLocal, GRAINSPIN_CUDA, 1);
    EXPECT_EQ(host_->current, 0);
    Twin<float> q(caller, lies(4)[1], 4, 0.5f);
    StateHandle s = create_with(model, options_of(X, Y, Z), q.there);  // launchers on the host ask for GPU 1
    ASSERT_TRUE(s);
    EXPECT_OK(grainspin_advance(s.get(), 1, nullptr, nullptr, nullptr));
    EXPECT_OK(grainspin_get_orientations(s.get(), &q.there, nullptr));
    EXPECT_OK(grainspin_revert(s.get()));
    (void)saved(s);
    EXPECT_EQ(host_->current, 0);
    s.reset();
    EXPECT_EQ(host_->current, 0);
  }
  EXPECT_EQ(host_->current, 0);
  host_->presence.devices = 1;
}

}  // namespace
}  // namespace grainspin
