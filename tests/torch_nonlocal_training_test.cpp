// Training of the nonlocal family on small made-up runs: their increments are those of a model with random weights,
// so that a model of the same settings can learn them.
#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <sstream>

#include <nlohmann/json.hpp>

#include "datasets/grid_set.h"
#include "datasets/sha256.h"
#include "networks/nonlocal.h"
#include "networks/nonlocal_loss.h"
#include "networks/rotation.h"
#include "networks/train.h"
#include "training_cases.h"
#include "training_runs.h"

using namespace grainspin;
using namespace grainspin::testing;

namespace {

ModelSpec small_spec() {
  ModelSpec spec;
  spec.family = Family::kNonlocal;
  NonlocalSpec& s = spec.nonlocal;
  s.passes = 1, s.channels = 2, s.width = 2, s.polarisations = 1, s.memory = 1, s.warmup = 0;
  s.stress = false;
  s.phases = {{"Cu", "432", {"fcc{111}<110>"}, 0}};
  spec.point_group = "432";
  spec.slip_families = s.phases[0].slip_families;
  return spec;
}

std::vector<LoadStep> sheared(int steps, double size) {
  LoadStep load;
  load.L = {0, 0, size, 0, 0, 0, size, 0, 0};
  load.prescribed.fill(true);
  return std::vector<LoadStep>(std::size_t(steps), load);
}

// An archive whose voxels, random at first, turn as a model with random weights says.
void plant(const std::string& path, Shape s, const std::vector<LoadStep>& loads, unsigned seed) {
  torch::NoGradGuard no_gradient;
  NonlocalNetwork network(small_spec());
  network->initialise(77);
  for (auto& item : network->named_parameters())  // fresh weights turn little
    if (item.key().find("head.out") != std::string::npos) item.value().mul_(8);
  const auto grid = network->grid(s);
  const auto weights = network->expand();
  auto state = network->start(grid);
  std::vector<float> start = follow_law(s, 0, seed);
  at::Tensor q = torch::from_blob(start.data(), {s.voxels(), 4}).clone();
  ArchiveInfo info;
  info.creator = "made up";
  info.shape = s;
  info.size = {s.nx * 1e-6, s.ny * 1e-6, s.nz * 1e-6};
  PhaseInfo phase;
  phase.name = "Cu";
  phase.point_group = "432";
  phase.voxels = s.voxels();
  info.phases = {phase};
  info.loads = loads;
  info.has_orientation = true;
  for (std::size_t t = 0; t <= loads.size(); ++t) {
    StepInfo step;
    step.name = "step_" + std::to_string(t);
    info.steps.push_back(step);
  }
  const auto out = create_archive(path, info, {});
  for (std::size_t t = 0; t <= loads.size(); ++t) {
    out->orientation(int(t), 0, s.voxels(), q.contiguous().data_ptr<float>());
    if (t < loads.size())
      q = turn(network->step(weights, grid, cell_load(loads[t]), q, state).increment, q);
  }
  const std::vector<std::int32_t> zero(std::size_t(s.voxels()), 0);
  out->phase(0, s.voxels(), zero.data());
  out->finish();
}

class NonlocalTraining : public ::testing::Test {
 protected:
  NonlocalTraining() : folder_("nonlocal training " + std::to_string(getpid())) {
    const Shape shapes[] = {{6, 5, 4}, {4, 4, 5}, {5, 3, 6}, {4, 6, 4}};
    for (unsigned i = 0; i < 4; ++i) {
      runs_.push_back(folder_ / ("run " + std::to_string(i) + ".h5"));
      // Different loads, steps and step sizes in one set.
      plant(runs_.back(), shapes[i], i % 2 ? sheared(5, 0.01) : tension(4, 0.02), i + 1);
    }
  }

  TrainOptions options() const {
    TrainOptions o = train_defaults(Family::kNonlocal);
    o.teacher = 0.75;
    o.archives = {runs_[0], runs_[1], runs_[2]};
    o.nonlocal = small_spec().nonlocal;
    o.nonlocal.phases.clear();
    o.recipe.slip = {{"", {"fcc"}}};
    o.recipe.pool = 3;
    o.recipe.lr_warmup = 5;
    o.held_out = 1;
    o.steps = 40;
    o.lr = 0.02;
    o.threads = 1;
    return o;
  }

  Scratch folder_;
  std::vector<std::string> runs_;
};

// Runs the program to its end; its output goes to a file.
int program(const std::vector<std::string>& arguments, const std::string& log) {
  const pid_t child = fork();
  if (child == 0) {
    if (!std::freopen(log.c_str(), "w", stdout) || dup2(STDOUT_FILENO, STDERR_FILENO) < 0) _exit(126);
    std::vector<char*> argv{const_cast<char*>(GRAINSPIN_PROGRAM)};
    for (const std::string& a : arguments) argv.push_back(const_cast<char*>(a.c_str()));
    argv.push_back(nullptr);
    execv(GRAINSPIN_PROGRAM, argv.data());
    _exit(127);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

std::string text_of(const std::string& path) {
  std::ostringstream s;
  s << std::ifstream(path).rdbuf();
  return s.str();
}

}  // namespace

TEST_F(NonlocalTraining, LearnsAPlantedModel) {
  TrainOptions o = options();
  o.steps = 300;
  o.validation = {runs_[3]};
  const TrainReport r = run(o);
  TrainOptions untrained = o;
  untrained.lr = 1e-12;
  double before = 0;
  const TrainReport none = run(untrained);
  for (const TrainRow& row : none.rows) before = std::max(before, row.loss);
  ASSERT_GE(r.rows.size(), 4u);
  for (std::size_t i = r.rows.size() - 4; i < r.rows.size(); ++i) EXPECT_LT(r.rows[i].loss, 0.05 * before);
  EXPECT_LT(none.validation[0].r2_one_step, 0.3);
  EXPECT_EQ(r.operations, 48);
  EXPECT_EQ(r.skipped, 0);
  ASSERT_EQ(r.validation.size(), 1u);
  EXPECT_GT(r.validation[0].skill(), 0.8);  // neither its grid nor its orientations were seen
  EXPECT_GT(r.validation[0].r2_one_step, 0.9);
  EXPECT_TRUE(std::isnan(r.validation[0].curve));
  EXPECT_TRUE(r.model.spec.loads.empty());  // two loads in one set
  check(r.model);
}

TEST_F(NonlocalTraining, SameSeedSameBits) {
  const TrainOptions o = options();
  const TrainReport a = run(o), b = run(o);
  EXPECT_TRUE(equal(a.model, b.model));
  TrainOptions other = o;
  other.seed = 2;
  EXPECT_FALSE(equal(a.model, run(other).model));
}

TEST_F(NonlocalTraining, ResumedIsUnbroken) {
  for (const int stop : {7, 35}) {  // while taught, and on the own path
    TrainOptions o = options();
    o.recipe.average = 0.9;
    o.recipe.grids = 2;
    o.checkpoint = folder_ / "checkpoint";
    const TrainReport whole = run(o);
    int steps = 0;
    EXPECT_THROW(train(o, [&](double, double, const TrainRow*) { return ++steps < stop; }), Error);
    o.resume = true;
    const TrainReport rest = run(o);
    EXPECT_TRUE(equal(whole.model, rest.model)) << stop;
    ASSERT_EQ(whole.rows.size(), rest.rows.size());
    for (std::size_t i = 0; i < whole.rows.size(); ++i) {
      EXPECT_EQ(whole.rows[i].loss, rest.rows[i].loss);
      EXPECT_EQ(whole.rows[i].samples, rest.rows[i].samples);
    }
  }
}

// The graph's memory changes what is kept, not what is computed.
TEST_F(NonlocalTraining, LittleMemorySameNumbers) {
  TrainOptions o = options();
  o.nonlocal.warmup = 2;
  o.steps = 12;
  o.lr = 1e-3;
  const TrainReport kept = run(o);
  o.recipe.graph_bytes = 1;
  const TrainReport again = run(o);
  ASSERT_EQ(kept.rows.size(), again.rows.size());
  for (std::size_t i = 0; i < kept.rows.size(); ++i)
    EXPECT_NEAR(again.rows[i].loss, kept.rows[i].loss, 1e-3 * kept.rows[i].loss) << i;
}

TEST_F(NonlocalTraining, StartsFromAnotherModel) {
  TrainOptions o = options();
  const TrainReport first = run(o);
  write_model(folder_ / "first.safetensors", first.model);
  o.init = folder_ / "first.safetensors";
  o.nonlocal.passes = 2;
  o.steps = 1;
  o.lr = 1e-12;  // nothing is learned: the new pass must leave the function as it is
  const TrainReport grown = run(o);
  ASSERT_EQ(first.held_out.size(), 1u);
  EXPECT_NEAR(grown.held_out[0].skill(), first.held_out[0].skill(), 1e-5);
  o.nonlocal.channels = 3;
  EXPECT_NE(refusal(o, Errc::kArgument).find("channels 2, this training 3"), std::string::npos);
  o = options();
  o.init = folder_ / "first.safetensors";
  o.nonlocal.passes = 0;
  EXPECT_NE(refusal(o, Errc::kArgument).find("not shrink"), std::string::npos);
}

// More slip systems than the model has: they begin silent, so that nothing is lost; the header says where it came from.
TEST_F(NonlocalTraining, StartsFromAModelOfFewerSystems) {
  TrainOptions o = options();
  const TrainReport first = run(o);
  write_model(folder_ / "first.safetensors", first.model);
  o.init = folder_ / "first.safetensors";
  o.recipe.slip = {{"", {"fcc18"}}};
  o.steps = 1;
  o.lr = 1e-12;
  const TrainReport more = run(o);
  EXPECT_NEAR(more.held_out.at(0).skill(), first.held_out.at(0).skill(), 1e-5);
  const auto provenance = nlohmann::json::parse(more.model.spec.provenance);
  EXPECT_EQ(provenance.at("init").at("sha256"), sha256_of_file(o.init));
  EXPECT_EQ(provenance.at("init").at("in_part").empty(), false);
  EXPECT_EQ(provenance.at("settings").at("init"), sha256_of_file(o.init));
}

// Exact prediction has no loss; a known error has the loss that the definition gives.
TEST_F(NonlocalTraining, LossFollowsItsDefinition) {
  std::vector<PhaseSpec> phases{small_spec().nonlocal.phases[0]};
  GridRun raw;
  raw.path = "made";
  raw.shape = {2, 2, 2};
  raw.loads = tension(2, 0.02);
  raw.q = follow_law(raw.shape, 2, 1);
  for (std::size_t i = 0; i < 2 * 8 * 6; ++i) raw.stress.push_back(float(1e8 + 1e6 * double(i % 11)));
  const GridRun run = make_grid_run(raw, true, phases);
  NonlocalNetwork network(small_spec());
  const GridFields f(run, network, torch::kCPU);
  GridScales scales;
  scales.rate = 0.25;
  const double unit = 5e7, s = 0.02;
  const NonlocalLoss loss(scales, unit, 0.1, 5, 3);
  NonlocalNetworkImpl::Step exact;
  exact.increment = f.w.select(0, 1);
  exact.stress = f.stress.select(0, 1) / unit;
  exact.L = f.answer[1].clone();
  EXPECT_NEAR(loss.step(f, 1, exact, f.q.select(0, 2), f.q.select(0, 2), 0.04).total.item<double>(), 0, 1e-8);
  EXPECT_NEAR(loss.step(f, 1, exact, {}).total.item<double>(), 0, 1e-8);

  NonlocalNetworkImpl::Step off = exact;
  off.increment = exact.increment + torch::tensor({0.001, 0.0, 0.002});
  EXPECT_NEAR(loss.step(f, 1, off, {}).total.item<double>(), 5e-6 / (s * s * 0.25), 1e-5);
  // The own path: a rotation by 0.01 rad after a strain of 0.04.
  const at::Tensor turned = turn(torch::tensor({0.0, 0.01, 0.0}).expand({8, 3}), f.q.select(0, 2));
  EXPECT_NEAR(loss.step(f, 1, exact, turned, f.q.select(0, 2), 0.04).total.item<double>(), 1e-4 / (s * 0.04 * 0.25), 1e-4);
  // Everywhere (2, -1, -1) 1e7 Pa in the deviator and 3e7 Pa of pressure: |dev|^2 = 6e14.
  off = exact;
  off.stress = exact.stress + torch::tensor({5e7, 2e7, 2e7, 0.0, 0.0, 0.0}) / unit;
  EXPECT_NEAR(loss.step(f, 1, off, {}).total.item<double>(),
              0.1 * (6e14 / 5 + 9e14 + 5 * 6e14 / 5) / (unit * unit), 1e-4);
  // Lateral strains swapped by 0.001: two free components are off.
  off = exact;
  off.L = exact.L + torch::tensor({0.001, 0.5, 0.0, 0.0, -0.001, 0.0, 0.0, 0.0, 0.0});
  EXPECT_NEAR(loss.step(f, 1, off, {}).total.item<double>(), 3 * 2e-6 / (s * s), 1e-5);
}

TEST_F(NonlocalTraining, RealStressIsLearnedFrom) {
  TrainOptions o = options();
  o.archives = {std::string(GRAINSPIN_SOURCE_DIR) + "/datasets/cu_uniaxial/damask/cu_uniaxial_21.hdf5"};
  o.held_out = 0;
  o.recipe.slip.clear();  // from the archive's law
  o.recipe.pool = 1;
  o.steps = 8;
  const TrainReport r = run(o);
  EXPECT_TRUE(r.model.spec.nonlocal.stress);
  ASSERT_EQ(r.model.spec.loads.size(), 13u);
  EXPECT_EQ(r.model.spec.nonlocal.phases[0].slip_families, std::vector<std::string>{"fcc{111}<110>"});
  // Flow stress of copper about 200 MPa: the deviator's five components about 200 sqrt(2/3) / sqrt(5).
  EXPECT_GT(r.model.spec.stress_scale[0], 4e7);
  EXPECT_LT(r.model.spec.stress_scale[0], 1.2e8);
  o.recipe.stress = StressData::kNone;
  EXPECT_FALSE(run(o).model.spec.nonlocal.stress);
}

TEST_F(NonlocalTraining, RefusesClearly) {
  TrainOptions o = options();
  o.recipe.stress = StressData::kWanted;
  EXPECT_NE(refusal(o, Errc::kFormat).find("no F and P"), std::string::npos);
  o = options();
  o.recipe.slip = {{"", {"fcx"}}};
  EXPECT_NE(refusal(o, Errc::kArgument).find("fcx"), std::string::npos);
  o = options();
  o.epochs = 2;
  EXPECT_NE(refusal(o, Errc::kArgument).find("one budget"), std::string::npos);
  o = options();
  o.recipe.grids = 9;
  EXPECT_NE(refusal(o, Errc::kArgument).find("grids"), std::string::npos);
  o = options();
  o.lr = 1e30;  // the weights run away: left out again and again, then an error
  EXPECT_NE(refusal(o, Errc::kConvergence).find("smaller lr"), std::string::npos);
}

TEST_F(NonlocalTraining, ProgramTrainsFromTheCommandLine) {
  const std::string model = folder_ / "model.safetensors", log = folder_ / "log.txt",
                    config = folder_ / "settings.toml";
  std::ofstream(config) << "family = \"nonlocal\"\npasses = 1\nchannels = 2\npolarisations = 1\nmemory = 0\n"
                           "steps = 6\npool = 2\nungated = true\nno-carried = true\nslip = [\"Cu=fcc\"]\n";
  ASSERT_EQ(program({"train", runs_[0], runs_[1], "-o", model, "--config", config, "--validation", runs_[3],
                     "--threads", "1", "--green", "learned", "--seed", "4"},
                    log),
            0)
      << text_of(log);
  EXPECT_NE(text_of(log).find("voxel-steps/s"), std::string::npos) << text_of(log);
  const Model m = read_model(model);
  EXPECT_EQ(m.spec.family, Family::kNonlocal);
  EXPECT_EQ(m.spec.nonlocal.channels, 2);
  EXPECT_EQ(m.spec.nonlocal.width, 2);  // as channels
  EXPECT_FALSE(m.spec.nonlocal.gated);
  EXPECT_FALSE(m.spec.nonlocal.carried);
  EXPECT_EQ(m.spec.nonlocal.green, Green::kLearned);
  const auto provenance = nlohmann::json::parse(m.spec.provenance);
  EXPECT_EQ(provenance["settings"]["seed"], 4);
  EXPECT_EQ(provenance["settings"]["slip"]["Cu"][0], "fcc{111}<110>");
  EXPECT_EQ(provenance["training"].size(), 2u);
  const auto json = nlohmann::json::parse(text_of(folder_ / "model.json"));
  EXPECT_GT(json["peak_bytes"].get<double>(), 1e7);
  EXPECT_EQ(json["runs"][0]["samples_per_epoch"], 4 * 120);
  EXPECT_NE(text_of(folder_ / "model.svg").find("<svg"), std::string::npos);
  EXPECT_EQ(program({"train", runs_[0], "-o", model, "--family", "nonlocal", "--hidden", "32"}, log),
            int(Errc::kArgument));
  EXPECT_NE(text_of(log).find("--hidden: an option of --family local"), std::string::npos) << text_of(log);
  EXPECT_EQ(program({"train", runs_[0], "-o", model, "--passes", "3"}, log), int(Errc::kArgument));
  EXPECT_NE(text_of(log).find("--family nonlocal"), std::string::npos) << text_of(log);
}
