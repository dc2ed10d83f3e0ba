// consumer ARCHIVE: trains two optimiser steps on an archive with the installed C++ of component networks; an archive that
// is not there is refused by name.
#include <networks/networks.h>
#include <networks/train.h>

#include <iostream>
#include <string>

int main(int argc, char** argv) try {
  if (argc != 2 || grainspin::torch_version().empty()) return 2;
  grainspin::TrainOptions options;
  options.archives = {argv[1]};
  options.held_out = 0;
  options.local.radius = 0;
  options.local.hidden = 32;
  options.steps = 2;
  const grainspin::TrainReport report = grainspin::train(options, [](double, double, const grainspin::TrainRow*) { return true; });
  if (report.parameters <= 0 || report.model.tensors.empty() || report.training_runs.size() != 1) return 1;
  options.archives = {"no such archive.h5"};
  try {
    (void)grainspin::train(options, nullptr);
  } catch (const grainspin::Error& e) {
    if (e.code() == grainspin::Errc::kIo && std::string(e.what()).find(options.archives[0]) != std::string::npos) {
      std::cout << "LibTorch " << grainspin::torch_version() << ", " << report.parameters << " parameters\n";
      return 0;
    }
    throw;
  }
  std::cerr << "a missing archive is not refused\n";
  return 1;
} catch (const std::exception& e) {
  std::cerr << e.what() << '\n';
  return 1;
}
