#include "networks/checkpoint.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "networks/device.h"

namespace grainspin {

namespace {

constexpr std::int64_t kVersion = 1, kColumns = 9;

at::Tensor pack(const TrainState& s) {
  return torch::tensor({double(s.step), double(s.draws), s.samples, s.seconds, s.next_epoch, s.loss_sum,
                        s.loss_count, s.best, s.best_epoch},
                       torch::kDouble);
}

void unpack(const at::Tensor& values, TrainState& s) {
  require(values.dim() == 1 && values.size(0) == 9, Errc::kFormat, "checkpoint: counters of another layout");
  const auto v = values.accessor<double, 1>();
  s.step = std::int64_t(v[0]), s.draws = std::int64_t(v[1]);
  s.samples = v[2], s.seconds = v[3], s.next_epoch = v[4], s.loss_sum = v[5], s.loss_count = v[6];
  s.best = v[7], s.best_epoch = v[8];
}

at::Tensor pack(const std::vector<TrainRow>& rows) {
  at::Tensor out = torch::empty({std::int64_t(rows.size()), kColumns}, torch::kDouble);
  double* v = out.data_ptr<double>();
  for (const TrainRow& r : rows)
    for (const double x : {double(r.step), r.samples, r.epoch, double(r.own_path), r.lr, r.loss, r.held_out,
                           r.held_out_deg, r.seconds})
      *v++ = x;
  return out;
}

std::vector<TrainRow> unpack_rows(const at::Tensor& table) {
  std::vector<TrainRow> rows;
  const auto v = table.accessor<double, 2>();
  for (std::int64_t i = 0; i < table.size(0); ++i)
    rows.push_back(
        {std::int64_t(v[i][0]), v[i][1], v[i][2], v[i][3] != 0, v[i][4], v[i][5], v[i][6], v[i][7], v[i][8]});
  return rows;
}

}  // namespace

void write_checkpoint(const std::string& path, const std::string& fingerprint, const TrainState& state,
                      LocalNetwork& network, const torch::optim::AdamW& optimiser) {
  const std::string temporary = path + ".partial";
  try {
    torch::serialize::OutputArchive archive;
    archive.write("version", c10::IValue(kVersion));
    archive.write("fingerprint", c10::IValue(fingerprint));
    archive.write("counters", pack(state));
    archive.write("rows", pack(state.rows));
    archive.write("best", c10::IValue(std::int64_t(state.best_weights.size())));
    for (std::size_t i = 0; i < state.best_weights.size(); ++i)
      archive.write("best" + std::to_string(i), state.best_weights[i].to(torch::kCPU));
    torch::serialize::OutputArchive weights, moments;
    network->torch::nn::Module::save(weights);
    optimiser.save(moments);
    archive.write("network", weights);
    archive.write("optimiser", moments);
    archive.save_to(temporary);
    std::filesystem::rename(temporary, path);
  } catch (const std::exception& e) {
    std::error_code ignored;
    std::filesystem::remove(temporary, ignored);
    throw Error(Errc::kIo, path + ": cannot write the checkpoint: " + e.what());
  }
}

void read_checkpoint(const std::string& path, const std::string& fingerprint, TrainState& state,
                     LocalNetwork& network, torch::optim::AdamW& optimiser) {
  require(std::filesystem::exists(path), Errc::kIo, path + ": no such checkpoint to resume from");
  try {
    torch::serialize::InputArchive archive;
    archive.load_from(path, torch::kCPU);
    c10::IValue version, stored, count;
    archive.read("version", version);
    require(version.toInt() == kVersion, Errc::kFormat,
            path + ": checkpoint version " + std::to_string(version.toInt()) + ", wanted " +
                std::to_string(kVersion));
    archive.read("fingerprint", stored);
    require(stored.toStringRef() == fingerprint, Errc::kArgument,
            path + ": belongs to a training with other settings or archives.\n  there: " +
                stored.toStringRef() + "\n  here:  " + fingerprint);
    at::Tensor counters, rows;
    archive.read("counters", counters);
    unpack(counters, state);
    archive.read("rows", rows);
    state.rows = unpack_rows(rows);
    archive.read("best", count);
    state.best_weights.resize(std::size_t(count.toInt()));
    for (std::size_t i = 0; i < state.best_weights.size(); ++i)
      archive.read("best" + std::to_string(i), state.best_weights[i]);
    torch::serialize::InputArchive weights, moments;
    archive.read("network", weights);
    archive.read("optimiser", moments);
    network->torch::nn::Module::load(weights);
    optimiser.load(moments);
  } catch (const Error&) {
    throw;
  } catch (const std::exception& e) {
    const std::string text = e.what();
    throw Error(Errc::kFormat, path + ": not a readable checkpoint: " + text.substr(0, text.find('\n')));
  }
}

}  // namespace grainspin
