// Shared moments, regressions that share unknowns, and their moments, against the sums that define them.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "regression_cases.h"

namespace grainspin::interactions {
namespace {

using testing::Draw;

struct Table {
  std::int64_t T, M, N;
  std::vector<double> x, y, w;
};

Table random_table(std::int64_t T, std::int64_t M, std::int64_t N, std::uint64_t seed) {
  Draw draw{seed};
  Table t{T, M, N, {}, {}, {}};
  for (std::int64_t i = 0; i < T * M; ++i) t.x.push_back(draw.centred() + 0.2);
  for (std::int64_t i = 0; i < T * N; ++i) t.y.push_back(draw.centred());
  for (std::int64_t i = 0; i < T; ++i) t.w.push_back(i % 7 == 3 ? 0 : draw.uniform());
  return t;
}

void expect_near(const std::vector<double>& a, const std::vector<double>& b, double tolerance) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) ASSERT_NEAR(a[i], b[i], tolerance) << "entry " << i;
}

TEST(Moments, AreTheSumsOverRows) {
  for (const bool weighted : {false, true}) {
    const Table t = random_table(2500, 200, 3, 5);  // more than a block of rows and a tile of columns
    Moments m(t.M, t.N);
    m.add(1000, t.x.data(), t.y.data(), weighted ? t.w.data() : nullptr);
    m.add(1500, t.x.data() + 1000 * t.M, t.y.data() + 1000 * t.N, weighted ? t.w.data() + 1000 : nullptr);
    Moments d(t.M, t.N);
    for (std::int64_t r = 0; r < t.T; ++r) {
      const double w = weighted ? t.w[r] : 1;
      const double *x = &t.x[r * t.M], *y = &t.y[r * t.N];
      for (std::int64_t i = 0; i < t.M; ++i) {
        for (std::int64_t j = 0; j < t.M; ++j) d.gram[i * t.M + j] += w * x[i] * x[j];
        for (std::int64_t n = 0; n < t.N; ++n) d.xy[n * t.M + i] += w * x[i] * y[n];
        d.x_sum[i] += w * x[i];
      }
      for (std::int64_t n = 0; n < t.N; ++n) {
        d.yy[n] += w * y[n] * y[n];
        d.y_sum[n] += w * y[n];
      }
      d.weight += w;
      d.rows += w > 0;
    }
    const double rounding = 1e-11;  // 1e-16 of 2500 products, whose roots of weights are rounded too
    expect_near(m.gram, d.gram, rounding);
    expect_near(m.xy, d.xy, rounding);
    expect_near(m.yy, d.yy, rounding);
    expect_near(m.x_sum, d.x_sum, rounding);
    expect_near(m.y_sum, d.y_sum, rounding);
    EXPECT_NEAR(m.weight, d.weight, rounding);
    EXPECT_EQ(m.rows, d.rows);
    for (std::int64_t i = 0; i < t.M; ++i)
      for (std::int64_t j = 0; j < i; ++j) ASSERT_EQ(m.gram[i * t.M + j], m.gram[j * t.M + i]);
    Moments twice = m;
    twice += m;
    twice -= m;
    expect_near(twice.gram, m.gram, rounding);
    EXPECT_EQ(twice.rows, m.rows);
  }
}

TEST(Moments, AnyNumberOfThreadsGivesTheSameBits) {
  const Table t = random_table(3000, 450, 5, 6);
  Moments one(t.M, t.N), four(t.M, t.N), again(t.M, t.N);
  one.add(t.T, t.x.data(), t.y.data(), t.w.data(), 1);
  four.add(t.T, t.x.data(), t.y.data(), t.w.data(), 4);
  again.add(t.T, t.x.data(), t.y.data(), t.w.data(), 4);
  for (const Moments* m : {&four, &again}) {
    EXPECT_EQ(m->gram, one.gram);
    EXPECT_EQ(m->xy, one.xy);
    EXPECT_EQ(m->x_sum, one.x_sum);
  }
}

TEST(Moments, BadRowsAreNamed) {
  Table t = random_table(100, 4, 2, 7);
  Moments m(4, 2);
  const auto message = [&](auto spoil, auto mend) {
    spoil();
    std::string text;
    try {
      m.add(t.T, t.x.data(), t.y.data(), t.w.data());
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), Errc::kArgument);
      text = e.what();
    }
    mend();
    return text;
  };
  const double nan = std::numeric_limits<double>::quiet_NaN(), inf = std::numeric_limits<double>::infinity();
  EXPECT_NE(message([&] { t.x[4 * 17 + 2] = nan; }, [&] { t.x[4 * 17 + 2] = 0; }).find("row 17, column 2"), std::string::npos);
  EXPECT_NE(message([&] { t.y[2 * 9 + 1] = -inf; }, [&] { t.y[2 * 9 + 1] = 0; }).find("response of row 9, column 1"), std::string::npos);
  EXPECT_NE(message([&] { t.w[3] = -1; }, [&] { t.w[3] = 0; }).find("weight of row 3"), std::string::npos);
  EXPECT_EQ(m.rows, 0);
  EXPECT_EQ(m.weight, 0);
  EXPECT_THROW(m += Moments(3, 2), Error);
}

TEST(Moments, CentredOnesAreThoseOfCentredRows) {
  Table t = random_table(500, 6, 2, 8);
  Moments m(t.M, t.N), d(t.M, t.N);
  m.add(t.T, t.x.data(), t.y.data(), t.w.data());
  const Moments c = centred(m);
  for (std::int64_t r = 0; r < t.T; ++r) {
    for (int i = 0; i < 6; ++i) t.x[r * 6 + i] -= m.x_sum[i] / m.weight;
    for (int n = 0; n < 2; ++n) t.y[r * 2 + n] -= m.y_sum[n] / m.weight;
  }
  d.add(t.T, t.x.data(), t.y.data(), t.w.data());
  expect_near(c.gram, d.gram, 1e-12);
  expect_near(c.xy, d.xy, 1e-12);
  expect_near(c.yy, d.yy, 1e-12);
}

// Two layers, signs, an entry that is none, responses 0, 2 and 1, 3 of one unknown, response 4 of nothing.
Tied example() {
  Tied t{5, 3, 6, 2, {}, {}};
  t.of = {0, 1, 1, /**/ 2, 3, -1, /**/ 1, 0, 0, /**/ 3, 3, 2, /**/ -1, -1, -1,
          4, -1, -1, /**/ -1, 5, -1, /**/ -1, 4, -1, /**/ -1, -1, -1, /**/ -1, -1, -1};
  for (std::size_t i = 0; i < t.of.size(); ++i) t.sign.push_back(i % 4 == 1 ? -1 : 1);
  return t;
}

TEST(Blocks, AreResponsesThatShareUnknowns) {
  const std::vector<Block> b = blocks(example());
  ASSERT_EQ(b.size(), 2u);
  EXPECT_EQ(b[0].responses, (std::vector<int>{0, 2}));
  EXPECT_EQ(b[0].unknowns, (std::vector<int>{0, 1, 4}));
  EXPECT_EQ(b[1].responses, (std::vector<int>{1, 3}));
  EXPECT_EQ(b[1].unknowns, (std::vector<int>{2, 3, 5}));
  Tied wrong = example();
  wrong.of[4] = 6;
  EXPECT_THROW(blocks(wrong), Error);
  wrong = example();
  wrong.of.pop_back();
  EXPECT_THROW(blocks(wrong), Error);
}

TEST(Blocks, MomentsAreThoseOfTheRowsOfAllItsResponses) {
  const Tied tied = example();
  const Table t = random_table(300, 3, 5, 9);
  Moments m(3, 5);
  m.add(t.T, t.x.data(), t.y.data(), t.w.data());
  const std::vector<Block> bs = blocks(tied);
  const auto all = reduce({m, m}, tied, bs);
  for (std::size_t k = 0; k < bs.size(); ++k) {
    const Block& b = bs[k];
    testing::Rows rows{0, std::int64_t(b.unknowns.size()), {}, {}, {}};
    for (std::int64_t r = 0; r < t.T; ++r)
      for (const int i : b.responses) {
        for (const int u : b.unknowns) {
          double x = 0;
          for (int l = 0; l < 2; ++l)
            for (int f = 0; f < 3; ++f)
              if (tied.of[(l * 5 + i) * 3 + f] == u) x += tied.sign[(l * 5 + i) * 3 + f] * t.x[r * 3 + f];
          rows.x.push_back(x);
        }
        rows.y.push_back(t.y[r * 5 + i]);
        rows.w.push_back(t.w[r]);
        ++rows.count;
      }
    const BlockMoments want = testing::block_of(rows), got = reduce(m, tied, b);
    expect_near(got.gram, want.gram, 1e-12);
    expect_near(got.xy, want.xy, 1e-12);
    expect_near(got.x_sum, want.x_sum, 1e-12);
    EXPECT_NEAR(got.yy, want.yy, 1e-12);
    EXPECT_NEAR(got.y_sum, want.y_sum, 1e-12);
    EXPECT_NEAR(got.weight, want.weight, 1e-10);
    EXPECT_EQ(got.rows, want.rows);
    ASSERT_EQ(all[k].size(), 2u);
    EXPECT_EQ(all[k][1].gram, got.gram);
    const BlockMoments both = sum(all[k]);
    EXPECT_EQ(both.rows, 2 * got.rows);
    EXPECT_EQ(both.xy[0], 2 * got.xy[0]);
  }
}

TEST(Rank, CountsIndependentColumns) {
  const testing::Rows r = testing::random_rows(200, 12, 1, 3);
  EXPECT_EQ(effective_rank(testing::block_of(r)), 12);
  testing::Rows wide{200, 150, {}, r.y, {}};  // combinations of the twelve: more than a panel of columns
  Draw draw{5};
  std::vector<double> mix;
  for (int i = 0; i < 12 * 149; ++i) mix.push_back(draw.centred());
  for (int t = 0; t < 200; ++t) {
    for (int c = 0; c < 149; ++c) {
      double v = 0;
      for (int m = 0; m < 12; ++m) v += mix[c * 12 + m] * r.x[t * 12 + m];
      wide.x.push_back(v);
    }
    wide.x.push_back(0);
  }
  EXPECT_EQ(effective_rank(testing::block_of(wide)), 12);
  const testing::Rows many = testing::random_rows(400, 150, 1, 4);
  EXPECT_EQ(effective_rank(testing::block_of(many)), 150);
}

}  // namespace
}  // namespace grainspin::interactions
