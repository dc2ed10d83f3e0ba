// What the trainings of both families share: budget, log, held-out scores, best and averaged weights,
// checkpoints, report. A family says what one optimiser step is.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>
#include <torch/torch.h>

#include "networks/checkpoint.h"
#include "networks/optimiser.h"
#include "networks/train.h"

namespace grainspin {

class TrainingLoop {
 public:
  explicit TrainingLoop(const TrainOptions& options);  // checks what both families have
  virtual ~TrainingLoop() = default;
  TrainReport run(const TrainProgress& progress);

 protected:
  // Sets the gradients of one optimiser step and returns its loss; adds to state_.samples, draws, loss_sum
  // and loss_count. A loss or gradient that is not finite leaves the step out.
  virtual double gradients() = 0;
  virtual double learning_rate() const = 0;
  virtual bool own_path() const = 0;
  // Samples of an epoch; the epochs after which the next line of the log is due.
  virtual double epoch_samples() const = 0;
  virtual double next_row(double epoch) const = 0;
  // Whether a line that is not the last is worth a held-out score.
  virtual bool score_due() const { return true; }
  virtual std::vector<RunScore> score_held_out(bool full) = 0;
  virtual RunScore score_archive(const std::string& path) = 0;
  virtual nlohmann::json settings() const = 0;
  // Runs, operations, bytes; files of the training and held-out runs with hashes in `provenance`.
  virtual void describe(TrainReport& report, nlohmann::json& provenance) const = 0;
  virtual void save(Model& model) const = 0;
  // The family's own part of a checkpoint (state_.more).
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
  torch::Device device_;
  int threads_;
  TrainState state_;
  Inheritance inherited_;  // set by a family whose training starts from another model

 private:
  using Clock = std::chrono::steady_clock;
  double elapsed() const { return std::chrono::duration<double>(Clock::now() - started_).count(); }
  void optimise();
  void update_average();
  const TrainRow& end_row(bool last);
  void save_checkpoint();
  TrainReport finish();
  double average_decay() const;

  std::shared_ptr<torch::nn::Module> module_;
  std::unique_ptr<Optimiser> optimiser_;
  std::vector<at::Tensor> parameters_;
  ModelSpec spec_;
  std::string fingerprint_;
  Clock::time_point started_;
  double before_ = 0;
  int left_out_in_a_row_ = 0;
};

// The trainings themselves.
TrainReport train_local(const TrainOptions& options, const TrainProgress& progress);
TrainReport train_nonlocal(const TrainOptions& options, const TrainProgress& progress);

}  // namespace grainspin
