// The members of an ensemble as one surrogate: whole runs in turns, rollouts side by side.
#include <algorithm>
#include <mutex>
#include <string>

#include "ensemble_mean.h"
#include "grainspin/core.h"
#include "grainspin/ensemble.h"
#include "parallel_for.h"
#include "turns.h"

namespace grainspin {
namespace {

using Members = std::vector<std::unique_ptr<Surrogate>>;

// Floats of a voxel that the ensemble holds beside its members'.
std::int64_t result_floats(const ModelSpec& spec) {
  const bool stress = spec.family == Family::kNonlocal ? spec.nonlocal.stress : spec.local.stress;
  return 4 + 3 + (stress ? 6 : 0) + 3;
}

// What a member is asked for: orientations as they are, since packed ones have no mean and it is the mean that is judged, and
// increments where the spread of them is wanted.
Region of_member(const Region& region) {
  Region one = region;
  one.packing = Packing::kNone;
  one.judge = nullptr;
  one.fields.increment = region.fields.increment || region.fields.log_variance || region.judge;
  return one;
}

// A field of every member to the ensemble's.
class Combiner {
 public:
  Combiner(const Units& units, int threads) : threads_(threads), units_(units) {}
  // Null where a member has none. `fields` gives a member's.
  template <class Of>
  const float* combine(Field field, std::size_t members, std::int64_t n, const Of& of) {
    const Fields parts = all(members, field, of);
    if (std::ranges::find(parts, nullptr) != parts.end()) return nullptr;
    std::vector<float>& to = results_[std::size_t(field)];
    to.resize(std::size_t(n) * std::size_t(components(field)));
    if (field == Field::kOrientation) mean_rotations(parts, n, threads_, to.data());
    else if (field != Field::kLogVariance) mean_values(parts, n * components(field), threads_, to.data());
    else {
      const Fields increments = all(members, Field::kIncrement, of);
      if (std::ranges::find(increments, nullptr) != increments.end()) return nullptr;
      mixture_log_variances(increments, parts, units_, n, threads_, to.data());
    }
    return to.data();
  }

 private:
  template <class Of>
  static Fields all(std::size_t members, Field field, const Of& of) {
    Fields out;
    for (std::size_t m = 0; m < members; ++m) out.push_back(of(m, field));
    return out;
  }

  int threads_;
  const Units& units_;
  std::array<std::vector<float>, 4> results_;
};

const float* field_of(const StepOutput& out, Field field) {
  switch (field) {
    case Field::kOrientation: return out.orientation;
    case Field::kIncrement: return out.increment;
    case Field::kStress: return out.stress;
    default: return out.log_variance;
  }
}

class EnsembleRollout final : public Rollout {
 public:
  EnsembleRollout(const ModelSpec& spec, const Units& units, std::vector<std::unique_ptr<Rollout>> members, std::int64_t voxels, int threads)
      : members_(std::move(members)), voxels_(voxels), floats_(result_floats(spec)), combiner_(units, threads) {}

  int step() const override { return step_; }
  const LoadStep* advance(const LoadStep* load) override {
    known_ = {};
    std::vector<const LoadStep*> found;
    for (const auto& m : members_) found.push_back(m->advance(load));
    ++step_;
    return mean_load(found, load_);
  }
  const float* field(Field field) const override {
    const auto f = std::size_t(field);
    if (!known_[f]) {
      fields_[f] = combiner_.combine(field, members_.size(), voxels_, [&](std::size_t m, Field of) { return members_[m]->field(of); });
      known_[f] = true;
    }
    return fields_[f];
  }
  void set_orientation(const float* q) override {
    for (const auto& m : members_) m->set_orientation(q);
    known_ = {};
  }
  void restart(const float* q0) override {
    for (const auto& m : members_) m->restart(q0);
    known_ = {};
    step_ = 0;
  }
  RolloutSize size() const override {
    RolloutSize all{.host = voxels_ * floats_ * std::int64_t(sizeof(float))};
    for (const auto& m : members_) {
      const RolloutSize one = m->size();
      all.host += one.host, all.device += one.device, all.carried += one.carried;
    }
    return all;
  }
  void carry(std::byte* to) const override {
    for (const auto& m : members_) {
      m->carry(to);
      to += m->size().carried;
    }
  }
  void resume(const std::byte* from, int step) override {
    for (const auto& m : members_) {
      m->resume(from, step);
      from += m->size().carried;
    }
    known_ = {};
    step_ = step;
  }

 private:
  std::vector<std::unique_ptr<Rollout>> members_;
  std::int64_t voxels_, floats_;
  mutable Combiner combiner_;
  mutable std::array<const float*, 4> fields_{};
  mutable std::array<bool, 4> known_{};
  LoadStep load_;
  int step_ = 0;
};

class Ensemble final : public Surrogate {
 public:
  Ensemble(const ModelSpec& spec, Members members, int threads) : spec_(spec), members_(std::move(members)), threads_(thread_count(threads)) {
    for (const auto& m : members_)
      units_.push_back(spec.family == Family::kLocal ? m->spec().increment_scale : std::array<float, 3>{1, 1, 1});
  }

  const ModelSpec& spec() const override { return spec_; }
  std::string description() const override {
    return "ensemble of " + std::to_string(members_.size()) + ", each " + members_.front()->description();
  }

  void run(const Region& region, const float* q0, const std::uint8_t* mask, const float* teacher,
           const std::function<void(const StepOutput&)>& sink) const override {
    const std::lock_guard lock(busy_);  // the members of two runs would wait for each other
    const std::size_t n = members_.size();
    const Region one = of_member(region);
    std::vector<StepOutput> step(n);
    Turns turns(int(n), [&](int i, const std::function<void()>& pause) {
      members_[std::size_t(i)]->run(one, q0, mask, teacher, [&](const StepOutput& out) {
        step[std::size_t(i)] = out;
        pause();
      });
    });
    Combiner combiner(units_, threads_);
    LoadStep load;
    members_.front()->run(one, q0, mask, teacher, [&](const StepOutput& out) {
      step.front() = out;
      for (std::size_t i = 1; i < n; ++i)
        require(turns.go_on(int(i)) && step[i].step == out.step, Errc::kInternal, "the members of an ensemble do not keep step");
      sink(combined(step, region.inner.voxels(), combiner, load));
    });
    for (std::size_t i = 1; i < n; ++i) turns.go_on(int(i));  // to their ends
  }

  std::int64_t workspace(const Region& region) const override {
    std::int64_t bytes = region.inner.voxels() * result_floats(spec_) * std::int64_t(sizeof(float));
    for (const auto& m : members_) bytes += m->workspace(of_member(region));
    return bytes;
  }

  std::unique_ptr<Rollout> start(const Region& region, const float* q0, const std::uint8_t* mask) const override {
    std::vector<std::unique_ptr<Rollout>> all;
    for (const auto& m : members_) all.push_back(m->start(of_member(region), q0, mask));
    return std::make_unique<EnsembleRollout>(spec_, units_, std::move(all), region.shape.voxels(), threads_);
  }

  RolloutSize rollout_size(const Region& region, bool masked) const override {
    RolloutSize all{.host = region.shape.voxels() * result_floats(spec_) * std::int64_t(sizeof(float))};
    for (const auto& m : members_) {
      const RolloutSize one = m->rollout_size(of_member(region), masked);
      all.host += one.host, all.device += one.device, all.carried += one.carried;
    }
    return all;
  }

  // Each holds its own state there, all at once: as a region of so many times the voxels.
  bool fits(const Region& region, bool masked) const override {
    Region all = of_member(region);
    const int n = int(members_.size());
    if (region.shape.nz > (1 << 20) / n) return false;
    all.shape.nz *= n, all.inner.nz *= n, all.inner_lo[2] *= n;
    return members_.front()->fits(all, masked);
  }

 private:
  static StepOutput combined(const std::vector<StepOutput>& step, std::int64_t voxels, Combiner& combiner, LoadStep& load) {
    const auto field = [&](Field f) {
      return combiner.combine(f, step.size(), voxels, [&](std::size_t m, Field of) { return field_of(step[m], of); });
    };
    std::vector<const LoadStep*> loads;
    for (const StepOutput& out : step) loads.push_back(out.load);
    return {step.front().step,      field(Field::kOrientation), field(Field::kIncrement), field(Field::kStress),
            field(Field::kLogVariance), mean_load(loads, load)};
  }

  ModelSpec spec_;
  Members members_;
  Units units_;  // of the members' variances, rad
  int threads_;
  mutable std::mutex busy_;
};

}  // namespace

std::unique_ptr<Surrogate> ensemble_of(const Model& model, int threads,
                                       const std::function<std::unique_ptr<Surrogate>(const Model&)>& make) {
  Members members;
  for (const Model& member : members_of(model)) members.push_back(make(member));
  require(members.size() >= 2, Errc::kArgument, "the model is no ensemble");
  return std::make_unique<Ensemble>(model.spec, std::move(members), threads);
}

}  // namespace grainspin
