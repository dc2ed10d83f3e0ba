#include "engine_cuda_nonlocal_tasks.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numeric>

namespace grainspin {

using cuda::MapTask;

namespace {
constexpr int kMostColumns = 3;  // a lane's accumulators: kTaskRows times as many
}

void TaskList::map(const Tensor& w, const AdaptedBasis& basis, int in, int out, bool add) {
  const int D = int(w.shape[0]), C = int(w.shape[1]);
  for (std::size_t k = 0; k < basis.kinds.size(); ++k) {
    const IrrepKind& kind = basis.kinds[k];
    for (int first = 0; first < kind.dimension; first += kMostColumns) {
      Product p{{}, {}, std::min(kMostColumns, kind.dimension - first), add, kind_block(w, basis, k)};
      const auto rows = [&](int channels, int base) {
        std::vector<int> all;
        for (int c = 0; c < channels; ++c)
          for (int b = 0; b < kind.multiplicity; ++b) all.push_back(base + c * basis.n + kind.first + b * kind.dimension + first);
        return all;
      };
      p.in = rows(C, in);
      p.out = rows(D, out);
      products_.push_back(std::move(p));
    }
  }
}

void TaskList::matrix(int rows, int depth, const std::vector<double>& matrix, int in, int out) {
  double most = 0;
  for (const double x : matrix) most = std::max(most, std::abs(x));
  std::map<std::vector<int>, std::vector<int>> alike;  // rows by the columns that they have
  for (int r = 0; r < rows; ++r) {
    std::vector<int> columns;
    for (int k = 0; k < depth; ++k)
      if (std::abs(matrix[std::size_t(r) * depth + k]) > 1e-9 * most) columns.push_back(k);
    alike[columns].push_back(r);
  }
  for (const auto& [columns, group] : alike) {
    Product p{{}, {}, 1, false, {}};
    for (const int k : columns) p.in.push_back(in + k);
    for (const int r : group) {
      p.out.push_back(out + r);
      for (const int k : columns) p.w.push_back(matrix[std::size_t(r) * depth + k]);
    }
    products_.push_back(std::move(p));
  }
}

std::int64_t TaskList::work() const {
  std::int64_t sum = 0;
  for (const Product& p : products_) sum += std::int64_t(p.in.size()) * p.out.size() * p.columns;
  return sum;
}

TaskPlace TaskList::pack(Packed& packed) const {
  struct Piece {
    const Product* product;
    int row, rows;
    bool narrow;
    std::int64_t cost() const {
      return std::int64_t(product->in.size()) * product->columns * (narrow ? cuda::kNarrowRows : cuda::kTaskRows);
    }
  };
  using Shares = std::array<std::vector<Piece>, cuda::kTileWarps>;
  // The largest piece first, each to the warp that has least.
  const auto shared = [&](bool narrow, std::int64_t& longest) {
    const int size = narrow ? cuda::kNarrowRows : cuda::kTaskRows;
    std::vector<Piece> pieces;
    for (const Product& p : products_)
      for (int row = 0; row < int(p.out.size()); row += size)
        pieces.push_back({&p, row, std::min(size, int(p.out.size()) - row), narrow});
    std::stable_sort(pieces.begin(), pieces.end(), [](const Piece& a, const Piece& b) { return a.cost() > b.cost(); });
    Shares shares;
    std::array<std::int64_t, cuda::kTileWarps> load{};
    for (const Piece& piece : pieces) {
      const auto least = std::min_element(load.begin(), load.end()) - load.begin();
      shares[std::size_t(least)].push_back(piece);
      load[std::size_t(least)] += piece.cost();
    }
    longest = *std::max_element(load.begin(), load.end());
    return shares;
  };
  std::int64_t wide = 0, fine = 0;
  Shares shares = shared(false, wide);
  Shares finer = shared(true, fine);
  if (4 * fine < 3 * wide) shares = std::move(finer);  // narrow tasks read more numbers for a multiply-add
  TaskPlace place;
  std::vector<MapTask> tasks;
  for (std::size_t w = 0; w < shares.size(); ++w) {
    for (const Piece& piece : shares[w]) {
      const Product& p = *piece.product;
      const int size = piece.narrow ? cuda::kNarrowRows : cuda::kTaskRows, depth = int(p.in.size());
      std::vector<float> numbers(std::size_t(depth) * size, 0.0f);
      for (int r = 0; r < piece.rows; ++r)
        for (int k = 0; k < depth; ++k) numbers[std::size_t(k) * size + r] = float(p.w[std::size_t(piece.row + r) * depth + k]);
      MapTask task;
      task.weight = std::int32_t(packed.add(numbers));
      task.in = packed.add_indices(p.in.data(), depth);
      task.out = packed.add_indices(p.out.data() + piece.row, piece.rows);
      task.depth = depth;
      task.rows = piece.rows;
      task.columns = p.columns;
      task.narrow = piece.narrow;
      task.add = p.add;
      tasks.push_back(task);
    }
    place.begin[w + 1] = std::int16_t(tasks.size());
  }
  place.first = packed.add_tasks(tasks);
  return place;
}

}  // namespace grainspin
