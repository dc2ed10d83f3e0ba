// Model files: bytes as they are, and sound safetensors around a mutated description.
#include <algorithm>
#include <cstring>

#include "grainspin/domain.h"
#include "grainspin/ensemble.h"
#include "grainspin/load_path.h"
#include "grainspin/model.h"
#include "src/io/whole_file.h"
#include "targets.h"

namespace grainspin::fuzz {

std::vector<std::string> model_files() {
  std::vector<std::string> out;
  for (const Family family : {Family::kLocal, Family::kNonlocal}) {
    Model m;
    m.spec.family = family;
    m.spec.point_group = "432";
    LoadStep step;
    step.prescribed = {false, true, true, true, false, true, true, true, true};
    step.L[8] = 0.01;
    m.spec.loads = {step, step};
    m.spec.domain = R"({"step_strain":[0.005,0.01],"total_strain":[0,0.13],"steps":26,"increment_rad":{"rms":0.01,"max":0.05},
      "loads":[{"L":[0,0,0,0,0,0,0,0,1],"prescribed":[0,1,1,1,0,1,1,1,1]}],"runs":1,"voxels":8,"embedding":[{"phase":"Cu","point_group":"432",
      "low":[-0.2,-0.3,-0.3,-0.2,-0.2,-0.2,-0.3,-0.3,-0.2],"high":[0.2,0.3,0.3,0.2,0.2,0.2,0.3,0.3,0.2]}]})";
    if (family == Family::kLocal) {
      m.spec.local.hidden = 32, m.spec.local.radius = 0;
      m.spec.input_mean.assign(9, 0), m.spec.input_scale.assign(9, 1);
    } else {
      m.spec.slip_families = {"fcc{111}<110>"};
      m.spec.nonlocal.passes = 1, m.spec.nonlocal.channels = m.spec.nonlocal.width = m.spec.nonlocal.polarisations = 1;
      m.spec.nonlocal.memory = 1;
      m.spec.nonlocal.phases = {{"Cu", "432", m.spec.slip_families, 0}};
    }
    for (const auto& [name, shape] : tensor_shapes(m.spec)) {
      std::int64_t n = 1;
      for (const std::int64_t extent : shape) n *= extent;
      m.tensors[name] = {shape, std::vector<float>(std::size_t(n), 0.25f)};
    }
    const std::string path = scratch_folder() + "/seed.safetensors";
    write_model(path, m);
    out.push_back(read_whole_text(path));
    if (family == Family::kLocal) continue;
    Model other = m;
    for (auto& [name, tensor] : other.tensors) std::ranges::fill(tensor.values, 0.5f);
    write_model(path, ensemble_of({m, other}));
    out.push_back(read_whole_text(path));
  }
  return out;
}

namespace {

void read(const std::string& bytes) {
  const Model m = read_model(scratch_file("model.safetensors", bytes));
  load_defaults(m.spec);
  DomainJudge(m.spec).run(m.spec.loads);
}

}  // namespace

void model(Bytes bytes) { read(text(bytes)); }

// The JSON header alone is the input; its length and zeros for the tensors are put around it.
void model_header(Bytes bytes) {
  const std::uint64_t length = bytes.size();
  std::string file(8, '\0');
  std::memcpy(file.data(), &length, 8);
  read(file + text(bytes) + std::string(40'000, '\0'));
}
std::vector<std::string> model_header_seeds() {
  std::vector<std::string> out;
  for (const std::string& file : model_files()) {
    std::uint64_t length = 0;
    std::memcpy(&length, file.data(), 8);
    out.push_back(file.substr(8, std::size_t(length)));
  }
  return out;
}

void domain_json(Bytes bytes) {
  ModelSpec spec;
  spec.point_group = "432";
  spec.domain = text(bytes);
  const DomainJudge judge(spec);
  const float q[8] = {1, 0, 0, 0, 0.8f, 0.6f, 0, 0}, w[6] = {0, 0, 0, 0.01f, 0, 0};
  judge.voxels(2, q, w);
  judge.run(named_load("shear:xz", load_defaults(spec)));
}
std::vector<std::string> domain_seeds() {
  std::vector<std::string> out;
  for (const std::string& file : model_files()) out.push_back(read_model(scratch_file("seed.safetensors", file)).spec.domain);
  return out;
}

}  // namespace grainspin::fuzz
