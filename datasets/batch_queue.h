// Batches of single voxels where the runs do not fit into memory. A batch draws from all runs, so that
// reading them for each would mean reading everything every time; but what a batch draws is known beforehand.
// So many batches are gathered at once, run after run: each run is read once for all of them.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <vector>

#include "datasets/batch.h"
#include "datasets/run_store.h"

namespace grainspin {

class BatchQueue {
 public:
  // Keeps references. A batch is named by the place of its first draw in the sequence; draws(place) gives all
  // of its draws, next(place) the place of the batch after it. ahead: batches gathered together, at least 1.
  using Draws = std::function<std::vector<Draw>(std::int64_t place)>;
  using Next = std::function<std::int64_t(std::int64_t place)>;
  BatchQueue(RunStore<Run>& runs, const BatchMaker& maker, Draws draws, Next next, int ahead);

  // The batch at `place`, valid until the next call. The bits of BatchMaker::fill.
  Batch& at(std::int64_t place);

 private:
  void gather(std::int64_t place);

  struct Waiting {
    std::int64_t place = 0;
    std::vector<Draw> draws;
    Batch batch;
  };
  RunStore<Run>& runs_;
  const BatchMaker& maker_;
  Draws draws_;
  Next next_;
  int ahead_;
  std::deque<Waiting> waiting_;
  Batch now_;
};

}  // namespace grainspin
