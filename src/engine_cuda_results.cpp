#include "engine_cuda_results.h"

#include <bit>
#include <cmath>

namespace grainspin {
namespace {

constexpr std::int64_t kFloat = sizeof(float);

bool judges(const Region& region) { return region.judge && kernels_judge(*region.judge); }
// What is packed cannot be judged any more.
bool packs(const Region& region) { return region.packing != Packing::kNone && (!region.judge || judges(region)); }
bool gives_increment(const Region& region) { return region.fields.increment || (region.judge && !judges(region)); }

}  // namespace

bool kernels_judge(const DomainJudge& judge) { return judge.domain().resolved.empty() && judge.domain().surroundings.empty(); }

VoxelVerdicts verdicts_of(const cuda::VoxelSums& sums) {
  const auto root = [](unsigned bits) { return std::sqrt(double(std::bit_cast<float>(bits))); };
  VoxelVerdicts out;
  out.voxels = std::int64_t(sums.voxels), out.doubtful = std::int64_t(sums.doubtful), out.outside = std::int64_t(sums.outside);
  out.orientation = std::int64_t(sums.orientation_not_fine), out.increment = std::int64_t(sums.increment_not_fine);
  out.orientation_beyond = root(sums.beyond), out.increment_largest = root(sums.increment);
  return out;
}

std::int64_t CudaResults::pinned_bytes(const LocalSpec& spec, const Region& region) {
  const OutputFields& f = region.fields;
  const std::int64_t floats = (gives_increment(region) ? 3 : 0) + (f.stress && spec.stress ? 6 : 0) + (f.log_variance && spec.variance ? 3 : 0);
  const int orientation = packs(region) ? packed_bytes(region.packing) : packed_bytes(Packing::kNone);
  return region.inner.voxels() * (orientation + floats * kFloat + judges(region)) + (judges(region) ? std::int64_t(sizeof(cuda::VoxelSums)) : 0);
}

std::int64_t CudaResults::device_bytes(const Region& region, bool masked) {
  const std::int64_t n = region.inner.voxels();
  return (packs(region) ? n * packed_bytes(Packing::k64) : 0) +
         (judges(region) ? n * (masked ? 2 : 1) + std::int64_t(sizeof(cuda::VoxelSums)) : 0);
}

CudaResults::CudaResults(const Gpu& gpu, const LocalSpec& spec, const Region& region, const std::uint8_t* mask, int places)
    : gpu_(gpu), n_(region.inner.voxels()), packing_(packs(region) ? region.packing : Packing::kNone),
      judge_(judges(region) ? region.judge : nullptr) {
  const std::int64_t all = n_ * places;
  const auto room = [&](bool read, int floats) { return PinnedBuffer<float>(gpu, read ? all * floats : 0); };
  orientation_ = room(packing_ == Packing::kNone, 4);
  increment_ = room(gives_increment(region), 3);
  stress_ = room(region.fields.stress && spec.stress, 6);
  log_variance_ = room(region.fields.log_variance && spec.variance, 3);
  if (packing_ != Packing::kNone) {
    packed_ = {gpu, all * packed_bytes(packing_)};
    packing_room_ = {gpu, n_};
  }
  if (!judge_) return;
  verdict_ = {gpu, all};
  sums_ = {gpu, places};
  judging_room_ = {gpu, n_};
  summing_room_ = {gpu, 1};
  if (!mask) return;
  mask_ = {gpu, n_};
  gpu->copy_box(gpu, mask_.get(), mask, {region.shape, {region.inner_lo[0], region.inner_lo[1], region.inner_lo[2]}, region.inner}, 1);
  gpu->synchronise(gpu);
}

void CudaResults::copy(int place, const cuda::SubBox& box, const CudaFields& from) const {
  const auto field = [&](const PinnedBuffer<float>& to, const float* values, int each) {
    if (to.get() && values) gpu_->copy_box(gpu_, at(to, place, each), values, box, each * int(kFloat));
  };
  if (judge_) {
    gpu_->zero(gpu_, summing_room_.get(), sizeof(cuda::VoxelSums));
    gpu_->judge_voxels(gpu_, {n_, box, from.orientation, from.increment, nullptr, 0, mask_.get(), judge_->limits(0), judging_room_.get(),
                              summing_room_.get()});
    gpu_->copy(gpu_, at(verdict_, place, 1), judging_room_.get(), n_);
    gpu_->copy(gpu_, sums_.get() + place, summing_room_.get(), sizeof(cuda::VoxelSums));
  }
  if (packing_ != Packing::kNone) {
    auto* const room = reinterpret_cast<std::uint8_t*>(packing_room_.get());
    gpu_->pack_orientations(gpu_, {box, from.orientation, packing_, room});
    gpu_->copy(gpu_, at(packed_, place, packed_bytes(packing_)), room, n_ * packed_bytes(packing_));
  }
  field(orientation_, from.orientation, 4);
  field(increment_, from.increment, 3);
  field(stress_, from.stress, 6);
  field(log_variance_, from.log_variance, 3);
}

StepOutput CudaResults::output(int place, int step) const {
  StepOutput out;
  out.step = step;
  out.orientation = at(orientation_, place, 4), out.increment = at(increment_, place, 3);
  out.stress = at(stress_, place, 6), out.log_variance = at(log_variance_, place, 3);
  out.packed = at(packed_, place, packed_bytes(packing_));
  if (!judge_) return out;
  verdicts_ = verdicts_of(sums_.get()[place]);
  out.verdict = at(verdict_, place, 1), out.verdicts = &verdicts_;
  return out;
}

}  // namespace grainspin
