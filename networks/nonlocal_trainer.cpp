// The training of the nonlocal family. Samples are whole grids under way (GridPool): an optimiser step takes some of
// them, runs a few strain steps with gradient and leaves them where they then stand. First the true orientations
// are the input of every step, then each grid's own predictions are, over longer and longer chunks.
#include <algorithm>
#include <cmath>
#include <optional>

#include "datasets/batch.h"
#include "datasets/grid_set.h"
#include "datasets/inherit.h"
#include "networks/device.h"
#include "networks/grid_pool.h"
#include "networks/nonlocal_loss.h"
#include "networks/nonlocal_score.h"
#include "networks/precision.h"
#include "networks/rotation.h"
#include "networks/training_loop.h"

namespace grainspin {

namespace {

constexpr double kAstray = 10;

// Indices into cube_operations().
std::vector<int> operations_of(const GridRun& run, const TrainOptions& o) {
  const auto& all = cube_operations();
  std::vector<int> chosen;
  for (int i = 0; i < int(all.size()); ++i) {
    if (i > 0 && !o.augment) break;
    bool kept = o.recipe.all_operations;
    if (!kept)
      for (const Operation& op : load_operations(run.loads))
        kept = kept || (op.axis == all[std::size_t(i)].axis && op.sign == all[std::size_t(i)].sign);
    if (kept) chosen.push_back(i);
  }
  return chosen;
}

// Bytes that the graph of one voxel's step holds, within 10 % (measured on 16^3 with 4 and 8 passes, 12 and 20
// channels, 3 and 6 polarisations): in every pass the fields of the gated map (input, memory, inner, gate, product,
// output) and those of the Green operator with their rotations.
double graph_bytes(const NonlocalSpec& s) {
  double systems = 0;
  for (const PhaseSpec& phase : s.phases) systems = std::max(systems, double(slip_maps(phase).set.count()));
  const double fields = s.channels + 2.0 * s.polarisations + s.memory + 3.0 * s.width + s.channels;
  return 4 * (s.passes * (systems * fields + 60.0 * s.polarisations) + 600);
}

class NonlocalTrainer : public TrainingLoop {
 public:
  NonlocalTrainer(const TrainOptions& options, Ranks& ranks) : TrainingLoop(options, ranks) {
    check_options();
    const NonlocalRecipe& r = options_.recipe;
    Model parent;
    SlipChoice slip = r.slip;
    std::vector<PhaseSpec> known;
    if (!options.init.empty()) {
      parent = read_parent(options.init, Family::kNonlocal);
      const SlipChoice own = inherited_slip(r.slip, parent.spec.nonlocal);
      if (same_phases(options.archives, own, parent.spec.nonlocal)) slip = own, known = parent.spec.nonlocal.phases;
    }
    data_.emplace(options.archives, r.stress, slip, options.held_out, options.seed, known, options.memory);
    NonlocalSpec settings = options.nonlocal;
    settings.stress = r.stress != StressData::kNone && data_->has_stress();
    spec_ = data_->spec(settings);
    network_ = NonlocalNetwork(spec_);
    network_->initialise(options.seed);
    if (!options.init.empty()) {
      Model child;
      network_->save(child);
      inherited_ = inherit(parent, options.init, child);
      spec_ = child.spec;
      network_ = NonlocalNetwork(spec_);
      network_->load(child);
    }
    network_->to(device_);
    loss_.emplace(data_->scales(), double(spec_.stress_scale[0]), r.stress_weight, r.curve_weight,
                  r.free_weight);
    std::vector<std::vector<int>> operations;
    for (const GridRun& run : data_->training()) operations.push_back(operations_of(run, options_));
    for (const auto& o : operations) most_operations_ = std::max(most_operations_, int(o.size()));
    pool_.emplace(*data_, operations, options.seed, network_, device_, ranks_);
    if (!options.resume) pool_->fill(r.pool, state_.draws);
    epoch_ = double(data_->voxel_steps());
    for (const GridRun& run : data_->held_out()) scoring_ += double(run.voxel_steps()) / 3;  // forward alone
    state_.next_epoch = next_row(0);
    step_bytes_ = graph_bytes(spec_.nonlocal);
    begin(network_.ptr(), spec_, data_->hashes());
  }

 private:
  void check_options() const {
    const NonlocalRecipe& r = options_.recipe;
    const auto between = [](double v, double low, double high, const char* what) {
      require(v >= low && v <= high, Errc::kArgument,
              std::string(what) + ": from " + std::to_string(low) + " to " + std::to_string(high));
    };
    const auto count = [](int v, int low, int high, const char* what) {
      require(v >= low && v <= high, Errc::kArgument,
              std::string(what) + ": " + std::to_string(low) + " to " + std::to_string(high) + ", not " +
                  std::to_string(v));
    };
    const NonlocalSpec& s = options_.nonlocal;
    count(s.passes, 0, 32, "passes");
    count(s.channels, 1, 64, "channels");
    count(s.width, 1, 64, "width");
    count(s.polarisations, 1, 8, "polarisations");
    count(s.memory, 0, 16, "memory");
    count(s.warmup, 0, 8, "warmup");
    require(s.beta > 0 && s.beta <= 1, Errc::kArgument, "beta: above 0, at most 1");
    count(r.pool, 1, 4096, "pool");
    count(r.grids, 1, r.pool, "grids: at most as many as the pool holds");
    count(r.chunk, 1, 1000, "chunk");
    count(r.longest, 1, 1000, "longest");
    count(r.lr_warmup, 0, 1'000'000, "lr warm-up");
    between(r.lr_decay, 0, 1, "lr decay");
    between(r.stress_ramp, 0, 1, "stress ramp");
    require(r.average >= 0 && r.average < 1, Errc::kArgument, "average: from 0, below 1");
    require(r.stress_weight >= 0 && r.curve_weight >= 0 && r.free_weight >= 0, Errc::kArgument,
            "weights of the loss: not negative");
    require(r.score_share > 0, Errc::kArgument, "score share: above 0");
    require(r.graph_bytes > 0, Errc::kArgument, "graph memory: above 0");
    const int R = ranks_.size();
    require(r.grids >= R, Errc::kArgument,
            "grids: " + std::to_string(r.grids) + " in an optimiser step are too few for " + std::to_string(R) +
                " ranks, which take one each at least");
    require(r.pool % R == 0, Errc::kArgument,
            "pool: " + std::to_string(r.pool) + " grids cannot be shared evenly by " + std::to_string(R) + " ranks");
  }

  nlohmann::json settings() const override {
    const NonlocalSpec& s = spec_.nonlocal;
    const NonlocalRecipe& r = options_.recipe;
    nlohmann::json json = common_settings(data_->held_out().size());
    json.update({{"family", grainspin::name(options_.family)},
                 {"passes", s.passes},
                 {"channels", s.channels},
                 {"width", s.width},
                 {"polarisations", s.polarisations},
                 {"memory", s.memory},
                 {"carried", s.carried},
                 {"warmup", s.warmup},
                 {"gated", s.gated},
                 {"stress", s.stress},
                 {"green", grainspin::name(s.green)},
                 {"beta", s.beta},
                 {"frequencies", grainspin::name(s.frequencies)},
                 {"pool", r.pool},
                 {"grids", r.grids},
                 {"chunk", r.chunk},
                 {"longest", r.longest},
                 {"graph_bytes", r.graph_bytes},
                 {"lr_warmup", r.lr_warmup},
                 {"lr_decay", r.lr_decay},
                 {"stress_weight", r.stress_weight},
                 {"stress_ramp", r.stress_ramp},
                 {"curve_weight", r.curve_weight},
                 {"free_weight", r.free_weight},
                 {"all_operations", r.all_operations},
                 {"score_share", r.score_share}});
    for (const PhaseSpec& p : spec_.nonlocal.phases) json["slip"][p.name] = p.slip_families;
    return json;
  }

  double epoch_samples() const override { return epoch_; }
  double next_row(double epoch) const override { return epoch + 0.1; }
  bool score_due() const override {
    double scored = 0;
    for (const TrainRow& row : state_.rows)
      if (std::isfinite(row.held_out)) scored = row.samples;
    return state_.samples - scored >= scoring_ / options_.recipe.score_share;
  }
  bool own_path() const override { return options_.teacher < 1 && fraction() >= options_.teacher; }

  double learning_rate() const override {
    const NonlocalRecipe& r = options_.recipe;
    const double warm = r.lr_warmup > 0 ? std::min(1.0, double(state_.step + 1) / r.lr_warmup) : 1;
    const double left = std::max(0.0, 1 - fraction());
    return options_.lr * warm * (r.lr_decay > 0 ? std::min(1.0, left / r.lr_decay) : 1);
  }

  int chunk_length() const {
    const NonlocalRecipe& r = options_.recipe;
    if (!own_path() || r.longest <= r.chunk) return r.chunk;
    const double grown = (fraction() - options_.teacher) / std::max(1e-9, 1 - options_.teacher);
    return std::min(r.longest, r.chunk + int(grown * (r.longest - r.chunk + 1)));
  }

  Parts begin_step() override {
    const NonlocalRecipe& r = options_.recipe;
    loss_->stress_weight(r.stress_weight * (r.stress_ramp > 0 ? std::min(1.0, fraction() / r.stress_ramp) : 1));
    const std::size_t first = std::size_t(mix(options_.seed ^ 0x900, std::uint64_t(state_.step)) % pool_->size());
    chunks_.clear();
    for (int g = 0; g < r.grids; ++g) chunks_.push_back(chunk((first + std::size_t(g)) % pool_->size()));
    own_ = own_path();
    return {r.grids, int(first)};  // member i lies on rank i % ranks
  }

  // What an optimiser step does with one grid: strain steps [first, last) of it.
  struct Chunk {
    std::size_t member;
    int first, last, length;  // length: that of a full one
  };
  Chunk chunk(std::size_t i) {
    const GridMember& member = pool_->member(i);
    const int length = chunk_length();
    // A first chunk of random length: the places where the gradient is cut off then differ from grid to grid.
    const int wanted = member.first ? 1 + int(mix(options_.seed ^ 0x1e7, std::uint64_t(state_.step)) %
                                              std::uint64_t(length))
                                    : length;
    return {i, member.step, std::min(pool_->steps(i), member.step + wanted), length};
  }

  // A chunk of one grid: its gradient; the grid's state moves on.
  PartResult part(int index) override {
    const Chunk c = chunks_[std::size_t(index)];
    GridMember& member = pool_->member(c.member);
    const auto fields = member.fields;
    const GridFields& f = *fields;
    const bool own = own_;
    const double voxels = double(f.grid.voxels());
    const bool checkpointed = voxels * step_bytes_ * (c.last - c.first) > double(options_.recipe.graph_bytes);
    const auto weights = network_->expand();
    at::Tensor total, shown, q = member.q;
    // What the grid's own orientations at the chunk's start become by the true increments.
    at::Tensor wanted_q = own ? f.grid.crop(q) : at::Tensor();
    double strain = 0;
    PartResult r;
    auto state = c.first == 0 ? warmed_up(network_, weights, f, q, checkpointed) : member.state;
    {
      Autocast autocast(options_.bfloat16 && !device_.is_cpu());
      for (int t = c.first; t < c.last; ++t) {
        const CellLoad& load = f.loads[std::size_t(t)];
        if (!own) q = f.grid.pad(f.q.select(0, t));
        const auto p = checkpointed ? network_->step_checkpointed(weights, f.grid, load, q, state)
                                    : network_->step(weights, f.grid, load, q, state);
        strain += load.size;
        if (own) {
          q = turn(p.increment, q);
          wanted_q = turn(f.w.select(0, t), wanted_q);
        }
        const auto terms = loss_->step(f, t, p, own ? q : at::Tensor(), wanted_q, strain);
        if (!terms.total.defined()) continue;
        total = total.defined() ? total + terms.total : terms.total;
        shown = shown.defined() ? shown + terms.increment.detach() : terms.increment.detach();
        r.count += 1;
      }
    }
    if (total.defined()) {
      total = total / double(c.length);
      (total / double(options_.recipe.grids)).backward();
      r.loss = total.item<double>() / options_.recipe.grids;
      r.shown = shown.item<double>();
    }
    r.samples = double(f.voxels()) * (c.last - c.first);
    state.detach();
    member.state = std::move(state);
    member.q = own ? q.detach() : f.grid.pad(f.q.select(0, c.last));
    // A state that has run away, seen by a loss far above that of turning nothing (1 a step), would only breed
    // more of its kind: its grid starts anew.
    r.astray = !(shown.defined() && r.shown < kAstray * double(c.last - c.first));
    return r;
  }

  void end_part(int index, const PartResult& r) override {
    const Chunk& c = chunks_[std::size_t(index)];
    GridMember& member = pool_->member(c.member);
    member.step = c.last;
    member.first = false;
    if (c.last == pool_->steps(c.member) || r.astray) pool_->renew(c.member, state_.draws);
  }

  void left_out() override {
    for (const Chunk& c : chunks_) pool_->renew(c.member, state_.draws);
  }
  void pack() override { state_.more = pool_->pack(); }
  void unpack() override { pool_->unpack(state_.more); }

  int held_out() const override { return int(data_->held_out().size()); }
  RunScore score_held_out(int run, bool full) override {
    return score(network_, *data_->fields(data_->training().size() + std::size_t(run)), device_, full);
  }
  RunScore score_archive(const std::string& path) override {
    return score(network_, data_->load_alike(path), device_, true);
  }
  void save(Model& model) const override { network_->save(model); }

  void describe(TrainReport& r, nlohmann::json& provenance) const override {
    r.operations = most_operations_;
    r.data_bytes = data_->bytes();
    r.bytes_per_sample = std::int64_t(step_bytes_);
    std::size_t file = 0;
    for (const GridRun& run : data_->training()) {
      r.training_runs.push_back(run.path);
      r.samples_per_run.push_back(run.voxel_steps());
      provenance["training"].push_back({{"file", run.path}, {"sha256", data_->hashes()[file++]}});
    }
    for (const GridRun& run : data_->held_out())
      provenance["held_out"].push_back({{"file", run.path}, {"sha256", data_->hashes()[file++]}});
  }

  std::optional<GridSet> data_;
  ModelSpec spec_;
  NonlocalNetwork network_{nullptr};
  std::optional<NonlocalLoss> loss_;
  std::optional<GridPool> pool_;
  std::vector<Chunk> chunks_;  // of the optimiser step
  bool own_ = false;
  double epoch_ = 1, scoring_ = 0, step_bytes_ = 0;
  int most_operations_ = 1;
};

}  // namespace

TrainReport train_nonlocal(const TrainOptions& options, Ranks& ranks, const TrainProgress& progress) {
  return NonlocalTrainer(options, ranks).run(progress);
}

}  // namespace grainspin
