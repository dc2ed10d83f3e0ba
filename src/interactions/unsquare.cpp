// H is fitted to squares z = ((g - tau0)/(mu b))^2, and the square of a noisy number is too large in the mean: by 1 + s^2 where
// the noise is s of the number. So each regression's values are multiplied by the one factor with which the resistances
// themselves are met in least squares: with y = sign(z) sqrt|z| and the fit's root f, sum(w (y - c f)^2) is least at
// c = sum(w y f) / sum(w f^2), and H is multiplied by c^2.
#include <cmath>

#include "src/interactions/fit_columns.h"
#include "src/interactions/fit_part.h"
#include "src/interactions/targets.h"

namespace grainspin::interactions {

void unsquare(const DddData& data, const std::vector<const DddRun*>& runs, const FitOptions& options, FitPart& part) {
  const std::size_t n = std::size_t(data.slip.count());
  const Tensor& tensor = part.tensors.at(0);
  std::vector<double> yf(n, 0.0), ff(n, 0.0);
  for (const DddRun* run : runs)
    target_rows(data, *run, part.target, {tensor.term}, options, [&](const TargetRows& rows) {
      for (std::int64_t t = 0; t < rows.rows; ++t)
        for (std::size_t i = 0; i < n; ++i) {
          double square = 0;
          for (std::size_t j = 0; j < n; ++j) square += tensor.value[i * n + j] * rows.x[std::size_t(t) * n + j];
          const double z = rows.y[std::size_t(t) * n + i], w = rows.w[std::size_t(t)];
          if (square <= 0) continue;
          yf[i] += w * std::copysign(std::sqrt(std::abs(z) * square), z);
          ff[i] += w * square;
        }
    });
  for (BlockFit& block : part.blocks) {
    double a = 0, b = 0;
    for (const int i : block.responses) a += yf[std::size_t(i)], b += ff[std::size_t(i)];
    if (!(a > 0 && b > 0)) continue;
    block.unsquared = a / b * (a / b);
    for (const BlockFit::Column& c : block.columns) {
      Unknown& u = unknown_of(part.tensors, c);
      u.value *= block.unsquared, u.error *= block.unsquared, u.contribution *= block.unsquared;
    }
  }
  fill_values(part.tensors);
}

}  // namespace grainspin::interactions
