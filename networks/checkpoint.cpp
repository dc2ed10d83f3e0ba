#include "networks/checkpoint.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "networks/device.h"

namespace grainspin {

namespace {

constexpr std::int64_t kVersion = 2, kColumns = 11, kCounters = 10;

at::Tensor pack(const TrainState& s) {
  return torch::tensor({double(s.step), double(s.draws), s.samples, s.seconds, s.next_epoch, s.loss_sum,
                        s.loss_count, s.best, s.best_epoch, double(s.skipped)},
                       torch::kDouble);
}

void unpack(const at::Tensor& values, TrainState& s) {
  require(values.dim() == 1 && values.size(0) == kCounters, Errc::kFormat, "checkpoint: counters of another layout");
  const auto v = values.accessor<double, 1>();
  s.step = std::int64_t(v[0]), s.draws = std::int64_t(v[1]);
  s.samples = v[2], s.seconds = v[3], s.next_epoch = v[4], s.loss_sum = v[5], s.loss_count = v[6];
  s.best = v[7], s.best_epoch = v[8], s.skipped = std::int64_t(v[9]);
}

at::Tensor pack(const std::vector<TrainRow>& rows) {
  at::Tensor out = torch::empty({std::int64_t(rows.size()), kColumns}, torch::kDouble);
  double* v = out.data_ptr<double>();
  for (const TrainRow& r : rows)
    for (const double x : {double(r.step), r.samples, r.epoch, double(r.own_path), r.lr, r.loss, r.held_out,
                           r.held_out_deg, r.seconds, r.peak_bytes, r.skipped})
      *v++ = x;
  return out;
}

std::vector<TrainRow> unpack_rows(const at::Tensor& table) {
  std::vector<TrainRow> rows;
  const auto v = table.accessor<double, 2>();
  for (std::int64_t i = 0; i < table.size(0); ++i)
    rows.push_back({std::int64_t(v[i][0]), v[i][1], v[i][2], v[i][3] != 0, v[i][4], v[i][5], v[i][6], v[i][7],
                    v[i][8], v[i][9], v[i][10]});
  return rows;
}

void write_list(torch::serialize::OutputArchive& archive, const std::string& name,
                const std::vector<at::Tensor>& tensors) {
  archive.write(name, c10::IValue(std::int64_t(tensors.size())));
  for (std::size_t i = 0; i < tensors.size(); ++i)
    archive.write(name + std::to_string(i), tensors[i].detach().to(torch::kCPU));
}

std::vector<at::Tensor> read_list(torch::serialize::InputArchive& archive, const std::string& name) {
  c10::IValue count;
  archive.read(name, count);
  std::vector<at::Tensor> tensors(std::size_t(count.toInt()));
  for (std::size_t i = 0; i < tensors.size(); ++i) archive.read(name + std::to_string(i), tensors[i]);
  return tensors;
}

}  // namespace

void write_checkpoint(const std::string& path, const std::string& fingerprint, const TrainState& state,
                      torch::nn::Module& network, const Optimiser& optimiser) {
  const std::string temporary = path + ".partial";
  try {
    torch::serialize::OutputArchive archive;
    archive.write("version", c10::IValue(kVersion));
    archive.write("fingerprint", c10::IValue(fingerprint));
    archive.write("counters", pack(state));
    archive.write("rows", pack(state.rows));
    write_list(archive, "best", state.best_weights);
    write_list(archive, "average", state.average);
    write_list(archive, "more", state.more);
    // By place, not by name: a submodule's name may be a word of the language that LibTorch's archives are in.
    write_list(archive, "weights", network.parameters());
    torch::serialize::OutputArchive moments;
    optimiser.save(moments);
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
                     torch::nn::Module& network, Optimiser& optimiser) {
  require(std::filesystem::exists(path), Errc::kIo, path + ": no such checkpoint to resume from");
  try {
    torch::serialize::InputArchive archive;
    archive.load_from(path, torch::kCPU);
    c10::IValue version, stored;
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
    state.best_weights = read_list(archive, "best");
    state.average = read_list(archive, "average");
    state.more = read_list(archive, "more");
    const auto weights = read_list(archive, "weights"), parameters = network.parameters();
    require(weights.size() == parameters.size(), Errc::kFormat, path + ": weights of another network");
    {
      torch::NoGradGuard no_gradient;
      for (std::size_t i = 0; i < weights.size(); ++i) at::Tensor(parameters[i]).copy_(weights[i]);
    }
    torch::serialize::InputArchive moments;
    archive.read("optimiser", moments);
    optimiser.load(moments);
  } catch (const Error&) {
    throw;
  } catch (const std::exception& e) {
    const std::string text = e.what();
    throw Error(Errc::kFormat, path + ": not a readable checkpoint: " + text.substr(0, text.find('\n')));
  }
}

}  // namespace grainspin
