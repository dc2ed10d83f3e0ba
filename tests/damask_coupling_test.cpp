// The way from a DAMASK result through a prediction back to what DAMASK starts from, with the program itself.
#include "state_files.h"

#include <cstdlib>

#include "src/io/damask_setup.h"
#include "src/io/kinematics.h"

namespace grainspin {
namespace {

const std::string kRepository = GRAINSPIN_SOURCE_DIR;
const std::string kModel = kRepository + "/networks/pretrained/cu_uniaxial_local.safetensors";
const std::string kResult = kRepository + "/datasets/cu_uniaxial/damask/cu_uniaxial_21.hdf5";

// Exit status and what was written to stderr.
std::pair<int, std::string> run(const Folder& folder, const std::string& arguments) {
  const std::string errors = folder / "errors.txt";
  const int status = std::system(("'" GRAINSPIN_PROGRAM "' " + arguments + " > /dev/null 2> '" + errors + "'").c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, text_of(errors)};
}

std::string quoted(const std::string& path) { return "'" + path + "' "; }

TEST(DamaskCoupling, ResultToPredictionToGeometry) {
  const Folder folder;
  const auto source = open_archive(kResult);
  const ArchiveInfo& info = source->info();
  const int from = 3;
  const std::string number = info.steps[from].name.substr(10);  // increment_N
  auto [status, errors] = run(folder, "predict " + quoted(kModel) + quoted(kResult) + "--from-increment " + number +
                                          " --device cpu --quiet -o " + quoted(folder / "on.h5"));
  ASSERT_EQ(status, 0) << errors;
  EXPECT_TRUE(contains(errors, "starts from increment_" + number)) << errors;
  const auto predicted = open_archive(folder / "on.h5");
  // It starts from that state, and keeps what DAMASK needs.
  const auto start = fields_of(*predicted, 0), truth = fields_of(*source, from);
  for (std::size_t i = 0; i < start.q.size(); ++i) ASSERT_NEAR(start.q[i], truth.q[i], 1e-6);
  EXPECT_EQ(predicted->info().material, info.material);
  EXPECT_NE(info.material, "");

  std::tie(status, errors) = run(folder, "convert " + quoted(folder / "on.h5") + quoted(folder / "geom.vti") + "--damask");
  ASSERT_EQ(status, 0) << errors;
  const auto geometry = read_state(folder / "geom.vti");
  // The cell: F of the increment, then the steps that were predicted. 3 % and 13 % along z.
  std::array<double, 9> F = info.steps[from].mean_F;
  for (const LoadStep& load : predicted->info().loads) F = deformed_by(load.L, F);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_NEAR(geometry.info.size[i] / info.size[i], F[4 * i], 1e-9);
  EXPECT_NEAR(std::log(geometry.info.size[2] / info.size[2]), 0.16, 1e-3);
  const auto end = fields_of(*predicted, predicted->info().step_count());
  for (std::size_t i = 0; i < end.q.size(); i += 4) {
    const float sign = end.q[i] < 0 ? -1.0f : 1.0f;
    for (std::size_t c = 0; c < 4; ++c) ASSERT_NEAR(geometry.q[i + c], sign * end.q[i + c], 1e-6);
  }

  // Slip resistances: of the undeformed material, or what the path has made of them. examples/solver has 40.6 MPa in the mean at
  // 4 % of this run; Taylor's slip is an upper bound of the slip.
  const auto resistance = [&](const std::string& more) {
    const auto [failed, why] = run(folder, "convert " + quoted(kResult) + quoted(folder / "xi.vti") + "--damask --step 4 " + more);
    EXPECT_EQ(failed, 0) << why;
    return text_of(folder / "xi.yaml");
  };
  const std::string plain = resistance(""), hardened = resistance("--hardened");
  const double xi = read_phases(hardened, "xi.yaml").at("Cu").law->xi0.at(0);
  EXPECT_EQ(read_phases(plain, "xi.yaml").at("Cu").law->xi0.at(0), 1.6e6);
  EXPECT_GT(xi, 40.6e6);
  EXPECT_LT(xi, 1.2 * 40.6e6);
  // Nothing else has changed, and a comment says what was there.
  const auto without = [](std::string text) {
    while (text.starts_with("#")) text.erase(0, text.find('\n') + 1);
    const std::size_t at = text.find("xi_0_sl: [");
    return text.erase(at, text.find(']', at) - at);
  };
  EXPECT_EQ(without(plain), without(hardened));
  EXPECT_TRUE(contains(hardened.substr(0, hardened.find('\n')), "undeformed material's: 1600000")) << hardened.substr(0, 200);

  // The same prediction from that state handed over as a geometry.
  std::tie(status, errors) = run(folder, "convert " + quoted(kResult) + quoted(folder / "state.vti") + "--damask --step " + std::to_string(from));
  ASSERT_EQ(status, 0) << errors;
  std::tie(status, errors) = run(folder, "predict " + quoted(kModel) + quoted(folder / "state.vti") + "--device cpu --quiet -o " +
                                             quoted(folder / "again.h5"));
  ASSERT_EQ(status, 0) << errors;
  const auto again = open_archive(folder / "again.h5");
  const auto other = fields_of(*again, again->info().step_count());
  double largest = 0;
  for (std::size_t i = 0; i < end.q.size(); i += 4) {
    double dot = 0;
    for (std::size_t c = 0; c < 4; ++c) dot += double(end.q[i + c]) * other.q[i + c];
    largest = std::max(largest, 1 - std::abs(dot));
  }
  EXPECT_LT(largest, 1e-5);  // quaternions of either sign, rounded once more on the way
}

TEST(DamaskCoupling, RefusesAnIncrementThatIsNotThere) {
  const Folder folder;
  const auto [status, errors] = run(folder, "predict " + quoted(kModel) + quoted(kResult) + "--from-increment 1 --device cpu -o " +
                                                quoted(folder / "x.h5"));
  EXPECT_EQ(status, int(Errc::kArgument));
  EXPECT_TRUE(contains(errors, "holds no increment_1 (it has increment_0, ")) << errors;
  EXPECT_FALSE(std::filesystem::exists(folder / "x.h5"));
}

TEST(DamaskCoupling, OptionsOfStatesReachTheReaders) {
  const Folder folder;
  const auto [status, errors] = run(folder, "convert " + quoted(kFormats + "arrays.h5") + quoted(folder / "o.h5") +
                                                "--orientations run/bunge --as bunge --angles degrees --grains run/grain "
                                                "--phases run/phase --lattice cF --spacing 1e-6,2e-6,3e-6");
  ASSERT_EQ(status, 0) << errors;
  const auto state = read_state(folder / "o.h5");
  EXPECT_LT(farthest(state.q, oracle()["damask"]), 1e-6);
  EXPECT_NEAR(state.info.size[2], 6e-6, 1e-15);
  EXPECT_EQ(state.info.phases.at(1).point_group, "432");
  const auto [bad, text] = run(folder, "inspect " + quoted(kFormats + "evpfft.txt") + "--spacing 1e-6,x");
  EXPECT_EQ(bad, int(Errc::kArgument));
  EXPECT_TRUE(contains(text, "--spacing: '1e-6,x'")) << text;
}

}  // namespace
}  // namespace grainspin
