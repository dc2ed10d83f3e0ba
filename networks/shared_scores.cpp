#include "networks/shared_scores.h"

#include <algorithm>
#include <cstring>

#include "src/checksum.h"

namespace grainspin {

namespace {

constexpr std::size_t kSingle = 8;  // numbers of a score that are no list

std::vector<double> packed(const RunScore& s) {
  std::vector<double> v{
      double(s.voxels),           s.r2_one_step,        s.r2_rolled, s.curve, s.local_stress, s.free_rms,
      double(s.error_deg.size()), double(s.path.size())};
  v.insert(v.end(), s.error_deg.begin(), s.error_deg.end());
  v.insert(v.end(), s.persistence_deg.begin(), s.persistence_deg.end());
  v.insert(v.end(), s.path.begin(), s.path.end());  // a byte each
  return v;
}

RunScore unpacked(const double* v) {
  RunScore s;
  s.voxels = std::int64_t(v[0]);
  s.r2_one_step = v[1], s.r2_rolled = v[2], s.curve = v[3], s.local_stress = v[4], s.free_rms = v[5];
  const std::size_t steps = std::size_t(v[6]), letters = std::size_t(v[7]);
  v += kSingle;
  s.error_deg.assign(v, v + steps);
  s.persistence_deg.assign(v + steps, v + 2 * steps);
  for (std::size_t i = 0; i < letters; ++i) s.path.push_back(char(v[2 * steps + i]));
  return s;
}

}  // namespace

std::vector<RunScore> score_shared(Ranks& ranks, int n, const std::function<RunScore(int)>& score) {
  std::vector<RunScore> all;
  const int R = ranks.size();
  if (R == 1) {
    for (int i = 0; i < n; ++i) all.push_back(score(i));
    return all;
  }
  std::vector<std::vector<double>> mine;
  std::size_t longest = 0;
  for (int i = ranks.rank(); i < n; i += R) {
    mine.push_back(packed(score(i)));
    longest = std::max(longest, mine.back().size());
  }
  for (const std::size_t l : ranks.gather(longest)) longest = std::max(longest, l);
  std::vector<double> row(longest), rows(longest * std::size_t(R));
  for (int begin = 0; begin < n; begin += R) {
    const std::size_t round = std::size_t(begin / R);
    if (round < mine.size()) std::ranges::copy(mine[round], row.begin());
    ranks.gather(row.data(), row.size() * sizeof(double), rows.data());
    for (int r = 0; r < std::min(R, n - begin); ++r)
      all.push_back(unpacked(rows.data() + longest * std::size_t(r)));
  }
  return all;
}

void require_same(Ranks& ranks, const std::string& fingerprint, const std::vector<at::Tensor>& parameters) {
  if (ranks.size() == 1) return;
  Checksum settings, weights;
  settings.add(fingerprint.data(), fingerprint.size());
  ranks.require_same(settings.value(), "settings or archives of the training");
  for (const at::Tensor& p : parameters) {
    const at::Tensor flat = p.detach().to(torch::kCPU).contiguous();
    weights.add(flat.data_ptr(), std::size_t(flat.nbytes()));
  }
  const std::vector<std::uint64_t> all = ranks.gather(weights.value());
  for (std::size_t r = 1; r < all.size(); ++r)
    require(all[r] == all[0], Errc::kInternal,
            "the weights of rank " + std::to_string(r) +
                " are no longer those of rank 0: ranks of one training must run on processors of one kind");
}

}  // namespace grainspin
