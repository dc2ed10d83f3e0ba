#include "engine_cuda_nonlocal_weights.h"

#include <algorithm>

#include "engine_cuda_nonlocal_tasks.h"
#include "grainspin/variance.h"
#include "nonlocal_irreps.h"

namespace grainspin {

std::int64_t Packed::add(const std::vector<float>& values) {
  values_.resize((values_.size() + 3) / 4 * 4);
  const std::int64_t at = std::int64_t(values_.size());
  require(at + std::int64_t(values.size()) < std::int64_t(1) << 31, Errc::kArgument, "the model has too many weights for a GPU");
  values_.insert(values_.end(), values.begin(), values.end());
  return at;
}
std::int32_t Packed::add_indices(const int* rows, int n) {
  const auto at = std::int32_t(indices_.size());
  indices_.insert(indices_.end(), rows, rows + n);
  return at;
}
std::int64_t Packed::add_tasks(const std::vector<cuda::MapTask>& tasks) {
  const std::int64_t at = std::int64_t(tasks_.size());
  tasks_.insert(tasks_.end(), tasks.begin(), tasks.end());
  return at;
}

cuda::MapList list_of(const ModelNumbers& numbers, const TaskPlace& place) {
  cuda::MapList list;
  list.tasks = numbers.tasks + place.first;
  std::copy_n(place.begin, cuda::kTileWarps + 1, list.begin);
  return list;
}
cuda::GatedMap map_of(const ModelNumbers& numbers, const GatedPlace& place) {
  return {list_of(numbers, place.first), list_of(numbers, place.out), numbers.values + place.bias, numbers.values + place.rate};
}

namespace {

// U [n, n] times rows [n][size], times 3.
template <std::size_t size>
std::vector<double> threefold(const std::vector<double>& U, const std::vector<std::array<double, size>>& rows) {
  const std::size_t n = rows.size();
  std::vector<double> out(n * size, 0);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j)
      for (std::size_t k = 0; k < size; ++k) out[i * size + k] += 3 * U[i * n + j] * rows[j][k];
  return out;
}

std::vector<double> identity(std::size_t n) {
  std::vector<double> U(n * n, 0);
  for (std::size_t i = 0; i < n; ++i) U[i * n + i] = 1;
  return U;
}

// [size, C N]: what vectors [N, size] by adapted coordinate make of row d of a map, a third of it.
std::vector<double> projected(const Tensor& w, const AdaptedBasis& basis, std::int64_t d, const std::vector<double>& vectors) {
  const int n = basis.n, C = int(w.shape[1]), size = int(vectors.size()) / n;
  std::vector<double> m(std::size_t(size) * C * n, 0);
  for (std::size_t k = 0; k < basis.kinds.size(); ++k) {
    const IrrepKind& kind = basis.kinds[k];
    const std::vector<double> block = kind_block(w, basis, k);
    const int copies = kind.multiplicity;
    for (int a = 0; a < copies; ++a)
      for (int c = 0; c < C; ++c)
        for (int b = 0; b < copies; ++b)
          for (int i = 0; i < kind.dimension; ++i)
            for (int s = 0; s < size; ++s)
              m[std::size_t(s * C + c) * n + kind.first + b * kind.dimension + i] +=
                  vectors[std::size_t(kind.first + a * kind.dimension + i) * size + s] / 3 *
                  block[std::size_t((d * copies + a) * C + c) * copies + b];
  }
  return m;
}

void append(std::vector<double>& to, const std::vector<double>& more) { to.insert(to.end(), more.begin(), more.end()); }

// One phase's maps as tasks.
class PhasePacker {
 public:
  PhasePacker(const Model& model, std::size_t index, Packed& packed)
      : model_(model), s_(model.spec.nonlocal), prefix_("phase" + std::to_string(index) + "."), packed_(packed),
        maps_(slip_maps(s_.phases[index])), odd_(adapted_basis(maps_.odd)), even_(adapted_basis(maps_.even)) {
    cuda::CellShape& c = place_.shape;
    c.systems = maps_.set.count();
    c.channels = s_.channels;
    c.width = s_.width;
    c.polarisations = s_.passes > 0 ? s_.polarisations : 0;
    c.memory = s_.gated ? s_.memory : 0;  // it is read by gates alone
    c.gated = s_.gated;
    c.carried = s_.carried;
    c.stress = s_.stress;
    rows_ = cuda::TileRows(c);
  }

  PhasePlace pack() {
    const cuda::CellShape& c = place_.shape;
    const int N = c.systems, M = c.polarisations;
    const std::vector<double> P = threefold(odd_.U, maps_.P), a = threefold(odd_.U, maps_.a),
                              one = identity(std::size_t(N));
    for (const std::vector<double>& part : {odd_.U, even_.U, threefold(one, maps_.P), threefold(one, maps_.a), P, a})
      for (const double x : part) place_.numbers.push_back(float(x));
    place_.basis = packed_.add(place_.numbers);
    place_.start = gated("in", rows_.drive, 1, s_.carried ? s_.channels : 0, false);
    place_.start.out = x_from("in");
    if (s_.carried) place_.carry = packed_.add(tensor("carry").values);
    for (int k = 0; k < s_.passes; ++k) {
      const std::string pass = "pass" + std::to_string(k);
      TaskList polarise;
      std::vector<double> rows;
      for (int m = 0; m < M; ++m) append(rows, projected(tensor(pass + ".polarise"), odd_, m, P));
      polarise.matrix(5 * M, s_.channels * N, rows, rows_.x, rows_.small);
      place_.polarise.push_back(counted(polarise));
      place_.passes.push_back(gated(pass, rows_.x, 2 * M, s_.channels, false));
      place_.passes.back().out = x_from(pass);
    }
    place_.head = gated("head", rows_.x, 0, s_.channels, true);
    TaskList out;
    std::vector<double> rows = projected(tensor("head.out"), odd_, 0, a);
    if (s_.stress) append(rows, projected(tensor("head.out"), odd_, 1, P));
    out.matrix(s_.stress ? 8 : 3, s_.width * N, rows, rows_.u, rows_.small);
    place_.head.out = counted(out);
    if (c.memory > 0) {
      place_.update_bias = packed_.add(tensor("memory.update_bias").values);
      place_.candidate_bias = packed_.add(tensor("memory.candidate_bias").values);
      place_.work += std::int64_t(c.memory) * 4 * N * N;
    }
    if (calibration(model_.spec)) {
      std::vector<float> head = tensor("variance.mean").values;
      for (const float scale : tensor("variance.scale").values) head.push_back(1 / scale);
      for (const char* part : {"hidden", "hidden_bias", "out", "out_bias"}) {
        const std::vector<float>& values = tensor(std::string("variance.") + part).values;
        head.insert(head.end(), values.begin(), values.end());
      }
      place_.variance = packed_.add(head);
    }
    return std::move(place_);
  }

 private:
  const Tensor& tensor(const std::string& name) const { return model_.tensors.at(prefix_ + name); }
  TaskPlace counted(const TaskList& list) {
    place_.work += list.work();
    return list.pack(packed_);
  }
  // The odd map of rows `in` on, and of the gates the even one.
  GatedPlace gated(const std::string& name, int in, int drives, int states, bool head) {
    const std::int64_t N = place_.shape.systems, square = N * N;
    GatedPlace g;
    TaskList first;
    first.map(tensor(name + ".odd"), odd_, in, rows_.u, false);
    place_.work += drives == 1 ? 10 * N : drives / 2 * 16 * N;
    if (s_.gated) {
      first.map(tensor(name + ".even"), even_, rows_.even, rows_.gate, false);
      if (head && place_.shape.memory > 0) {
        first.map(tensor("memory.update"), even_, rows_.even, rows_.extra, false);
        first.map(tensor("memory.candidate"), even_, rows_.even, rows_.extra + int(N) * place_.shape.memory, false);
      }
      g.bias = packed_.add(tensor(name + ".bias").values);
      g.rate = packed_.add(tensor(name + ".rate").values);
      place_.work += square * (drives + 2 * states + 3 * s_.width);
    }
    g.first = counted(first);
    return g;
  }
  TaskPlace x_from(const std::string& name) {
    TaskList out;
    out.map(tensor(name + ".out"), odd_, rows_.u, rows_.x, true);
    return counted(out);
  }

  const Model& model_;
  const NonlocalSpec& s_;
  std::string prefix_;
  Packed& packed_;
  SlipMaps maps_;
  AdaptedBasis odd_, even_;
  cuda::TileRows rows_;
  PhasePlace place_;
};

}  // namespace

ModelPlace pack(const Model& model, Packed& packed) {
  const NonlocalSpec& s = model.spec.nonlocal;
  ModelPlace place;
  const VarianceHead checked(model);  // Error kFormat where a scale is not above 0
  if (checked.any()) place.variance_hidden = calibration(model.spec)->hidden;
  for (std::size_t i = 0; i < s.phases.size(); ++i) place.phases.push_back(PhasePacker(model, i, packed).pack());
  if (s.passes > 0) {
    const auto tensor = [&](const char* name) -> const std::vector<float>& { return model.tensors.at(name).values; };
    place.spin = packed.add(tensor("spin"));
    place.free = packed.add(tensor("free"));
    if (s.stress) place.pressure = packed.add(tensor("pressure"));
    const float beta = s.green == Green::kCompressible ? float(s.beta) : 1.0f;
    place.beta = packed.add(s.green == Green::kLearned ? tensor("beta")
                                                       : std::vector<float>(std::size_t(s.passes * s.polarisations), beta));
  }
  return place;
}

}  // namespace grainspin
