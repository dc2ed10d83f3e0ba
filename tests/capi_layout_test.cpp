// Layouts, types, representations and directions of arrays at the C interface. Expected places are the index formulas of
// grainspin.h; expected rotations are composed here from their definitions (Bunge 1982; Rodrigues' formula).
#include "capi_run.h"

#include <array>
#include <cmath>
#include <functional>
#include <numbers>

#include "local_oracle.h"

namespace grainspin {
namespace {

using namespace testing;
using Matrix = std::array<double, 9>;

constexpr int X = 4, Y = 3, Z = 2, N = X * Y * Z;

Matrix product(const Matrix& a, const Matrix& b) {
  Matrix c{};
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 3; ++j)
      for (int k = 0; k < 3; ++k) c[std::size_t(3 * i + j)] += a[std::size_t(3 * i + k)] * b[std::size_t(3 * k + j)];
  return c;
}
Matrix transposed(const Matrix& a) { return {a[0], a[3], a[6], a[1], a[4], a[7], a[2], a[5], a[8]}; }
Matrix about_z(double t) { return {std::cos(t), -std::sin(t), 0, std::sin(t), std::cos(t), 0, 0, 0, 1}; }
Matrix about_x(double t) { return {1, 0, 0, 0, std::cos(t), -std::sin(t), 0, std::sin(t), std::cos(t)}; }
// I + sin K + (1 - cos) K^2
Matrix about(const double* n, double t) {
  const Matrix K{0, -n[2], n[1], n[2], 0, -n[0], -n[1], n[0], 0}, KK = product(K, K);
  Matrix R{1, 0, 0, 0, 1, 0, 0, 0, 1};
  for (std::size_t i = 0; i < 9; ++i) R[i] += std::sin(t) * K[i] + (1 - std::cos(t)) * KK[i];
  return R;
}

// The rotation, crystal to sample, that numbers of a representation stand for.
Matrix rotation(int representation, const double* v) {
  constexpr double kDegree = std::numbers::pi / 180;
  switch (representation) {
    case GRAINSPIN_QUATERNION_WXYZ:
    case GRAINSPIN_QUATERNION_XYZW: {
      const double w = representation == GRAINSPIN_QUATERNION_WXYZ ? v[0] : v[3];
      const double* const u = representation == GRAINSPIN_QUATERNION_WXYZ ? v + 1 : v;
      const double s = std::sqrt(u[0] * u[0] + u[1] * u[1] + u[2] * u[2]);
      const double n[3] = {u[0] / s, u[1] / s, u[2] / s};
      return about(n, 2 * std::atan2(s, w));
    }
    case GRAINSPIN_BUNGE_RADIANS: return product(product(about_z(v[0]), about_x(v[1])), about_z(v[2]));
    case GRAINSPIN_BUNGE_DEGREES:
      return product(product(about_z(v[0] * kDegree), about_x(v[1] * kDegree)), about_z(v[2] * kDegree));
    case GRAINSPIN_RODRIGUES: {
      const double s = std::sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
      const double n[3] = {v[0] / s, v[1] / s, v[2] / s};
      return about(n, 2 * std::atan(s));
    }
    case GRAINSPIN_AXIS_ANGLE: return about(v, v[3]);
    default: return {v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7], v[8]};
  }
}

double apart(const Matrix& a, const Matrix& b) {
  double most = 0;
  for (std::size_t i = 0; i < 9; ++i) most = std::fmax(most, std::fabs(a[i] - b[i]));
  return most;
}

class Layout : public ::testing::Test {
 protected:
  void SetUp() override {
    model = load(kNonlocal, 1);
    q = random_orientations(N, 3);
    state = create(model, options_of(X, Y, Z), q);
  }
  ModelHandle model;
  StateHandle state;
  std::vector<float> q;
};

TEST_F(Layout, PlacesAreThoseOfTheFormula) {
  struct Case {
    const char* what;
    int layout;
    std::array<std::int64_t, 4> stride;
    std::int64_t count;
    std::function<std::int64_t(int, int, int, int)> at;
  };
  const Case cases[] = {
      {"C [z][y][x][c]", GRAINSPIN_LAYOUT_VOXEL, {}, N * 4,
       [](int x, int y, int z, int c) { return ((z * Y + y) * X + x) * 4 + c; }},
      {"Fortran (x,y,z,c)", GRAINSPIN_LAYOUT_COMPONENT, {}, N * 4,
       [](int x, int y, int z, int c) { return ((c * Z + z) * Y + y) * X + x; }},
      {"C [x][y][z][c]", GRAINSPIN_LAYOUT_STRIDES, {Y * Z * 4, Z * 4, 4, 1}, N * 4,
       [](int x, int y, int z, int c) { return ((x * Y + y) * Z + z) * 4 + c; }},
      {"padded rows", GRAINSPIN_LAYOUT_STRIDES, {5, 40, 200, 1}, 400,
       [](int x, int y, int z, int c) { return x * 5 + y * 40 + z * 200 + c; }},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    std::vector<float> floats(std::size_t(c.count), 7.0f);
    std::vector<double> doubles(std::size_t(c.count), 7.0);
    grainspin_array f = array_of(floats), d = array_of(doubles);
    f.layout = d.layout = c.layout;
    for (std::size_t i = 0; i < 4; ++i) f.stride[i] = d.stride[i] = c.stride[i];
    ASSERT_OK(grainspin_get_orientations(state.get(), &f, nullptr));
    ASSERT_OK(grainspin_get_orientations(state.get(), &d, nullptr));
    std::int64_t untouched = c.count;
    for (int z = 0; z < Z; ++z)
      for (int y = 0; y < Y; ++y)
        for (int x = 0; x < X; ++x)
          for (int k = 0; k < 4; ++k, --untouched) {
            const auto at = std::size_t(c.at(x, y, z, k));
            const float want = q[std::size_t(((z * Y + y) * X + x) * 4 + k)];
            ASSERT_EQ(floats[at], want);
            ASSERT_EQ(doubles[at], double(want));
            floats[at] = 7;
          }
    EXPECT_EQ(std::int64_t(std::count(floats.begin(), floats.end(), 7.0f)), c.count);  // nothing else was written
    // And in again, from double precision: the same bits.
    const grainspin_array back = d;
    grainspin_state_options o = options_of(X, Y, Z);
    o.orientation = &back;
    grainspin_state* raw = nullptr;
    ASSERT_OK(grainspin_state_create(model.get(), &o, &raw));
    EXPECT_TRUE(orientations(StateHandle(raw), N) == q);
  }
}

TEST_F(Layout, RepresentationsAreTheirDefinitions) {
  for (int representation = 0; representation < 7; ++representation)
    for (int direction : {GRAINSPIN_CRYSTAL_TO_SAMPLE, GRAINSPIN_SAMPLE_TO_CRYSTAL}) {
      SCOPED_TRACE(std::to_string(representation) + " " + std::to_string(direction));
      const int components = grainspin_components(representation);
      std::vector<double> out(std::size_t(N * components));
      const grainspin_array a = array_of(out);
      const grainspin_convention c{representation, direction};
      ASSERT_OK(grainspin_get_orientations(state.get(), &a, &c));
      const bool bunge = representation == GRAINSPIN_BUNGE_RADIANS || representation == GRAINSPIN_BUNGE_DEGREES;
      for (int i = 0; i < N; ++i) {
        const double four[4] = {q[std::size_t(4 * i)], q[std::size_t(4 * i + 1)], q[std::size_t(4 * i + 2)],
                                q[std::size_t(4 * i + 3)]};
        const Matrix R = rotation(GRAINSPIN_QUATERNION_WXYZ, four), got = rotation(representation, &out[std::size_t(i * components)]);
        ASSERT_LT(apart(got, direction == GRAINSPIN_CRYSTAL_TO_SAMPLE || bunge ? R : transposed(R)), 1e-6) << i;
      }
      // In again: the same rotations, quaternions the same bits.
      grainspin_state_options o = options_of(X, Y, Z);
      o.orientation = &a;
      o.convention = c;
      grainspin_state* raw = nullptr;
      ASSERT_OK(grainspin_state_create(model.get(), &o, &raw));
      const StateHandle again(raw);
      const std::vector<float> back = orientations(again, N);
      if (representation <= GRAINSPIN_QUATERNION_XYZW) {
        EXPECT_TRUE(back == q);
      }
      for (int i = 0; i < N; ++i) {
        double dot = 0;
        for (int k = 0; k < 4; ++k) dot += double(back[std::size_t(4 * i + k)]) * q[std::size_t(4 * i + k)];
        ASSERT_NEAR(std::fabs(dot), 1, 1e-6);
      }
      ASSERT_OK(grainspin_set_orientations(state.get(), &a, &c));
      EXPECT_TRUE(orientations(state, N) == back);
      state = create(model, options_of(X, Y, Z), q);
    }
  EXPECT_EQ(grainspin_components(-1), 0);
  EXPECT_EQ(grainspin_components(7), 0);
}

// DREAM.3D's quaternions: (x,y,z,w) of the sample-to-crystal rotation. phi1 = 90 degrees turns the crystal's x to the
// sample's y (Bunge), so R = Rz(90), and the passive quaternion is that of -90 degrees about z.
TEST_F(Layout, Dream3dQuaternionsAreConjugated) {
  const float h = std::sqrt(0.5f);
  std::vector<float> dream(N * 4), euler(N * 3);
  for (int i = 0; i < N; ++i) dream[std::size_t(4 * i + 2)] = -h, dream[std::size_t(4 * i + 3)] = h, euler[std::size_t(3 * i)] = 90;
  const grainspin_array d = array_of(dream), e = array_of(euler);
  const grainspin_convention passive{GRAINSPIN_QUATERNION_XYZW, GRAINSPIN_SAMPLE_TO_CRYSTAL},
      degrees{GRAINSPIN_BUNGE_DEGREES, GRAINSPIN_SAMPLE_TO_CRYSTAL};
  ASSERT_OK(grainspin_set_orientations(state.get(), &d, &passive));
  const auto one = orientations(state, N);
  EXPECT_FLOAT_EQ(one[0], h);
  EXPECT_FLOAT_EQ(one[3], h);
  ASSERT_OK(grainspin_set_orientations(state.get(), &e, &degrees));
  const auto two = orientations(state, N);
  for (std::size_t i = 0; i < one.size(); ++i) ASSERT_NEAR(one[i], two[i], 1e-7);
}

TEST_F(Layout, NearlyUnitQuaternionsAreMadeUnit) {
  std::vector<float> near = q;
  for (float& v : near) v *= 1.0005f;
  const grainspin_array a = array_of(near);
  ASSERT_OK(grainspin_set_orientations(state.get(), &a, nullptr));
  const auto got = orientations(state, N);
  for (std::size_t i = 0; i < got.size(); ++i) ASSERT_NEAR(got[i], q[i], 2e-7);
}

// Masked voxels: whatever they hold is kept, and set does not read them.
TEST_F(Layout, MaskedVoxelsAreLeftAlone) {
  std::vector<std::uint8_t> mask(N, 255), verdicts(N, 9);
  mask[5] = 0;
  std::vector<float> with = q;
  with[20] = 3;
  grainspin_state_options o = options_of(X, Y, Z);
  const grainspin_array m = array_of(mask), v = array_of(verdicts);
  o.mask = &m;
  const StateHandle s = create(model, o, with);
  EXPECT_TRUE(orientations(s, N) == with);
  std::vector<float> other = random_orientations(N, 4);
  other[21] = std::nanf("");
  const grainspin_array a = array_of(other);
  ASSERT_OK(grainspin_set_orientations(s.get(), &a, nullptr));
  ASSERT_OK(grainspin_advance(s.get(), 1, nullptr, nullptr, nullptr));
  const auto after = orientations(s, N), turned = increments(s, N);
  for (std::size_t k = 0; k < 4; ++k) EXPECT_EQ(after[20 + k], with[20 + k]);
  for (std::size_t k = 0; k < 3; ++k) EXPECT_EQ(turned[15 + k], 0);
  EXPECT_NE(turned[0], 0);
  ASSERT_OK(grainspin_get_verdicts(s.get(), &v));
  for (const std::uint8_t one : verdicts) EXPECT_LE(one, 2);
  EXPECT_EQ(verdicts[5], GRAINSPIN_FINE);
}

}  // namespace
}  // namespace grainspin
