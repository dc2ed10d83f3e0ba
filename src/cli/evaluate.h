// The parts of `grainspin evaluate`: reading and matching, and three ways to tell the result.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "grainspin/evaluation.h"
#include "grainspin/model.h"

namespace grainspin::cli {

// The noise of the project's copper data itself, degrees: against a tightly converged solution, and for a
// 2.5 times larger time step.
inline constexpr double kDataNoiseDeg[2] = {0.12, 0.46};

struct Judged {
  std::string file;  // as given
  RunFields truth;
  Prediction prediction;
  Evaluation evaluation;
};

struct Judgement {
  std::string model;        // path of the model or of the predicted archive
  bool predicted = false;   // the latter
  std::string description;  // who computed: "engine, CPU AVX-512, 2 threads"
  Model spec;               // empty tensors; meaningless when `predicted`
  std::string loss_csv;     // training log, empty for none
  std::vector<Judged> archives;
  std::vector<std::string> inside;  // archives whose voxels the others' are told from, as given
};

// Reads an archive whole. Throws Error kFormat for what is not finite or has no orientations or steps.
RunFields read_run(const std::string& path);

// Throws Error naming both sides where the model is not for this run: other crystal symmetry, number of
// steps, or load (unless any_load).
void require_match(const std::string& model_path, const ModelSpec& spec, const RunFields& truth, bool any_load);
// Gives the run the load that --load says, where the archive does not tell its own. Throws Error kArgument where it
// does, kShape for another number of steps.
void give_load(RunFields& truth, const std::string& load, const ModelSpec& spec);
// Why the run is outside the model's domain of training or near its edge, by its load and by what was predicted; empty: it is
// not, or the model states none.
std::vector<std::string> domain_notes(const Evaluation& evaluation);
// Every so many states only, as of a solver with as many times larger steps; the steps in between are of one direction.
// Throws Error kArgument where they leave other components free, or where nothing remains.
void take_every(RunFields& run, int every);
// Takes the states 1..T of a predicted archive. Throws Error naming both sides: grid, steps, start.
Prediction as_prediction(RunFields&& predicted, const RunFields& truth);

nlohmann::ordered_json evaluation_json(const Judgement& judgement);
std::string evaluation_table(const Judgement& judgement);
// Verdicts and how well they tell runs apart; empty where the model states no domain of training.
std::string trust_table(const Judgement& judgement);
// The page, and with a `pictures` folder the same pictures as files.
void write_page(const Judgement& judgement, const std::string& page, const std::string& pictures);

}  // namespace grainspin::cli
