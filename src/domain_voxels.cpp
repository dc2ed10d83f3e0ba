// Voxels against the ranges of the embedding and the largest increment.
#include <algorithm>
#include <cmath>
#include <mutex>

#include "grainspin/domain.h"
#include "grainspin/embedding.h"
#include "grainspin/nonlocal.h"
#include "grainspin/symmetry.h"
#include "parallel_for.h"

namespace grainspin {
namespace {

using Orientations = TrainingDomain::Orientations;
using Margins = DomainMargins;

constexpr int kBlock = 128;

// Squared distance of embeddings e[count, C] from the box of the ranges.
void beyond(const Orientations& range, int count, const float* e, float* squared) {
  const int C = int(range.low.size());
  for (int i = 0; i < count; ++i) squared[i] = squared_beyond(C, range.low.data(), range.high.data(), e + i * C);
}

// The same from orientations of a cubic crystal, in one loop without branches, so that it vectorises.
void beyond_cubic(const Orientations& range, int count, const float* q, float* squared) {
  float low[9], high[9];
  std::copy_n(range.low.begin(), 9, low);
  std::copy_n(range.high.begin(), 9, high);
  for (int i = 0; i < count; ++i) {
    float e[9];
    embed_432(Quat{q[i], q[kBlock + i], q[2 * kBlock + i], q[3 * kBlock + i]}, e);
    squared[i] = squared_beyond(9, low, high, e);
  }
}

SquaredLimits limits_of(double fine, double doubtful) { return {float(fine * fine), float(doubtful * doubtful)}; }
SquaredLimits turned_limits() { return limits_of(Margins::kOrientation.fine, Margins::kOrientation.doubtful); }
SquaredLimits moved_limits(double most) {
  return limits_of(most * (1 + Margins::kIncrement.fine), most * (1 + Margins::kIncrement.doubtful));
}

// A block: the voxels of it that count, phase by phase.
struct Block {
  int count = 0;
  std::int64_t voxel[kBlock];
  float q[4 * kBlock], e[EmbeddingSpec::kMaxSize * kBlock], squared[kBlock];
};

void track(float& largest, float squared) {
  if (squared > largest) largest = squared;  // false for what is not a number
}

}  // namespace

VoxelVerdicts& VoxelVerdicts::operator+=(const VoxelVerdicts& o) {
  voxels += o.voxels, doubtful += o.doubtful, outside += o.outside;
  orientation += o.orientation, increment += o.increment;
  orientation_beyond = std::max(orientation_beyond, o.orientation_beyond);
  increment_largest = std::max(increment_largest, o.increment_largest);
  for (std::size_t k = 0; k < surroundings.size(); ++k) surroundings[k] += o.surroundings[k];
  for (std::size_t p = 0; p < resolved_sum.size(); ++p) resolved_sum[p] += o.resolved_sum[p], resolved_voxels[p] += o.resolved_voxels[p];
  return *this;
}

Verdict VoxelVerdicts::verdict() const {
  const double n = double(voxels);
  if (double(outside) > Margins::kVoxels.doubtful * n) return Verdict::kOutside;
  const bool doubt = double(outside) > Margins::kVoxels.fine * n || double(doubtful + outside) > Margins::kDoubtfulVoxels * n;
  return doubt ? Verdict::kDoubtful : Verdict::kFine;
}

VoxelLimits DomainJudge::limits(std::size_t phase) const {
  VoxelLimits out;
  out.moves = domain_.increment > 0;
  out.moved = moved_limits(domain_.increment);
  out.turned = turned_limits();
  out.ranged = phase < range_.size() && range_[phase] >= 0;
  if (!out.ranged) return out;
  const Orientations& range = domain_.orientations[std::size_t(range_[phase])];
  out.embedding = embedding(PointGroup::named(range.point_group));
  std::copy(range.low.begin(), range.low.end(), out.low);
  std::copy(range.high.begin(), range.high.end(), out.high);
  return out;
}

VoxelVerdicts DomainJudge::voxels(std::int64_t n, const float* q, const float* increment, const std::int32_t* phase,
                                  const std::uint8_t* mask, std::uint8_t* verdict, int threads,
                                  const LoadStep* load) const {
  const std::array<double, 5> E0 = load && !slip_.empty() ? cell_load(*load).E0 : std::array<double, 5>{};
  const bool strained = std::ranges::any_of(E0, [](double e) { return e != 0; });
  const SquaredLimits turned = turned_limits(), moved = moved_limits(domain_.increment);
  const bool moves = increment && domain_.increment > 0;
  std::vector<const EmbeddingSpec*> specs;
  for (const Orientations& o : domain_.orientations) specs.push_back(&embedding(PointGroup::named(o.point_group)));

  // A part of the voxels, with nothing shared but the sum at its end.
  const auto judge = [&](std::int64_t begin, std::int64_t end, VoxelVerdicts& sum) {
    Block block;
    Verdict of[kBlock];
    float farthest = 0, fastest = 0;  // squared
    for (std::int64_t first = begin; first < end; first += kBlock) {
      const int count = int(std::min<std::int64_t>(kBlock, end - first));
      const auto counts = [&](int i) { return !mask || mask[first + i] != 0; };
      std::fill_n(of, count, Verdict::kFine);
      const auto raise = [&](int i, Verdict v, std::int64_t& reason) {
        if (v == Verdict::kFine) return;
        ++reason;
        of[i] = std::max(of[i], v);
      };
      if (moves)
        for (int i = 0; i < count; ++i) {
          if (!counts(i)) continue;
          const float* w = increment + 3 * (first + i);
          const float squared = w[0] * w[0] + w[1] * w[1] + w[2] * w[2];
          track(fastest, squared);
          raise(i, Verdict(moved.verdict(squared)), sum.increment);
        }
      for (std::size_t p = 0; q && p < range_.size(); ++p) {
        if (range_[p] < 0) continue;
        block.count = 0;
        const Orientations& range = domain_.orientations[std::size_t(range_[p])];
        const EmbeddingSpec& spec = *specs[std::size_t(range_[p])];
        const bool cubic = spec.cubic;
        for (int i = 0; i < count; ++i) {
          if (!counts(i) || (phase ? std::size_t(phase[first + i]) : 0) != p) continue;
          const float* from = q + 4 * (first + i);
          for (int k = 0; k < 4; ++k) block.q[cubic ? k * kBlock + block.count : 4 * block.count + k] = from[k];
          block.voxel[block.count++] = i;
        }
        if (cubic) {
          beyond_cubic(range, block.count, block.q, block.squared);
        } else {
          embed(spec, block.count, block.q, block.e);
          beyond(range, block.count, block.e, block.squared);
        }
        for (int i = 0; i < block.count; ++i) {
          track(farthest, block.squared[i]);
          raise(int(block.voxel[i]), Verdict(turned.verdict(block.squared[i])), sum.orientation);
        }
      }
      for (std::size_t p = 0; q && strained && p < slip_.size(); ++p) {
        if (slip_[p].empty()) continue;
        block.count = 0;
        for (int i = 0; i < count; ++i) {
          if (!counts(i) || (phase ? std::size_t(phase[first + i]) : 0) != p) continue;
          std::copy_n(q + 4 * (first + i), 4, block.q + 4 * block.count++);
        }
        resolved_shear(slip_[p], E0, block.count, block.q, block.squared);
        for (int i = 0; i < block.count; ++i)
          if (std::isfinite(block.squared[i])) {  // sums of whole numbers do not depend on their order
            sum.resolved_sum[p] += std::int64_t(std::ldexp(double(block.squared[i]), 32));
            ++sum.resolved_voxels[p];
          }
      }
      for (int i = 0; i < count; ++i) {
        if (verdict) verdict[first + i] = std::uint8_t(of[i]);
        sum.voxels += counts(i);
        sum.doubtful += of[i] == Verdict::kDoubtful;
        sum.outside += of[i] == Verdict::kOutside;
      }
    }
    sum.orientation_beyond = std::sqrt(double(farthest));
    sum.increment_largest = std::sqrt(double(fastest));
  };
  VoxelVerdicts sum;
  std::mutex mutex;
  parallel_for(n, threads, 1 << 14, [&](std::int64_t begin, std::int64_t end) {
    VoxelVerdicts part;
    judge(begin, end, part);
    const std::lock_guard lock(mutex);
    sum += part;
  });
  return sum;
}

}  // namespace grainspin
