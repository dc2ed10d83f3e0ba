#include "tile_network.h"

#include <algorithm>
#include <cstring>

#include "activation_halves.h"
#include "bf16.h"
#include "grainspin/grid.h"

namespace grainspin {
namespace {

constexpr int kSide = 16, kColumns = 32, kTile = kSide * kColumns;
constexpr int kChunk = 32;  // numbers of a copy

int tiles_of(int columns) { return (columns + kColumns - 1) / kColumns; }
std::uint16_t* halves(const AlignedFloats& a) { return reinterpret_cast<std::uint16_t*>(a.get()); }
std::uint16_t* halves(float* a) { return reinterpret_cast<std::uint16_t*>(a); }
const std::uint16_t* halves(const float* a) { return reinterpret_cast<const std::uint16_t*>(a); }

// The unit of a group in column n of its first or second tile: those that packing sixteen and sixteen numbers of 32 bits to 16,
// four and four in turn, puts in order.
int unit_of(int second, int n) { return 8 * (n / 4) + n % 4 + 4 * second; }

// A row of PyTorch's weights: gates i f g o and r z n.
int row_of(int gates, int gate) {
  constexpr int lstm[] = {0, 2, 1, 3}, gru[] = {0, 2, 2, 1};
  return gates == 4 ? lstm[gate] : gru[gate];
}
// What scales a gate's weights: its activation's unit.
double unit_scale(int gates, int gate) {
  if (gates == 4) return gate == 1 ? kHalfUnit : kHalfUnit / 2;
  return gate == 1 || gate == 2 ? kGruUnit : kHalfUnit / 2;
}

}  // namespace

TileNetwork::Layer TileNetwork::pack(Input kind, const float* weight_ih, int width, int first, int columns, const float* weight_hh,
                                     const float* bias_ih, const float* bias_hh) const {
  // `repeats`: copies of the columns side by side; of the last of several, what bf16 leaves. `parts`: a tile, and what bf16 leaves of it.
  const auto tiles = [&](const float* weight, int stride, int from, int count, int repeats, int parts) {
    const int all = tiles_of(count * repeats);
    AlignedFloats to(halves_in_floats(std::int64_t(groups_) * 4 * all * parts * 2 * kTile));
    std::uint16_t* out = halves(to);
    for (int group = 0; group < groups_; ++group)
      for (int gate = 0; gate < 4; ++gate)
        for (int t = 0; t < all * parts; ++t)
          for (int second = 0; second < 2; ++second)
            for (int pair = 0; pair < kSide; ++pair)
              for (int n = 0; n < kSide; ++n)
                for (int k = kColumns * (t / parts) + 2 * pair, e = 0; e < 2; ++e, ++k) {
                  const int unit = group * kUnits + unit_of(second, n);
                  const bool there = k < count * repeats && unit < hidden_, rest = t % parts == 1 || (repeats > 1 && k >= count * (repeats - 1));
                  const std::int64_t row = std::int64_t(row_of(gates_, gate)) * hidden_ + unit;
                  const float w = there ? float(unit_scale(gates_, gate) * weight[row * stride + from + k % count]) : 0;
                  *out++ = bf16(rest ? w - from_bf16(bf16(w)) : w);
                }
    return to;
  };
  Layer layer;
  const int repeats = kind == Input::kOwn ? 3 : 1;
  layer.x_tiles = tiles_of(columns * repeats);
  if (columns > 0) layer.wx = tiles(weight_ih, width, first, columns, repeats, kind == Input::kCube ? 2 : 1);
  if (weight_hh) layer.wh = tiles(weight_hh, hidden_, 0, hidden_, 1, 1);
  layer.bias = AlignedFloats(std::int64_t(groups_) * 4 * kUnits);
  float* out = layer.bias.get();
  for (int group = 0; group < groups_; ++group)
    for (int gate = 0; gate < 4; ++gate)
      for (int second = 0; second < 2; ++second)
        for (int n = 0; n < kSide; ++n) {
          const int unit = group * kUnits + unit_of(second, n), row = row_of(gates_, gate) * hidden_ + unit;
          double sum = 0;
          if (unit < hidden_) {
            if (gates_ == 4 || gate != 1) sum += bias_ih[row];
            if (gates_ == 4 || gate != 2) sum += bias_hh[row];
          }
          *out++ = float(kWholeOffset + std::clamp(unit_scale(gates_, gate) * sum, -1e6, 1e6));
        }
  return layer;
}

TileLayer TileNetwork::view(const Layer& layer) const {
  return {groups_, layer.x_tiles, halves(layer.wx), halves(layer.wh), layer.bias.get(), offset_.get()};
}

TileNetwork::TileNetwork(const Model& model, const RecurrentKernels& kernels)
    : kernels_(kernels),
      embedding_(embedding_of(model)),
      gates_(model.spec.local.cell == Cell::kLstm ? 4 : 3),
      hidden_(model.spec.local.hidden),
      groups_((hidden_ + kUnits - 1) / kUnits),
      channels_(embedding_.size),
      taps_(grainspin::taps(model.spec.local.radius)),
      side_(2 * model.spec.local.radius + 1),
      fixed_input_(model.spec.local.feedback != Feedback::kNeighbours),
      patch_pitch_(std::int64_t(tiles_of(taps_ * channels_)) * kColumns * parts()),
      own_pitch_(std::int64_t(tiles_of(3 * channels_)) * kColumns),
      offset_(kUnits),
      heads_(model) {
  const ModelSpec& spec = model.spec;
  std::fill_n(offset_.get(), kUnits, kWholeOffset);
  for (int k = 0; k < channels_ + kSide; ++k) {
    mean_.push_back(spec.input_mean[std::size_t(k % channels_)]);
    factor_.push_back(float(1.0 / spec.input_scale[std::size_t(k % channels_)]));
  }
  const auto tensor = [&](const char* name, int l) {
    return model.tensors.at("rnn." + std::string(name) + "_l" + std::to_string(l)).values.data();
  };
  const int width = input_width(spec), patch = taps_ * channels_;
  if (fixed_input_) fixed_ = pack(Input::kCube, tensor("weight_ih", 0), width, 0, patch, nullptr, tensor("bias_ih", 0), tensor("bias_hh", 0));
  for (int l = 0; l < spec.local.layers; ++l) {
    const bool first = l == 0;
    const int from = first && fixed_input_ ? patch : 0, columns = first ? width : hidden_;
    layers_.push_back(pack(first && fixed_input_ ? Input::kOwn : Input::kPlain, tensor("weight_ih", l), columns, from, columns - from,
                           tensor("weight_hh", l), tensor("bias_ih", l), tensor("bias_hh", l)));
  }
  const int rows = head_rows();
  require(rows <= kSide, Errc::kInternal, "heads of more than 16 numbers a voxel");
  head_weight_ = AlignedFloats(halves_in_floats(std::int64_t(2) * groups_ * kTile));
  std::uint16_t* out = halves(head_weight_);
  for (int rest = 0; rest < 2; ++rest)
    for (int t = 0; t < groups_; ++t)
      for (int pair = 0; pair < kSide; ++pair)
        for (int r = 0; r < kSide; ++r)
          for (int k = kColumns * t + 2 * pair, e = 0; e < 2; ++e, ++k) {
            const float w = r < rows && k < hidden_ ? heads_.weight[std::size_t(r) * std::size_t(hidden_) + std::size_t(k)] : 0;
            *out++ = bf16(rest ? w - from_bf16(bf16(w)) : w);
          }
  head_bias_ = AlignedFloats(kSide);
  for (int r = 0; r < kSide; ++r) head_bias_.get()[r] = r < rows ? heads_.bias[std::size_t(r)] : 0;
}

// Embeddings of up to a block's orientations, [count][channels] and up to 15 numbers more.
void TileNetwork::normalise(int count, const float* q, std::uint16_t* nearest, std::uint16_t* rest) const {
  alignas(64) float rows[kBlock * EmbeddingSpec::kMaxSize + kSide];
  const int numbers = count * channels_, padded = (numbers + kSide - 1) / kSide * kSide;
  grainspin::embed(embedding_, count, q, rows);
  std::fill(rows + numbers, rows + padded, 0.0f);
  kernels_.tiles->normalise(padded, channels_, rows, mean_.data(), factor_.data(), nearest, rest);
}

void TileNetwork::embed(std::int64_t first, std::int64_t count, std::int64_t voxels, const float* q, float* e) const {
  alignas(64) std::uint16_t nearest[kBlock * EmbeddingSpec::kMaxSize + kSide], rest[kBlock * EmbeddingSpec::kMaxSize + kSide];
  for (std::int64_t at = 0; at < count; at += kBlock) {
    const int some = int(std::min<std::int64_t>(kBlock, count - at));
    normalise(some, q + at * 4, nearest, rest);
    std::uint16_t* to = halves(e) + (first + at) * channels_;
    std::memcpy(to, nearest, std::size_t(some * channels_) * sizeof *nearest);
    if (fixed_input_) std::memcpy(to + voxels * channels_, rest, std::size_t(some * channels_) * sizeof *rest);
  }
}

void TileNetwork::embed_own(const float* q, float* own) const {
  alignas(64) std::uint16_t nearest[kBlock * EmbeddingSpec::kMaxSize + kChunk], rest[kBlock * EmbeddingSpec::kMaxSize + kChunk];
  normalise(kBlock, q, nearest, rest);
  std::uint16_t* to = halves(own);
  for (int v = 0; v < kBlock; ++v, to += own_pitch_) {  // each copy reaches into the next
    std::memcpy(to, nearest + v * channels_, kChunk * sizeof *to);
    std::memcpy(to + channels_, rest + v * channels_, kChunk * sizeof *to);
    std::memcpy(to + 2 * channels_, nearest + v * channels_, kChunk * sizeof *to);
    std::memset(to + 3 * channels_, 0, std::size_t(own_pitch_ - 3 * channels_) * sizeof *to);
  }
}

// A voxel's neighbours along x are one run of numbers where its cube does not leave the axis.
void TileNetwork::gather(const RegionTaps& taps, const Lanes& lanes, const std::uint8_t* mask, const float* e, std::int64_t voxels,
                         float* patch) const {
  constexpr int kMaxRows = 49;
  const int rows = side_ * side_, run = side_ * channels_, columns = taps_ * channels_, tiled = tiles_of(columns) * kColumns;
  std::int64_t middle[kMaxRows][kBlock];  // of every row of the cube
  const auto& at = lanes.at;
  const std::array<int, 3> first = at[0], last = at[kBlock - 1];
  const bool straight = last[0] - first[0] == kBlock - 1 && last[1] == first[1] && last[2] == first[2];  // along x
  for (int r = 0; r < rows; ++r) {
    taps.gather(r * side_ + side_ / 2, straight ? 1 : kBlock, at.data(), nullptr, middle[r]);
    for (int v = 1; straight && v < kBlock; ++v) middle[r][v] = middle[r][0] + v;
  }
  for (int v = 0; v < kBlock * parts(); ++v) {
    const int lane = v / parts(), part = v % parts();  // in the order they lie: a copy reaches into the next
    const std::uint16_t* from = halves(e) + part * voxels * channels_;
    std::uint16_t *row = halves(patch) + lane * patch_pitch_ + part * tiled, *to = row;
    if (!mask && taps.inside(at[std::size_t(lane)][0]))
      for (int r = 0; r < rows; ++r, to += run) {
        const std::uint16_t* run_from = from + (middle[r][lane] - side_ / 2) * channels_;
        for (int i = 0; i < run; i += kChunk) std::memcpy(to + i, run_from + i, kChunk * sizeof *to);
      }
    else
      for (int k = 0; k < taps_; ++k, to += channels_) {
        std::int64_t place;
        taps.gather(k, 1, &at[std::size_t(lane)], mask, &place);
        std::memcpy(to, from + place * channels_, std::size_t(channels_) * sizeof *to);
      }
    std::memset(row + columns, 0, std::size_t(tiled - columns) * sizeof *row);
  }
}

void TileNetwork::project(const float* patch, float* start, float*) const {
  kernels_.tiles->project(view(fixed_), gates_, halves(patch), patch_pitch_, reinterpret_cast<std::int16_t*>(start));
}

void TileNetwork::step(const float* start, const float* x, float* state, float* scratch, float* heads) const {
  const std::int64_t size = row_tiles();
  const bool own = fixed_input_ && x;
  TileStep s{};
  s.start = reinterpret_cast<const std::int16_t*>(start);
  s.x = halves(x);
  s.x_pitch = own ? own_pitch_ : patch_pitch_, s.x_step = kColumns;
  s.h_out = halves(scratch);
  std::uint16_t* h = halves(state);
  for (const Layer& layer : layers_) {
    s.layer = view(layer);
    s.h = h, s.carried = h + size;
    (gates_ == 4 ? kernels_.tiles->lstm : kernels_.tiles->gru)(s);
    s.start = nullptr;  // of the first layer only
    s.x = h, s.x_pitch = kColumns, s.x_step = kBlock * kColumns;
    h += 2 * size;
  }
  kernels_.tiles->heads(head_rows(), groups_, halves(head_weight_), head_bias_.get(), s.x, heads);
}

}  // namespace grainspin
