// cp_solver START LOAD: a polycrystal from a text file through a load, with a table of what it carries.
#include <chrono>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <stdexcept>

#include "files.h"

namespace {

constexpr char kHelp[] =
    "cp_solver START LOAD [options]: crystal plasticity of a periodic polycrystal by FFT\n"
    "  START             voxels: phi1 Phi phi2 x y z grain phase (EVPFFT's text; grainspin convert writes "
    "it)\n"
    "  LOAD              time increments ratio F11 F12 .. F33 a line, x where the mean P is zero instead\n"
    "  --material FILE   name value lines; copper without it\n"
    "  --out PREFIX      writes PREFIX_<step>.txt after every load step\n"
    "  --scheme S        newton (default) or basic\n"
    "  --threads N       1 without it\n";

int run(int argc, char** argv) {
  std::vector<std::string> names;
  std::string material, out;
  cp::Scheme scheme = cp::Scheme::kNewton;
  int threads = 1;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const auto value = [&] {
      if (i + 1 == argc) throw std::runtime_error(word + " wants a value");
      return std::string(argv[++i]);
    };
    if (word == "--help") return std::fputs(kHelp, stdout), 0;
    if (word == "--material")
      material = value();
    else if (word == "--out")
      out = value();
    else if (word == "--threads")
      threads = std::max(1, std::atoi(value().c_str()));
    else if (word == "--scheme") {
      const auto name = value();
      if (name != "newton" && name != "basic")
        throw std::runtime_error("--scheme wants newton or basic: " + name);
      scheme = name == "basic" ? cp::Scheme::kBasic : cp::Scheme::kNewton;
    } else if (word.rfind("--", 0) == 0)
      throw std::runtime_error("no option is called " + word);
    else
      names.push_back(word);
  }
  if (names.size() != 2) return std::fputs(kHelp, stderr), 1;
  const cp::Microstructure start = cp::read_microstructure(names[0]);
  const auto load = cp::read_load(names[1]);
  const std::array<double, 3> size{double(start.voxels[0]), double(start.voxels[1]), double(start.voxels[2])};
  cp::Polycrystal polycrystal(material.empty() ? cp::Material{} : cp::read_material(material), start.voxels,
                              size, start.orientation.data(), threads, scheme);
  std::puts("step      F_xx      F_yy      F_zz   P_zz/MPa  von Mises/MPa  laws  products  cuts  CPU/s");
  std::vector<double> q(4 * polycrystal.voxels());
  for (std::size_t s = 0; s < load.size(); ++s) {
    cp::Report sum;
    const cp::Matrix from = polycrystal.mean_F();
    double time = 0;
    for (int i = 0; i < load[s].increments; ++i) {
      const double dt = cp::time_of(load[s], i);
      time += dt;
      cp::MeanLoad here = load[s].end;
      for (int c = 0; c < 9; ++c) here.F[c] = from[c] + time / load[s].time * (load[s].end.F[c] - from[c]);
      const cp::Report report = polycrystal.advance(dt, here);
      sum.iterations += report.iterations;
      sum.products += report.products;
      sum.cuts += report.cuts;
    }
    const cp::Matrix F = polycrystal.mean_F(), P = polycrystal.mean_P();
    std::printf("%4zu  %.6f  %.6f  %.6f  %9.3f  %13.3f  %4d  %8d  %4d  %5.1f\n", s + 1, F[0], F[4], F[8],
                P[8] / 1e6, polycrystal.mean_von_mises() / 1e6, sum.iterations, sum.products, sum.cuts,
                static_cast<double>(std::clock()) / CLOCKS_PER_SEC);
    std::fflush(stdout);
    if (out.empty()) continue;
    polycrystal.orientations(q.data());
    cp::write_microstructure(out + "_" + std::to_string(s + 1) + ".txt", start, q.data());
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "cp_solver: %s\n", e.what());
    return 1;
  }
}
