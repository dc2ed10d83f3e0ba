#include "tile_pipeline.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "aligned.h"
#include "grainspin/domain.h"
#include "region_reader.h"

namespace grainspin {
namespace {

using Clock = std::chrono::steady_clock;
double since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

struct Tile {
  std::int64_t number = 0;
  std::array<Stretch, 3> stretch;
  std::array<int, 3> lo() const { return {stretch[0].begin, stretch[1].begin, stretch[2].begin}; }
};

// A tile that was read.
struct Input {
  Tile tile;
  Region region;
  AlignedFloats q;
  std::vector<std::uint8_t> mask;
};

// One step of a tile on its way to the sink, or (step 0) word that the tile is whole.
struct Output {
  std::int64_t tile = 0;
  std::array<int, 3> lo{};
  Shape extent;
  StepOutput out;
  LoadStep load;
  VoxelVerdicts verdicts;
  int buffer = -1;  // -1: the fields lie with the engine, which waits
};

std::vector<Tile> tiles_of(const Tiling& tiling, const std::vector<std::uint8_t>& done) {
  require(done.empty() || std::int64_t(done.size()) == tiling.tiles(), Errc::kShape,
          "the run has " + std::to_string(tiling.tiles()) + " tiles, " + std::to_string(done.size()) + " are marked");
  std::vector<Tile> all;
  std::int64_t number = 0;
  for (const Stretch& z : tiling.axis[2])
    for (const Stretch& y : tiling.axis[1])
      for (const Stretch& x : tiling.axis[0]) {
        if (done.empty() || !done[std::size_t(number)]) all.push_back({number, {x, y, z}});
        ++number;
      }
  return all;
}

class Pipeline {
 public:
  explicit Pipeline(const TileWork& work)
      : work_(work), tiles_(tiles_of(work.tiling, work.options.done)), shape_(work.source.shape()), reader_(work.source, work.options.mask) {
    std::int64_t held = 0, inner = 0;
    bool part = false;  // some region is not the whole grid, whose mask is at hand
    for (const Tile& tile : tiles_) {
      const Region region = work.region(tile.stretch);
      part |= !(region.shape == shape_);
      held = std::max(held, region.shape.voxels());
      inner = std::max(inner, region.inner.voxels());
    }
    const TileBuffers& b = work.tiling.buffers;
    inputs_.resize(std::min(std::size_t(b.inputs), tiles_.size()));
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
      inputs_[i].q = AlignedFloats(held * 4);
      if (!work.options.mask.empty() && part) inputs_[i].mask.resize(std::size_t(held));
      free_inputs_.push_back(int(i));
    }
    for (int i = 0; i < b.outputs; ++i) {
      buffers_.emplace_back(inner * b.floats);
      free_buffers_.push_back(i);
    }
    if (b.initial && inner < held) first_ = AlignedFloats(inner * 4);
  }

  void run() {
    const auto start = Clock::now();
    report(0);
    std::vector<std::thread> threads;
    busy_ = work_.devices.size();
    threads.emplace_back([this] { guarded([this] { files(); }); });
    for (std::size_t d = 1; d < work_.devices.size(); ++d)
      threads.emplace_back([this, d] { guarded([this, d] { compute(*work_.devices[d], false); }); });
    guarded([this] {
      compute(*work_.devices[0], true);
      double unused = 0;
      std::unique_lock lock(mutex_);
      wait(lock, true, unused, [this] { return written_; });
    });
    for (std::thread& t : threads) t.join();
    if (failure_) std::rethrow_exception(failure_);
    if (!work_.options.profile) return;
    profile_.read = reader_.source_seconds();
    profile_.read_bytes = reader_.source_bytes();
    profile_.wall = since(start);
    *work_.options.profile = profile_;
  }

 private:
  struct Stopped {};  // another thread failed

  template <class F>
  void guarded(const F& part) {
    try {
      part();
      return;
    } catch (const Stopped&) {
      return;
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (!failure_) failure_ = std::current_exception();
    }
    changed_.notify_all();
  }

  void report(double fraction) {
    require(!work_.options.progress || work_.options.progress(std::min(1.0, fraction), "predict"), Errc::kInterrupted,
            "stopped on request");
    reported_ = fraction;
  }

  // Until `ready`; the calling thread of run() asks now and then whether to stop. Adds to `seconds`.
  template <class Ready>
  void wait(std::unique_lock<std::mutex>& lock, bool asks, double& seconds, const Ready& ready) {
    const auto start = Clock::now();
    while (!failure_ && !ready()) {
      if (!asks) {
        changed_.wait(lock);
      } else if (changed_.wait_for(lock, std::chrono::milliseconds(200)) == std::cv_status::timeout && !failure_ && !ready()) {
        lock.unlock();
        report(reported_);
        lock.lock();
      }
    }
    seconds += since(start);
    if (failure_) throw Stopped{};
  }

  // The thread for files: a tile that nobody could compute without first, then results, then tiles ahead.
  void files() {
    for (;;) {
      int input = -1;
      std::optional<Output> output;
      {
        std::unique_lock lock(mutex_);
        const auto can_read = [&] { return next_ < tiles_.size() && !free_inputs_.empty(); };
        wait(lock, false, profile_.file_wait, [&] { return can_read() || !outputs_.empty() || busy_ == 0; });
        if (can_read() && (outputs_.empty() || ready_.empty())) {
          input = free_inputs_.front();
          free_inputs_.pop_front();
          inputs_[std::size_t(input)].tile = tiles_[next_++];
        } else if (!outputs_.empty()) {
          output = std::move(outputs_.front());
          outputs_.pop_front();
        } else {
          written_ = true;
          break;
        }
      }
      if (input >= 0)
        read(inputs_[std::size_t(input)], input);
      else
        write(*output);
    }
    changed_.notify_all();
  }

  void read(Input& input, int place) {
    const auto start = Clock::now();
    const double before = reader_.source_seconds();
    input.region = work_.region(input.tile.stretch);
    const bool copies_mask = !input.mask.empty() && !(input.region.shape == shape_);
    reader_.read(input.tile.stretch, input.q.get(), copies_mask ? input.mask.data() : nullptr);
    profile_.gather += since(start) - (reader_.source_seconds() - before);
    profile_.gather_bytes += input.region.shape.voxels() * 16;
    if (work_.tiling.buffers.initial) write_first(input);
    {
      const std::lock_guard lock(mutex_);
      ready_.push_back(place);
    }
    changed_.notify_all();
  }

  // Step 0 of a tile.
  void write_first(const Input& input) {
    const auto start = Clock::now();
    const Region& r = input.region;
    StepOutput out;
    out.orientation = input.q.get();
    if (!(r.inner == r.shape)) {
      float* to = first_.get();
      for (int z = 0; z < r.inner.nz; ++z)
        for (int y = 0; y < r.inner.ny; ++y, to += r.inner.nx * 4)
          std::memcpy(to, input.q.get() + ((std::int64_t(r.inner_lo[2] + z) * r.shape.ny + r.inner_lo[1] + y) * r.shape.nx + r.inner_lo[0]) * 4,
                      std::size_t(r.inner.nx) * 16);
      out.orientation = first_.get();
    }
    work_.sink.write(input.tile.lo(), r.inner, out);
    profile_.write += since(start);
  }

  void write(const Output& output) {
    const auto start = Clock::now();
    if (output.out.step == 0) {
      work_.sink.whole(output.tile, output.lo);
    } else {
      StepOutput out = output.out;
      if (out.load) out.load = &output.load;
      if (out.verdicts) out.verdicts = &output.verdicts;
      work_.sink.write(output.lo, output.extent, out);
    }
    profile_.write += since(start);
    {
      const std::lock_guard lock(mutex_);
      if (output.buffer >= 0) free_buffers_.push_back(output.buffer);
      if (output.out.step > 0) ++written_count_;
    }
    changed_.notify_all();
  }

  void compute(const Surrogate& device, bool first) {
    for (;;) {
      int place = -1;
      {
        std::unique_lock lock(mutex_);
        wait(lock, first, profile_.input_wait, [&] { return !ready_.empty() || taken_ == tiles_.size(); });
        if (taken_ == tiles_.size()) {
          --busy_;
          break;
        }
        place = ready_.front();
        ready_.pop_front();
        ++taken_;
      }
      Input& input = inputs_[std::size_t(place)];
      const std::vector<std::uint8_t>& mask = input.region.shape == shape_ ? work_.options.mask : input.mask;
      const auto start = Clock::now();
      double beside = 0;
      device.run(input.region, input.q.get(), mask.empty() ? nullptr : mask.data(), nullptr, [&](const StepOutput& out) {
        const auto called = Clock::now();
        hand_over(input, out, first);
        if (first) report((double(done_) + double(out.step) / work_.steps) / double(std::max<std::size_t>(tiles_.size(), 1)));
        beside += since(called);
      });
      const double seconds = since(start) - beside;
      {
        const std::lock_guard lock(mutex_);
        profile_.compute += seconds;
        ++done_;
        Output word;
        word.tile = input.tile.number;
        word.lo = input.tile.lo();
        outputs_.push_back(word);
        free_inputs_.push_back(place);
      }
      changed_.notify_all();
    }
    changed_.notify_all();
  }

  // Results to the thread for files: copied into a buffer as soon as one is free.
  void hand_over(const Input& input, const StepOutput& out, bool first) {
    const bool wanted = wants(input.region, out.step);
    if (!wanted && !out.load) return;
    Output output;
    output.tile = input.tile.number;
    output.lo = input.tile.lo();
    output.extent = input.region.inner;
    if (wanted) output.out = out;
    else output.out.step = out.step, output.out.load = out.load;
    if (out.load) output.load = *out.load;
    if (output.out.verdicts) output.verdicts = *out.verdicts;
    const OutputFields& fields = work_.options.fields;
    if (!fields.increment && (out.verdict || !work_.options.judge)) output.out.increment = nullptr;
    if (!fields.stress) output.out.stress = nullptr;
    if (!fields.log_variance) output.out.log_variance = nullptr;
    double waited = 0, copied = 0;
    std::int64_t bytes = 0;
    if (!buffers_.empty() && wanted) {
      {
        std::unique_lock lock(mutex_);
        wait(lock, first, waited, [this] { return !free_buffers_.empty(); });
        output.buffer = free_buffers_.front();
        free_buffers_.pop_front();
      }
      const auto start = Clock::now();
      auto* to = reinterpret_cast<std::byte*>(buffers_[std::size_t(output.buffer)].get());
      const auto keep = [&](auto*& field, std::int64_t each) {
        if (!field) return;
        const std::int64_t size = output.extent.voxels() * each;
        std::memcpy(to, field, std::size_t(size));
        field = reinterpret_cast<std::remove_reference_t<decltype(field)>>(to);
        to += size;
        bytes += size;
      };
      keep(output.out.orientation, 16);
      keep(output.out.increment, 12);
      keep(output.out.stress, 24);
      keep(output.out.log_variance, 12);
      keep(output.out.packed, packed_bytes(work_.options.packing));  // with the next one less than the orientation's room
      keep(output.out.verdict, 1);
      copied = since(start);
    }
    const bool waits = wanted && buffers_.empty();
    std::unique_lock lock(mutex_);
    profile_.hand_over += copied;
    profile_.hand_over_bytes += bytes;
    outputs_.push_back(output);
    const std::int64_t mine = ++given_;
    changed_.notify_all();
    if (waits) wait(lock, first, waited, [&] { return written_count_ >= mine; });
    profile_.output_wait += waited;
  }

  const TileWork& work_;
  const std::vector<Tile> tiles_;
  const Shape shape_;
  RegionReader reader_;
  std::vector<Input> inputs_;
  std::vector<AlignedFloats> buffers_;
  AlignedFloats first_;
  ReconstructProfile profile_;
  double reported_ = 0;
  std::atomic<std::int64_t> done_ = 0;

  std::mutex mutex_;  // of all below
  std::condition_variable changed_;
  std::deque<int> free_inputs_, free_buffers_, ready_;
  std::deque<Output> outputs_;
  std::size_t next_ = 0, taken_ = 0, busy_ = 0;
  std::int64_t given_ = 0, written_count_ = 0;
  bool written_ = false;
  std::exception_ptr failure_;
};

}  // namespace

void run_tiles(const TileWork& work) {
  require(!work.devices.empty(), Errc::kInternal, "no device to run tiles on");
  Pipeline(work).run();
}

std::int64_t buffer_bytes(const TileBuffers& b, std::int64_t held, std::int64_t inner, bool masked) {
  constexpr std::int64_t kFloat = sizeof(float);
  return b.inputs * held * (4 * kFloat + (masked ? 1 : 0)) + b.outputs * inner * b.floats * kFloat +
         (b.initial && inner < held ? inner * 4 * kFloat : 0);
}

}  // namespace grainspin
