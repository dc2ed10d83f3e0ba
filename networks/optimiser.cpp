#include "networks/optimiser.h"

namespace grainspin {

namespace {

// Loshchilov & Hutter 2019; LibTorch's.
class AdamW : public Optimiser {
 public:
  AdamW(const TrainOptions& options, std::vector<at::Tensor> parameters)
      : rule_(std::move(parameters), torch::optim::AdamWOptions(options.lr)
                                         .weight_decay(options.weight_decay)
                                         .betas({0.9, options.beta2})) {}
  void zero_grad() override { rule_.zero_grad(); }
  void step(double lr) override {
    static_cast<torch::optim::AdamWOptions&>(rule_.param_groups()[0].options()).lr(lr);
    rule_.step();
  }
  void save(torch::serialize::OutputArchive& archive) const override { rule_.save(archive); }
  void load(torch::serialize::InputArchive& archive) override { rule_.load(archive); }

 private:
  torch::optim::AdamW rule_;
};

}  // namespace

std::unique_ptr<Optimiser> make_optimiser(const TrainOptions& options, std::vector<at::Tensor> parameters) {
  return std::make_unique<AdamW>(options, std::move(parameters));
}

}  // namespace grainspin
