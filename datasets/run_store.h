// The fields of a training's runs: all in memory, or, within a limit, those that were asked for last; the
// others are read again from their archives when they are asked for.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "grainspin/core.h"

namespace grainspin {

// R: Run or GridRun. From one thread at a time.
template <class R>
class RunStore {
 public:
  using Fields = std::shared_ptr<const R>;
  using Load = std::function<R(std::size_t)>;

  // load(i) gives run i of `runs`, the same fields every time. limit: bytes that the runs held may take
  // together; 0: none. One run is held whatever its size.
  RunStore(std::size_t runs, std::int64_t limit, Load load)
      : load_(std::move(load)), limit_(limit), held_(runs) {}

  // A run that has just been read, for the first time.
  void put(std::size_t i, R run) { hold(i, std::make_shared<const R>(std::move(run))); }

  // Held by the caller as long as it keeps it, beside what the limit allows.
  Fields get(std::size_t i) {
    Held& held = held_[i];
    if (!held.fields) hold(i, std::make_shared<const R>(load_(i)));
    held.last = ++clock_;
    return held.fields;
  }

  void limit(std::int64_t bytes) {
    limit_ = bytes;
    make_room(0);
  }
  bool whole() const { return limit_ == 0; }
  std::int64_t bytes() const { return bytes_; }  // held now
  std::int64_t reads() const { return reads_; }  // runs read so far, first times included

 private:
  struct Held {
    Fields fields;
    std::int64_t last = 0;  // when it was asked for
  };

  void hold(std::size_t i, Fields fields) {
    ++reads_;
    const std::int64_t size = fields->bytes();
    make_room(size);
    bytes_ += size;
    held_[i] = {std::move(fields), ++clock_};
  }

  void make_room(std::int64_t size) {
    while (limit_ > 0 && bytes_ > 0 && bytes_ + size > limit_) {
      Held* oldest = nullptr;
      for (Held& h : held_)
        if (h.fields && (!oldest || h.last < oldest->last)) oldest = &h;
      bytes_ -= oldest->fields->bytes();
      oldest->fields.reset();
    }
  }

  Load load_;
  std::int64_t limit_, bytes_ = 0, clock_ = 0, reads_ = 0;
  std::vector<Held> held_;
};

}  // namespace grainspin
