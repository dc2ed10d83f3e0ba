#include "networks/gradient_parts.h"

#include <cstring>

namespace grainspin {

namespace {

// A record of a part: header, then one float for each number of the parameters.
struct Layout {
  std::size_t mask, gradient, bytes;
  Layout(std::size_t parameters, std::int64_t numbers) {
    mask = sizeof(PartResult);
    gradient = (mask + parameters + 7) / 8 * 8;
    bytes = gradient + std::size_t(numbers) * sizeof(float);
  }
};

}  // namespace

GradientParts::GradientParts(Ranks& ranks, std::vector<at::Tensor> parameters)
    : ranks_(ranks), parameters_(std::move(parameters)) {
  for (const at::Tensor& p : parameters_) numbers_ += p.numel();
}

void GradientParts::add(const PartResult& result) {
  results_.push_back(result);
  if (ranks_.size() == 1) return;
  const Layout layout(parameters_.size(), numbers_);
  std::vector<std::uint8_t> record(layout.bytes, 0);
  std::memcpy(record.data(), &result, sizeof result);
  float* out = reinterpret_cast<float*>(record.data() + layout.gradient);
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    at::Tensor& gradient = parameters_[i].mutable_grad();
    if (gradient.defined()) {
      record[layout.mask + i] = 1;
      const at::Tensor flat = gradient.detach().to(torch::kCPU, torch::kFloat).contiguous();
      std::memcpy(out, flat.data_ptr<float>(), std::size_t(flat.numel()) * sizeof(float));
      gradient = at::Tensor();
    }
    out += parameters_[i].numel();
  }
  flat_.push_back(std::move(record));
}

std::vector<PartResult> GradientParts::combine(int parts, int first) {
  std::vector<PartResult> results = std::move(results_);
  results_.clear();
  if (ranks_.size() == 1) return results;
  const Layout layout(parameters_.size(), numbers_);
  const int R = ranks_.size();
  const std::vector<std::uint8_t> none(layout.bytes, 0);
  std::vector<std::uint8_t> all(layout.bytes * std::size_t(R));
  std::vector<bool> reached(parameters_.size(), false);
  results.assign(std::size_t(parts), {});
  torch::NoGradGuard no_gradient;
  // A round is one part of every rank: parts k R to (k + 1) R - 1, in whatever order of ranks.
  for (int begin = 0; begin < parts; begin += R) {
    const std::size_t round = std::size_t(begin / R);
    ranks_.gather(round < flat_.size() ? flat_[round].data() : none.data(), layout.bytes, all.data());
    for (int part = begin; part < std::min(parts, begin + R); ++part) {
      const std::uint8_t* record = all.data() + layout.bytes * std::size_t((first + part) % R);
      std::memcpy(&results[std::size_t(part)], record, sizeof(PartResult));
      auto* from = reinterpret_cast<float*>(const_cast<std::uint8_t*>(record + layout.gradient));
      for (std::size_t i = 0; i < parameters_.size(); ++i) {
        const at::Tensor& p = parameters_[i];
        if (record[layout.mask + i] != 0) {
          const at::Tensor one = torch::from_blob(from, p.sizes()).to(p.options());
          if (reached[i])
            p.grad().add_(one);
          else
            p.mutable_grad() = one.clone();
          reached[i] = true;
        }
        from += p.numel();
      }
    }
  }
  flat_.clear();
  return results;
}

}  // namespace grainspin
