// What the GPU's part of the sparse regression must give, for regression_cuda_test.cpp (launchers on the host) and
// gpu_interactions_test.cpp (a GPU). Included after the fixture class CudaRegression.
#pragma once

#include <cmath>
#include <limits>
#include <vector>

#include "grainspin/interactions/on_gpu.h"
#include "grainspin/interactions/selection.h"
#include "regression_cases.h"

namespace grainspin::interactions {

using testing::block_of;
using testing::random_rows;
using testing::Rows;

TEST_F(CudaRegression, MomentsAreThoseOfTheCpu) {
  const std::int64_t T = 300, M = 70, N = 3;
  const Rows r = random_rows(T, M, 1, 5, true);
  std::vector<double> y;
  for (std::int64_t t = 0; t < T; ++t)
    for (int i = 0; i < N; ++i) y.push_back(r.y[t] * (i + 1) + r.x[t * M + i]);
  for (const double* w : {static_cast<const double*>(nullptr), r.w.data()}) {
    Moments cpu(M, N), gpu(M, N);
    for (const std::int64_t begin : {std::int64_t(0), std::int64_t(100)}) {  // added to what is there
      const std::int64_t count = begin ? T - 100 : 100;
      const double* const weight = w ? w + begin : nullptr;
      cpu.add(count, &r.x[begin * M], &y[begin * N], weight);
      add_on_gpu(gpu, count, &r.x[begin * M], &y[begin * N], weight);
    }
    const auto same = [](const std::vector<double>& a, const std::vector<double>& b) {
      ASSERT_EQ(a.size(), b.size());
      for (std::size_t i = 0; i < a.size(); ++i) ASSERT_NEAR(a[i], b[i], 1e-9) << i;  // of sums up to 1e4
    };
    same(gpu.gram, cpu.gram);
    same(gpu.xy, cpu.xy);
    same(gpu.yy, cpu.yy);
    same(gpu.x_sum, cpu.x_sum);
    same(gpu.y_sum, cpu.y_sum);
    EXPECT_NEAR(gpu.weight, cpu.weight, 1e-10);
    EXPECT_EQ(gpu.rows, cpu.rows);
  }
}

// Acceptance: CPU and GPU within 1e-10.
TEST_F(CudaRegression, PathsAreThoseOfTheCpu) {
  std::vector<BlockMoments> blocks;
  for (const int columns : {12, 40, 25}) blocks.push_back(block_of(random_rows(150, columns, 0.5, std::uint64_t(columns))));
  for (int bits = 0; bits < 8; ++bits) {
    SCOPED_TRACE(bits);
    PathOptions o;
    o.lambdas = 30;
    o.nonnegative = bits & 1;
    o.intercept = bits & 2;
    o.l1_ratio = bits & 4 ? 0.6 : 1;
    std::vector<std::vector<double>> penalty;
    for (const BlockMoments& b : blocks) {
      penalty.emplace_back(std::size_t(b.columns), 1);
      penalty.back()[1] = 0;
      penalty.back()[2] = std::numeric_limits<double>::infinity();
      penalty.back()[3] = 2;
    }
    const std::vector<Path> gpu = lasso_paths_on_gpu(blocks, o, penalty);
    for (std::size_t b = 0; b < blocks.size(); ++b) {
      o.penalty = penalty[b];
      const Path cpu = lasso_path(blocks[b], o);
      ASSERT_EQ(gpu[b].points.size(), cpu.points.size());
      for (std::size_t i = 0; i < cpu.points.size(); ++i) {
        EXPECT_EQ(gpu[b].points[i].lambda, cpu.points[i].lambda);
        const std::vector<double> x = dense(gpu[b].points[i], blocks[b].columns), y = dense(cpu.points[i], blocks[b].columns);
        for (std::size_t c = 0; c < x.size(); ++c) EXPECT_NEAR(x[c], y[c], 1e-10) << "block " << b << " lambda " << i << " column " << c;
        EXPECT_NEAR(gpu[b].points[i].intercept, cpu.points[i].intercept, 1e-10);
        EXPECT_LE(gpu[b].points[i].gap, 1e-10);
      }
    }
    o.penalty.clear();
  }
}

// The descent itself comes close before the CPU ends it: hardly any step is left.
TEST_F(CudaRegression, TheCpuHasLittleLeftToDo) {
  const std::vector<BlockMoments> block = {block_of(random_rows(200, 60, 0.5, 8))};
  PathOptions o;
  o.lambdas = 40;
  const Path gpu = lasso_paths_on_gpu(block, o)[0], cpu = lasso_path(block[0], o);
  EXPECT_GT(cpu.updates, 20);
  EXPECT_LE(gpu.updates, cpu.updates / 10);
}

TEST_F(CudaRegression, CrossValidationIsThatOfTheCpu) {
  std::vector<std::vector<BlockMoments>> folds;
  for (const int columns : {10, 30}) {
    const Rows r = random_rows(100, columns, 1, std::uint64_t(columns));
    folds.emplace_back();
    for (int f = 0; f < 4; ++f) folds.back().push_back(block_of(r, 25 * f, 25 * (f + 1)));
  }
  for (const bool joint : {false, true}) {
    CvOptions o;
    o.path.lambdas = 25;
    o.joint = joint;
    const CrossValidations cpu = cross_validate(folds, o);
    o.gpu = 0;
    const CrossValidations gpu = cross_validate(folds, o);
    for (std::size_t b = 0; b < folds.size(); ++b) {
      EXPECT_EQ(gpu.blocks[b].lambda, cpu.blocks[b].lambda);
      EXPECT_EQ(gpu.blocks[b].best, cpu.blocks[b].best);
      EXPECT_EQ(gpu.blocks[b].one_se, cpu.blocks[b].one_se);
      for (std::size_t i = 0; i < cpu.blocks[b].error.size(); ++i) EXPECT_NEAR(gpu.blocks[b].error[i], cpu.blocks[b].error[i], 1e-10 * cpu.blocks[b].error[0]);
    }
    EXPECT_EQ(gpu.joint.one_se, cpu.joint.one_se);
  }
}

}  // namespace grainspin::interactions
