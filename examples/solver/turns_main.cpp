// cp_turns MODEL START LOAD: solver and surrogate in turns, with a table of who took each step and what it
// showed.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

#include "rotation.h"
#include "turns.h"

namespace {

constexpr char kHelp[] =
    "cp_turns MODEL START LOAD [options]: a polycrystal by solver and surrogate in turns\n"
    "  MODEL             a grainspin model file of the nonlocal family\n"
    "  START, LOAD       as cp_solver's; every line of LOAD is one step of the surrogate\n"
    "  --surrogate K     steps by the surrogate between two by the solver (2)\n"
    "  --increments N    of a solver step (4)\n"
    "  --limit X         difference of the rotations above which the solver goes on (0.5)\n"
    "  --material FILE   name value lines; copper without it\n"
    "  --truth FILE      the end state by another program, to measure against\n"
    "  --out FILE        writes the end state\n"
    "  --threads N       1 without it\n";

int run(int argc, char** argv) {
  std::vector<std::string> names;
  std::string material, out, truth;
  cp::TurnOptions options;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const auto value = [&] {
      if (i + 1 == argc) throw std::runtime_error(word + " wants a value");
      return std::string(argv[++i]);
    };
    const auto number = [&](double least) {
      const std::string text = value();
      char* end = nullptr;
      const double x = std::strtod(text.c_str(), &end);
      if (*end || text.empty() || !(x >= least)) throw std::runtime_error(word + " does not take " + text);
      return x;
    };
    if (word == "--help") return std::fputs(kHelp, stdout), 0;
    if (word == "--material")
      material = value();
    else if (word == "--out")
      out = value();
    else if (word == "--truth")
      truth = value();
    else if (word == "--surrogate")
      options.surrogate_steps = static_cast<int>(number(0));
    else if (word == "--increments")
      options.increments = static_cast<int>(number(1));
    else if (word == "--limit")
      options.limit = number(0);
    else if (word == "--threads")
      options.threads = static_cast<int>(number(1));
    else if (word.rfind("--", 0) == 0)
      throw std::runtime_error("no option is called " + word);
    else
      names.push_back(word);
  }
  if (names.size() != 3) return std::fputs(kHelp, stderr), 1;
  const cp::Microstructure start = cp::read_microstructure(names[1]);
  const auto load = cp::read_load(names[2]);
  cp::TurnTaking turns(names[0], material.empty() ? cp::Material{} : cp::read_material(material), start,
                       options);
  std::puts("step  by         verdict   difference  stress jump  local  CPU/s: solver  surrogate  hand-over");
  const char* const verdicts[] = {"fine", "doubtful", "outside"};
  const auto percent = [](double x) {
    return std::isnan(x) ? std::string("-") : std::to_string(std::lround(100 * x)) + " %";
  };
  for (std::size_t s = 0; s < load.size(); ++s) {
    const cp::Turn turn = turns.step(load[s]);
    std::printf("%4zu  %-9s  %-8s  %10s  %11s  %5s  %13.2f  %9.2f  %9.2f  %s\n", s + 1,
                turn.by_solver ? "solver" : "surrogate", verdicts[turn.verdict],
                percent(turn.difference).c_str(), percent(turn.jump).c_str(),
                percent(turn.local_jump).c_str(), turn.solver_seconds, turn.surrogate_seconds,
                turn.follow_seconds, turn.reason.c_str());
    std::fflush(stdout);
  }
  const auto& q = turns.orientations();
  if (!truth.empty()) {
    const cp::Microstructure end = cp::read_microstructure(truth);
    if (end.voxels != start.voxels) throw std::runtime_error(truth + ": another grid than " + names[1]);
    double error = 0;
    for (std::size_t i = 0; i < q.size(); i += 4)
      error += cp::cubic_disorientation(&q[i], &end.orientation[i]);
    std::printf("mean disorientation from %s: %.3f degrees\n", truth.c_str(),
                error / (q.size() / 4) * 57.29577951308232);
  }
  if (!out.empty()) cp::write_microstructure(out, start, q.data());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "cp_turns: %s\n", e.what());
    return 1;
  }
}
