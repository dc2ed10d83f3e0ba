#include "src/io/rows.h"

#include <algorithm>

namespace grainspin::h5 {

template <class T>
void read_picked(const Dataset& data, int width, std::vector<Pick>& picks, T* out) {
  const auto by_row = [](const Pick& a, const Pick& b) { return a.row < b.row; };
  if (!std::is_sorted(picks.begin(), picks.end(), by_row)) std::sort(picks.begin(), picks.end(), by_row);
  const std::int64_t rows = std::int64_t(data.rows());
  if (!picks.empty() && (picks.front().row < 0 || picks.back().row >= rows))
    throw Error(Errc::kFormat, data.where() + ": wanted row " +
                                   std::to_string(picks.front().row < 0 ? picks.front().row : picks.back().row) +
                                   ", found " + std::to_string(rows) + " rows");
  std::vector<T> buffer;
  for (std::size_t i = 0; i < picks.size();) {
    std::size_t run = i + 1;  // rows and destinations both without a gap
    while (run < picks.size() && picks[run].row == picks[run - 1].row + 1 && picks[run].to == picks[run - 1].to + 1)
      ++run;
    if (run - i >= 64 || run == picks.size()) {
      data.read_rows(out + picks[i].to * width, picks[i].row, std::int64_t(run - i));
      i = run;
      continue;
    }
    std::size_t end = i + 1;
    while (end < picks.size() && picks[end].row - picks[i].row < kRange && picks[end].row - picks[end - 1].row <= kGap)
      ++end;
    const std::int64_t first = picks[i].row, n = picks[end - 1].row - first + 1;
    buffer.resize(std::size_t(n * width));
    data.read_rows(buffer.data(), first, n);
    for (; i < end; ++i)
      std::copy_n(buffer.data() + (picks[i].row - first) * width, width, out + picks[i].to * width);
  }
}

template void read_picked<float>(const Dataset&, int, std::vector<Pick>&, float*);
template void read_picked<double>(const Dataset&, int, std::vector<Pick>&, double*);

}  // namespace grainspin::h5
