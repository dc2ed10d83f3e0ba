#include "datasets/batch_queue.h"

#include <algorithm>
#include <set>
#include <thread>

namespace grainspin {

BatchQueue::BatchQueue(RunStore<Run>& runs, const BatchMaker& maker, Draws draws, Next next, int ahead)
    : runs_(runs),
      maker_(maker),
      draws_(std::move(draws)),
      next_(std::move(next)),
      ahead_(std::max(1, ahead)) {}

Batch& BatchQueue::at(std::int64_t place) {
  if (waiting_.empty() || waiting_.front().place != place) gather(place);
  now_ = std::move(waiting_.front().batch);
  waiting_.pop_front();
  return now_;
}

void BatchQueue::gather(std::int64_t place) {
  waiting_.clear();
  std::set<int> wanted;
  for (int k = 0; k < ahead_; ++k, place = next_(place)) {
    Waiting& w = waiting_.emplace_back();
    w.place = place;
    w.draws = draws_(place);
    maker_.shape(int(w.draws.size()), w.batch);
    for (const Draw& d : w.draws) wanted.insert(d.run);
  }
  const std::size_t threads = std::min(std::size_t(std::max(1, maker_.threads())), waiting_.size());
  for (const int r : wanted) {
    const auto run = runs_.get(std::size_t(r));
    const auto fill = [&](std::size_t first) {
      for (std::size_t k = first; k < waiting_.size(); k += threads)
        maker_.fill(*run, r, waiting_[k].draws, waiting_[k].batch);
    };
    std::vector<std::thread> workers;
    for (std::size_t t = 1; t < threads; ++t) workers.emplace_back(fill, t);
    fill(0);
    for (std::thread& w : workers) w.join();
  }
}

}  // namespace grainspin
