#include "grainspin/orientation.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "draw.h"

namespace grainspin {
namespace {

using namespace testing;

constexpr double kPi = 3.14159265358979323846, kDegree = kPi / 180;

double distance(const Quatd& a, const Quatd& b) {  // up to the sign
  const double s = a.w * b.w + a.x * b.x + a.y * b.y + a.z * b.z < 0 ? -1 : 1;
  return std::sqrt(std::pow(a.w - s * b.w, 2) + std::pow(a.x - s * b.x, 2) + std::pow(a.y - s * b.y, 2) +
                   std::pow(a.z - s * b.z, 2));
}

double largest_difference(const Mat3<double>& a, const Mat3<double>& b) {
  double d = 0;
  for (int k = 0; k < 9; ++k) d = std::max(d, std::abs(a.m[k] - b.m[k]));
  return d;
}

// SciPy 1.17.1, Rotation.from_euler('ZXZ', angles): Euler angles, quaternion (w,x,y,z; w >= 0), matrix,
// rotation vector, tan(angle/2) axis.
struct Reference {
  Vec3<double> angles;
  Quatd q;
  Mat3<double> R;
  Vec3<double> vector, rodrigues;
};
const Reference kScipy[] = {
    {{5.467937011969567, 0.9010628369925916, 3.7896915944565217},
     {0.07514769472618371, -0.2909270241300358, -0.32399526597111, 0.897073775247327},
     {{-0.8194285812163639, 0.05369190470408644, -0.5706610023954543, 0.32334400954069153,
       -0.7787597832113001, -0.537570322420089, -0.47327101303575153, -0.625020303207773,
       0.6207770685183027}},
     {-0.8726755173774636, -0.9718682449823215, 2.690895846752974},
     {-3.8714031773042286, -4.311446507463128, 11.937475640683356}},
    {{4.885390725635421, 2.2496147957845927, 5.751502923550237},
     {0.24571085660137323, 0.8189016299158928, -0.37859879826280723, -0.35452679083994715},
     {{0.4619474090613729, -0.4458481830323836, -0.7666968037941768, -0.7942925088940608, -0.592578249804355,
       -0.13397920798984225, -0.39459346367655734, 0.6708728758457367, -0.6278738590498953}},
     {2.2345706937932293, -1.033098174917902, -0.9674118942184473},
     {3.332785702849223, -1.5408305660544066, -1.4428617267616721}},
    {{5.406012734936528, 2.8847285896693013, 0.16705566255799906},
     {0.12009045324946004, 0.8596280323123024, -0.49460626023907045, -0.04452613202984876},
     {{0.506764141797563, -0.8396604857634978, -0.19534680247085406, -0.8610491392711371,
       -0.48188586074132056, -0.1624204327602626, 0.04224315741766736, 0.25051204734504096,
       -0.9671914132095998}},
     {2.5118134655595217, -1.4452281893096595, -0.13010434024704226},
     {7.158171270505794, -4.118614318255938, -0.37077162109927375}},
    {{2.7473102100073867, 1.5234975350318947, 0.40937589561693843},
     {0.005460986564154696, -0.26993421389865324, -0.6352125166231688, -0.7236095331861812},
     {{-0.8542113955853248, 0.35083442654336855, 0.38371616698304245, 0.3350279387896726,
       -0.19295047270201346, 0.9222398794860335, 0.39759171505769053, 0.9163434510248086,
       0.0472811577843535}},
     {-0.8450877158069648, -1.9886708208341932, -2.2654168906726535},
     {-49.42956931454366, -116.31827127953154, -132.50527623267462}},
    {{0.03534951896620935, 2.6094742043030985, 6.17827021381561},
     {0.26277233408279976, 0.9624427715329027, 0.06760921369894266, -0.009143641930489273},
     {{0.9906907760705153, 0.13494539029132538, 0.017931197615378806, 0.12533460576295727,
       -0.8527593893273764, -0.5070430558761694, -0.053132125941317034, 0.5045702781111092,
       -0.8617341885058489}},
     {2.6032713831453784, 0.18287334734624364, -0.02473225637869226},
     {3.6626487902247593, 0.2572919783771413, -0.03479682121942147}},
};

void expect_near(const Vec3<double>& a, const Vec3<double>& b, double tolerance) {
  EXPECT_NEAR(a.x, b.x, tolerance);
  EXPECT_NEAR(a.y, b.y, tolerance);
  EXPECT_NEAR(a.z, b.z, tolerance);
}

TEST(Orientation, AgreesWithScipy) {
  for (const Reference& r : kScipy) {
    EXPECT_LT(distance(from_bunge(r.angles), r.q), 1e-15);
    expect_near(bunge(r.q), r.angles, 4e-15);
    EXPECT_LT(largest_difference(matrix(r.q), r.R), 1e-15);
    EXPECT_LT(distance(from_matrix(r.R), r.q), 1e-15);
    expect_near(log(r.q), r.vector, 2e-15);
    EXPECT_LT(distance(exp(r.vector), r.q), 1e-15);
    const double size = std::sqrt(r.rodrigues.x * r.rodrigues.x + r.rodrigues.y * r.rodrigues.y +
                                  r.rodrigues.z * r.rodrigues.z);
    expect_near(rodrigues(r.q), r.rodrigues, 1e-15 * size * (1 + size));
    EXPECT_LT(distance(from_rodrigues(r.rodrigues), r.q), 1e-15);
  }
}

// Bunge 1982, eq. 2.50: the matrix g that takes sample to crystal coordinates; R(q) is its transpose.
TEST(Orientation, BungeMatrix) {
  Draw draw(3);
  for (int trial = 0; trial < 100; ++trial) {
    const double p1 = draw.normal(draw.engine) * 3, P = draw.normal(draw.engine),
                 p2 = draw.normal(draw.engine) * 3;
    const double c1 = std::cos(p1), s1 = std::sin(p1), c = std::cos(P), s = std::sin(P), c2 = std::cos(p2),
                 s2 = std::sin(p2);
    const Mat3<double> g{{c1 * c2 - s1 * s2 * c, s1 * c2 + c1 * s2 * c, s2 * s,    //
                          -c1 * s2 - s1 * c2 * c, -s1 * s2 + c1 * c2 * c, c2 * s,  //
                          s1 * s, -c1 * s, c}};
    const Quatd q = from_bunge(Vec3<double>{p1, P, p2});
    EXPECT_LT(largest_difference(matrix(conjugate(q)), g), 2e-15);
    const Vec3<double> back = bunge(q);
    EXPECT_LT(distance(from_bunge(back), q), 2e-15);
    EXPECT_GE(back.x, 0);
    EXPECT_LT(back.x, 2 * kPi);
    EXPECT_GE(back.y, 0);
    EXPECT_LE(back.y, kPi);
    EXPECT_GE(back.z, 0);
    EXPECT_LT(back.z, 2 * kPi);
  }
}

// Rolling components by name: the crystal directions along the normal (z) and rolling (x) directions.
TEST(Orientation, TextureComponents) {
  const auto crystal = [](const Vec3<double>& degrees, const Vec3<double>& sample) {
    const Quatd q = from_bunge(Vec3<double>{degrees.x * kDegree, degrees.y * kDegree, degrees.z * kDegree});
    return matrix(conjugate(q)) * sample;
  };
  const Vec3<double> normal{0, 0, 1}, rolling{1, 0, 0};
  const double r2 = std::sqrt(0.5), r3 = std::sqrt(1.0 / 3), r6 = std::sqrt(1.0 / 6);
  expect_near(crystal({0, 45, 0}, normal), {0, r2, r2}, 1e-15);  // Goss (011)[100]
  expect_near(crystal({0, 45, 0}, rolling), {1, 0, 0}, 1e-15);
  const double Phi = std::acos(2 * r6) / kDegree;  // 35.26: Copper (112)[-1-11]
  expect_near(crystal({90, Phi, 45}, normal), {r6, r6, 2 * r6}, 1e-15);
  expect_near(crystal({90, Phi, 45}, rolling), {-r3, -r3, r3}, 1e-15);
}

TEST(Orientation, BungeAtThePoles) {
  for (const double angle : {0.0, 0.3, 2.0, 4.0, 6.28}) {
    const Vec3<double> none = bunge(from_bunge(Vec3<double>{angle, 0, 0})),
                       half = bunge(Quatd{0, std::cos(angle / 2), std::sin(angle / 2), 0});
    EXPECT_NEAR(none.x, angle, 1e-14);
    EXPECT_EQ(none.y, 0);
    EXPECT_EQ(none.z, 0);
    EXPECT_NEAR(half.x, angle, 1e-14);
    EXPECT_NEAR(half.y, kPi, 1e-15);
    EXPECT_EQ(half.z, 0);
  }
  const Vec3<double> tiny = bunge(Quatd{1, 0, 0, -1e-18});  // -2e-18 is 2 pi in double: told as 0
  EXPECT_GE(tiny.x, 0);
  EXPECT_LT(tiny.x, 2 * kPi);
}

TEST(Orientation, ProductIsTheMatrixProduct) {
  Draw draw(3);
  for (int trial = 0; trial < 50; ++trial) {
    const Quatd a = draw.orientation(), b = draw.orientation();
    const Mat3<double> A = matrix(a), B = matrix(b), AB = matrix(a * b);
    for (int i = 0; i < 3; ++i) {
      for (int j = 0; j < 3; ++j) {
        EXPECT_NEAR(AB(i, j), A(i, 0) * B(0, j) + A(i, 1) * B(1, j) + A(i, 2) * B(2, j), 2e-15);
        EXPECT_EQ(matrix(conjugate(a))(i, j), A(j, i));
      }
    }
  }
}

TEST(Orientation, MatrixRoundTripThroughEveryBranch) {
  Draw draw(3);
  for (int trial = 0; trial < 400; ++trial) {
    Quatd q = draw.orientation();
    const double small = 1e-9;  // one component small or all but one
    if (trial % 5 == 1) q = normalised(Quatd{small * q.w, q.x, small * q.y, small * q.z});
    if (trial % 5 == 2) q = normalised(Quatd{small * q.w, small * q.x, q.y, small * q.z});
    if (trial % 5 == 3) q = normalised(Quatd{small * q.w, small * q.x, small * q.y, q.z});
    if (trial % 5 == 4) q = normalised(Quatd{small * q.w, q.x, q.y, q.z});
    EXPECT_LT(distance(from_matrix(matrix(q)), q), 1e-15);
    EXPECT_GE(from_matrix(matrix(q)).w, 0);
  }
}

// exp and log against the definition in long double, for angles from 1e-300 to pi; both relative.
TEST(Orientation, ExpAndLogAreExactAtEveryAngle) {
  Draw draw(3);
  for (int trial = 0; trial < 2000; ++trial) {
    const double angle = trial < 1500 ? std::pow(10.0, -300 + 0.2 * trial) : kPi * (trial - 1499) / 501;
    const Vec3<double> n = draw.direction();
    const Vec3<double> v{n.x * angle, n.y * angle, n.z * angle};
    const long double x = v.x, y = v.y, z = v.z, t = std::sqrt(x * x + y * y + z * z);
    const long double f = std::sin(t / 2) / t;
    const Quatd q = exp(v);
    EXPECT_NEAR(q.w, double(std::cos(t / 2)), 3e-16);
    EXPECT_NEAR(double(q.x / (f * x)), 1, 1e-15) << angle;
    EXPECT_NEAR(double(q.y / (f * y)), 1, 1e-15) << angle;
    EXPECT_NEAR(double(q.z / (f * z)), 1, 1e-15) << angle;
    const Vec3<double> back = log(q), same = log(Quatd{-q.w, -q.x, -q.y, -q.z});
    EXPECT_NEAR(back.x / v.x, 1, 2e-15) << angle;
    EXPECT_NEAR(back.y / v.y, 1, 2e-15) << angle;
    EXPECT_NEAR(back.z / v.z, 1, 2e-15) << angle;
    EXPECT_EQ(same.x, back.x);
  }
  expect_near(log(Quatd{}), {0, 0, 0}, 0);
  EXPECT_EQ(exp(Vec3<double>{}).w, 1);
  expect_near(log(Quatd{0, 0, 1, 0}), {0, kPi, 0}, 0);
}

TEST(Orientation, ExpAndLogInSinglePrecision) {
  Draw draw(3);
  for (int trial = 0; trial < 500; ++trial) {
    const double angle = trial < 400 ? std::pow(10.0, -38 + 0.09 * trial) : 3.1 * (trial - 399) / 101;
    const Vec3<double> n = draw.direction();
    const Vec3<float> v{float(n.x * angle), float(n.y * angle), float(n.z * angle)};
    const Quatd reference = exp(Vec3<double>{v.x, v.y, v.z});
    const Quat q = exp(v);
    EXPECT_NEAR(q.w, reference.w, 2.4e-7);  // an ulp of the angle
    EXPECT_NEAR(q.x, reference.x, 3e-7 * std::abs(reference.x) + 1e-44) << angle;
    EXPECT_NEAR(q.y, reference.y, 3e-7 * std::abs(reference.y) + 1e-44) << angle;
    const Vec3<float> back = log(q);
    EXPECT_NEAR(back.x, v.x, 5e-7 * std::abs(v.x) + 1e-44) << angle;
    EXPECT_NEAR(back.z, v.z, 5e-7 * std::abs(v.z) + 1e-44) << angle;
  }
}

TEST(Orientation, AxisAngle) {
  Draw draw(3);
  for (const double angle : {1e-200, 1e-9, 0.1, 1.0, 3.0, kPi}) {
    const Vec3<double> n = draw.direction();
    const AxisAngle<double> a = axis_angle(from_axis_angle(AxisAngle<double>{n, angle}));
    EXPECT_NEAR(a.angle / angle, 1, 1e-15);
    expect_near(a.axis, n, 1e-15);
  }
  const AxisAngle<double> none = axis_angle(Quatd{});
  EXPECT_EQ(none.angle, 0);
  EXPECT_EQ(none.axis.z, 1);
  // more than half a turn comes back the other way round
  const AxisAngle<double> a = axis_angle(from_axis_angle(AxisAngle<double>{{0, 0, 1}, 4.0}));
  EXPECT_NEAR(a.angle, 2 * kPi - 4, 1e-15);
  EXPECT_EQ(a.axis.z, -1);
}

// Rowenhorst et al. 2015 (the conventions of DREAM.3D, P = +1): Euler angles to quaternion is
// (c cos sigma, -s cos delta, -s sin delta, -c sin sigma), stored vector first.
TEST(Orientation, Dream3d) {
  Draw draw(3);
  for (int trial = 0; trial < 20; ++trial) {
    const Vec3<double> e{3 + draw.normal(draw.engine), 1.5 + 0.3 * draw.normal(draw.engine),
                         3 + draw.normal(draw.engine)};
    const double c = std::cos(e.y / 2), s = std::sin(e.y / 2), sigma = (e.x + e.z) / 2,
                 delta = (e.x - e.z) / 2;
    const double stored[4] = {-s * std::cos(delta), -s * std::sin(delta), -c * std::sin(sigma),
                              c * std::cos(sigma)};
    EXPECT_LT(distance(from_dream3d(stored), from_bunge(e)), 1e-15);
    double back[4];
    to_dream3d(from_dream3d(stored), back);
    for (int k = 0; k < 4; ++k) EXPECT_EQ(back[k], stored[k]);
  }
}

template <class T>
void arrays_round_trip(double tolerance) {
  Draw draw(3);
  const int n = 53;
  std::vector<T> q(4 * n);
  for (int i = 0; i < n; ++i) {
    const Quatd p = positive(draw.orientation());
    // twice too long: normalised on the way in
    q[4 * i] = T(2 * p.w), q[4 * i + 1] = T(2 * p.x), q[4 * i + 2] = T(2 * p.y), q[4 * i + 3] = T(2 * p.z);
  }
  std::vector<T> other(9 * n), back(4 * n);
  const auto check = [&](const char* what) {
    for (int k = 0; k < 4 * n; ++k) EXPECT_NEAR(back[k], q[k] / 2, tolerance) << what;
  };
  bunge_from_quaternions(n, q.data(), other.data());
  quaternions_from_bunge(n, other.data(), back.data());
  check("Bunge");
  axis_angles_from_quaternions(n, q.data(), other.data());
  quaternions_from_axis_angles(n, other.data(), back.data());
  check("axis and angle");
  matrices_from_quaternions(n, q.data(), other.data());
  for (int i = 0; i < n; ++i)
    EXPECT_NEAR(other[9 * i + 5], (q[4 * i + 2] * q[4 * i + 3] - q[4 * i] * q[4 * i + 1]) / 2, tolerance);
  quaternions_from_matrices(n, other.data(), back.data());
  check("matrix");
  rodrigues_from_quaternions(n, q.data(), other.data());
  quaternions_from_rodrigues(n, other.data(), back.data());
  check("Rodrigues");
  dream3d_from_quaternions(n, q.data(), other.data());
  EXPECT_NEAR(other[3], q[0] / 2, tolerance);
  EXPECT_NEAR(other[0], -q[1] / 2, tolerance);
  quaternions_from_dream3d(n, other.data(), back.data());
  check("DREAM.3D");
}

TEST(Orientation, Arrays) {
  arrays_round_trip<float>(1e-6);
  arrays_round_trip<double>(1e-15);
}

}  // namespace
}  // namespace grainspin
