// What the trainings of both families share: budget, log, held-out scores, best and averaged weights,
// checkpoints, report, ranks. A family says what one optimiser step is.
//
// With several ranks every rank goes through all of it, its state the same as that of the others: only the parts of a
// batch and the runs to be scored are shared out. Rank 0's clock holds; rank 0 writes.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>
#include <torch/torch.h>

#include "networks/checkpoint.h"
#include "networks/gradient_parts.h"
#include "networks/optimiser.h"
#include "networks/train.h"
#include "src/ranks/ranks.h"

namespace grainspin {

class TrainingLoop {
 public:
  TrainingLoop(const TrainOptions& options, Ranks& ranks);  // checks what both families have
  virtual ~TrainingLoop() = default;
  TrainReport run(const TrainProgress& progress);

 protected:
  // One optimiser step. begin_step() divides its batch into parts and says where they begin (GradientParts), on every rank
  // the same; part() sets the gradient of one; end_part() is called for all parts in their order, on every rank, once
  // their gradients are added up. state_.samples, loss_sum and loss_count follow from the results. A loss or gradient
  // that is not finite leaves the step out.
  struct Parts {
    int count = 1, first = 0;
  };
  virtual Parts begin_step() = 0;
  virtual PartResult part(int index) = 0;
  virtual void end_part(int, const PartResult&) {}
  virtual double learning_rate() const = 0;
  virtual bool own_path() const = 0;
  // Samples of an epoch; the epochs after which the next line of the log is due.
  virtual double epoch_samples() const = 0;
  virtual double next_row(double epoch) const = 0;
  // Whether a line that is not the last is worth a held-out score.
  virtual bool score_due() const { return true; }
  virtual int held_out() const = 0;  // runs that are watched
  virtual RunScore score_held_out(int run, bool full) = 0;
  virtual RunScore score_archive(const std::string& path) = 0;
  virtual nlohmann::json settings() const = 0;
  // Runs, operations, bytes; files of the training and held-out runs with hashes in `provenance`.
  virtual void describe(TrainReport& report, nlohmann::json& provenance) const = 0;
  virtual void save(Model& model) const = 0;
  // The family's own part of a checkpoint (state_.more); pack() is collective, what it leaves counts on rank 0.
  virtual void pack() {}
  virtual void unpack() {}
  // Called with a step that was left out: what it touched may hold numbers that are not finite.
  virtual void left_out() {}

  // To be called once, at the end of a constructor.
  void begin(std::shared_ptr<torch::nn::Module> module, const ModelSpec& spec,
             const std::vector<std::string>& hashes);
  double fraction() const;  // of the budget
  nlohmann::json common_settings(std::size_t held_out) const;
  static std::int64_t peak_bytes();  // of the process

  TrainOptions options_;
  Ranks& ranks_;
  torch::Device device_;
  int threads_;
  TrainState state_;
  Inheritance inherited_;  // set by a family whose training starts from another model

 private:
  using Clock = std::chrono::steady_clock;
  double elapsed() const { return std::chrono::duration<double>(Clock::now() - started_).count(); }
  double root_seconds();  // collective: before_ and what rank 0's clock has measured since
  bool out_of_patience() const;
  void optimise();
  double gradients();
  std::vector<RunScore> score_all_held_out(bool full);
  void update_average();
  const TrainRow& end_row(bool last);
  void save_checkpoint();
  TrainReport finish();
  double average_decay() const;

  std::shared_ptr<torch::nn::Module> module_;
  std::unique_ptr<Optimiser> optimiser_;
  std::vector<at::Tensor> parameters_;
  std::optional<GradientParts> parts_;
  ModelSpec spec_;
  std::string fingerprint_;
  Clock::time_point started_;
  double before_ = 0;
  int left_out_in_a_row_ = 0;
};

// The trainings themselves.
TrainReport train_local(const TrainOptions& options, Ranks& ranks, const TrainProgress& progress);
TrainReport train_nonlocal(const TrainOptions& options, Ranks& ranks, const TrainProgress& progress);

}  // namespace grainspin
