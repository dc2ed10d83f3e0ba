// The parts of one judgement that stand by themselves.
#pragma once

#include <optional>
#include <vector>

#include "grainspin/evaluation.h"

namespace grainspin {

std::vector<LayerEvaluation> by_layer(const std::vector<std::int32_t>& layer, const std::vector<float>& error,
                                      const std::vector<float>& persistence, const std::vector<float>* taylor);

// KAM, GROD and GOS of the true and the predicted last step.
void evaluate_local(const RunFields& truth, const VoxelSymmetry& symmetry, const float* t, const float* p, int threads,
                    Evaluation& out);

// Fills StepEvaluation::stress of every step and Evaluation::stress.
void evaluate_stress(const RunFields& truth, const Prediction& prediction, const TaylorRun* taylor,
                     const std::vector<StressComponents>& training, Evaluation& out);

// Fills the free components of every step and Evaluation::free.
void evaluate_free(const RunFields& truth, const Prediction& prediction, const TaylorRun* taylor, Evaluation& out);

// Fills Evaluation::uncertainty; the prediction has increments, their variance and its calibration.
void evaluate_uncertainty(const RunFields& truth, const Prediction& prediction, const VoxelSymmetry& symmetry, int threads,
                          Evaluation& out);

// Fibres under tension; `taylor` [n,4] may be null.
void evaluate_fibres(const RunFields& truth, const PointGroup& group, const float* predicted, const float* taylor,
                     Evaluation& out);

// Runs the model again: crystal symmetry, equivariance, half steps.
void run_checks(const RunFields& truth, const Surrogate& surrogate, const VoxelSymmetry& symmetry, const float* predicted,
                const EvaluationOptions& options, Evaluation& out);

}  // namespace grainspin
