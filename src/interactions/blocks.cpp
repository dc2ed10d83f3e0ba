// Responses that share unknowns are one regression; its moments are sums of the shared moments with permuted indices.
#include <algorithm>
#include <numeric>
#include <string>

#include "grainspin/interactions/regression.h"
#include "src/thread_pool.h"

namespace grainspin::interactions {
namespace {

void check(const Tied& tied) {
  require(tied.responses > 0 && tied.features > 0 && tied.layers > 0 && tied.unknowns >= 0, Errc::kArgument,
          "ties: at least one response, feature and layer");
  const std::size_t entries = std::size_t(tied.layers * tied.responses * tied.features);
  require(tied.of.size() == entries && tied.sign.size() == entries, Errc::kShape,
          "ties: " + std::to_string(tied.of.size()) + " ids and " + std::to_string(tied.sign.size()) + " signs for " +
              std::to_string(tied.layers) + " x " + std::to_string(tied.responses) + " x " + std::to_string(tied.features) + " entries");
  for (const std::int32_t u : tied.of)
    require(u >= -1 && u < tied.unknowns, Errc::kArgument,
            "ties: unknown " + std::to_string(u) + " of " + std::to_string(tied.unknowns));
}

}  // namespace

std::vector<Block> blocks(const Tied& tied) {
  check(tied);
  std::vector<int> first(std::size_t(tied.unknowns), -1);  // response that an unknown was seen in
  std::vector<int> root(std::size_t(tied.responses));
  std::iota(root.begin(), root.end(), 0);
  const auto find = [&](int i) {
    while (root[i] != i) i = root[i] = root[root[i]];
    return i;
  };
  std::vector<std::uint8_t> used(std::size_t(tied.responses), 0);
  for (int l = 0; l < tied.layers; ++l)
    for (std::int64_t i = 0; i < tied.responses; ++i)
      for (std::int64_t m = 0; m < tied.features; ++m) {
        const std::int32_t u = tied.of[(l * tied.responses + i) * tied.features + m];
        if (u < 0) continue;
        used[i] = 1;
        if (first[u] < 0) first[u] = int(i);
        const int a = find(first[u]), b = find(int(i));
        root[std::max(a, b)] = std::min(a, b);
      }
  std::vector<Block> out;
  std::vector<int> block_of(std::size_t(tied.responses), -1);
  for (int i = 0; i < tied.responses; ++i) {
    if (!used[i]) continue;
    int& b = block_of[find(i)];  // a root is its component's first response
    if (b < 0) {
      b = int(out.size());
      out.emplace_back();
    }
    out[b].responses.push_back(i);
  }
  for (int u = 0; u < tied.unknowns; ++u)
    if (first[u] >= 0) out[block_of[find(first[u])]].unknowns.push_back(u);
  return out;
}

BlockMoments& BlockMoments::operator+=(const BlockMoments& other) {
  require(columns == other.columns && x_sum.size() == other.x_sum.size(), Errc::kShape,
          "moments of a block: " + std::to_string(columns) + " columns against " + std::to_string(other.columns));
  for (std::size_t i = 0; i < gram.size(); ++i) gram[i] += other.gram[i];
  for (std::size_t i = 0; i < xy.size(); ++i) xy[i] += other.xy[i];
  for (std::size_t i = 0; i < x_sum.size(); ++i) x_sum[i] += other.x_sum[i];
  yy += other.yy;
  y_sum += other.y_sum;
  weight += other.weight;
  rows += other.rows;
  return *this;
}

BlockMoments sum(const std::vector<BlockMoments>& parts) {
  require(!parts.empty(), Errc::kArgument, "sum of moments: no parts");
  BlockMoments total = parts[0];
  for (std::size_t f = 1; f < parts.size(); ++f) total += parts[f];
  return total;
}

BlockMoments reduce(const Moments& moments, const Tied& tied, const Block& block) {
  require(moments.features == tied.features && moments.responses == tied.responses, Errc::kShape,
          "ties of " + std::to_string(tied.responses) + " responses and " + std::to_string(tied.features) + " features, moments of " +
              std::to_string(moments.responses) + " and " + std::to_string(moments.features));
  const std::int64_t M = tied.features, C = std::int64_t(block.unknowns.size());
  BlockMoments out;
  out.columns = int(C);
  out.gram.assign(std::size_t(C * C), 0);
  out.xy.assign(std::size_t(C), 0);
  out.x_sum.assign(std::size_t(C), 0);
  out.weight = moments.weight * double(block.responses.size());
  out.rows = moments.rows * std::int64_t(block.responses.size());
  std::vector<std::int32_t> column(std::size_t(tied.unknowns), -1);
  for (std::int64_t c = 0; c < C; ++c) column[block.unknowns[c]] = std::int32_t(c);

  // F^T G F of every response, F [M,C] its entries' signs: row m of G, right of the diagonal, is folded to the columns and
  // added to the rows that entry m belongs to. What lies left of the diagonal is the mirror image, added at the end.
  struct Entry {
    std::int32_t column;
    double sign;
  };
  std::vector<std::vector<std::vector<Entry>>> entries;  // [response][layer][M], column C: none
  for (const int i : block.responses) {
    auto& layers = entries.emplace_back(std::size_t(tied.layers));
    for (int l = 0; l < tied.layers; ++l)
      for (std::int64_t m = 0; m < M; ++m) {
        const std::size_t at = std::size_t((std::int64_t(l) * tied.responses + i) * M + m);
        const std::int32_t u = tied.of[at], c = u < 0 ? std::int32_t(C) : column[u];
        require(c >= 0, Errc::kArgument, "response " + std::to_string(i) + " has an unknown that its block lacks");
        layers[l].push_back({c, u < 0 ? 0.0 : double(tied.sign[at])});
        if (u < 0) continue;
        out.xy[c] += tied.sign[at] * moments.xy[i * M + m];
        out.x_sum[c] += tied.sign[at] * moments.x_sum[m];
      }
    out.yy += moments.yy[i];
    out.y_sum += moments.y_sum[i];
  }
  std::vector<double> folded(std::size_t(C + 1));
  for (std::int64_t m = 0; m < M; ++m) {
    const double* const g = moments.gram.data() + m * M;
    for (const auto& layers : entries) {
      const bool used = std::any_of(layers.begin(), layers.end(), [&](const auto& layer) { return layer[m].column < C; });
      if (!used) continue;
      std::fill(folded.begin(), folded.end(), 0);
      for (const auto& layer : layers) {
        folded[layer[m].column] += 0.5 * layer[m].sign * g[m];
        for (std::int64_t k = m + 1; k < M; ++k) folded[layer[k].column] += layer[k].sign * g[k];
      }
      for (const auto& layer : layers) {
        if (layer[m].column >= C) continue;
        const double s = layer[m].sign;
        double* const to = out.gram.data() + layer[m].column * C;
        for (std::int64_t c = 0; c < C; ++c) to[c] += s * folded[c];
      }
    }
  }
  for (std::int64_t c = 0; c < C; ++c)
    for (std::int64_t d = 0; d <= c; ++d) out.gram[c * C + d] = out.gram[d * C + c] = out.gram[c * C + d] + out.gram[d * C + c];
  return out;
}

std::vector<std::vector<BlockMoments>> reduce(const std::vector<Moments>& folds, const Tied& tied,
                                              const std::vector<Block>& blocks, int threads) {
  std::vector<std::vector<BlockMoments>> out(blocks.size(), std::vector<BlockMoments>(folds.size()));
  // The largest first, so that no thread is left with one at the end.
  std::vector<std::size_t> order(blocks.size());
  std::iota(order.begin(), order.end(), 0);
  const auto work = [&](std::size_t b) { return blocks[b].unknowns.size() * blocks[b].responses.size(); };
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return work(a) > work(b); });
  ThreadPool pool(threads);
  pool.run(std::int64_t(blocks.size() * folds.size()), [&](std::int64_t task, int) {
    const std::size_t b = order[std::size_t(task) / folds.size()], f = std::size_t(task) % folds.size();
    out[b][f] = reduce(folds[f], tied, blocks[b]);
  });
  return out;
}

}  // namespace grainspin::interactions
