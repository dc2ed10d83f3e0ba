// What a result file holds beside its fields.
#include <algorithm>

#include "src/io/result_head.h"

namespace grainspin {

template <class T>
h5::Dataset write_table(h5::File& file, const std::string& name, hid_t type, const std::vector<hsize_t>& shape,
                        const std::vector<T>& values) {
  h5::Dataset data = file.make_dataset(name, type, {shape, {}, {}, false});
  data.write(values.data(), std::vector<hsize_t>(shape.size(), 0), shape);
  return data;
}
template h5::Dataset write_table(h5::File&, const std::string&, hid_t, const std::vector<hsize_t>&, const std::vector<std::int64_t>&);

h5::Dataset write_head(h5::File& file, const ArchiveInfo& info, const WriteOptions& options) {
  const Shape s = info.shape;
  file.make_group("VTKHDF/CellData");
  file.make_group("VTKHDF/Steps/CellDataOffsets");
  file.put("VTKHDF", "Type", std::string("ImageData"));
  file.put("VTKHDF", "Version", std::vector<std::int64_t>{2, 0});
  file.put("VTKHDF", "WholeExtent", std::vector<std::int64_t>{0, s.nx, 0, s.ny, 0, s.nz});
  file.put("VTKHDF", "Origin", std::vector<double>(info.origin.begin(), info.origin.end()));
  file.put("VTKHDF", "Spacing", std::vector<double>{info.size[0] / s.nx, info.size[1] / s.ny, info.size[2] / s.nz});
  file.put("VTKHDF", "Direction", std::vector<double>{1, 0, 0, 0, 1, 0, 0, 0, 1});
  const hsize_t S = info.steps.size();
  file.put_scalar("VTKHDF/Steps", "NSteps", std::int64_t(S));

  file.make_group("grainspin");
  // Readers of version 1 know nothing of these two.
  file.put_scalar("grainspin", "format_version", info.all_loads.empty() && options.packing == Packing::kNone ? 1 : kResultVersion);
  file.put_text("grainspin/info", info_text(info));
  file.put_text("grainspin/provenance", options.provenance);
  if (!info.material.empty()) file.put_text("grainspin/material", info.material);
  for (const auto& [name, text] : options.remarks) file.put("grainspin", name, text);
  for (const std::string& name : options.later) file.put_sized("grainspin", name, "", kRemark);
  std::vector<double> time, strain, F, P, value;
  std::vector<std::int64_t> after;
  for (std::size_t k = 0; k < S; ++k) {
    const StepInfo& step = info.steps[k];
    time.push_back(step.time);
    after.push_back(step.after);
    strain.push_back(step.strain);
    F.insert(F.end(), step.mean_F.begin(), step.mean_F.end());
    P.insert(P.end(), step.mean_P.begin(), step.mean_P.end());
  }
  // ParaView wants times that grow: the strain, or the state's number where strains do not tell them apart.
  for (std::size_t k = 0; k < S; ++k) value.push_back(strain[k]);
  if (std::adjacent_find(value.begin(), value.end(), [](double a, double b) { return !(a < b); }) != value.end())
    for (std::size_t k = 0; k < S; ++k) value[k] = double(k);
  write_table(file, "VTKHDF/Steps/Values", H5T_IEEE_F64LE, {S}, value);
  write_table(file, "grainspin/time", H5T_IEEE_F64LE, {S}, time);
  write_table(file, "grainspin/strain", H5T_IEEE_F64LE, {S}, strain);
  write_table(file, "grainspin/mean_F", H5T_IEEE_F64LE, {S, 3, 3}, F);
  write_table(file, "grainspin/mean_P", H5T_IEEE_F64LE, {S, 3, 3}, P);
  const std::vector<LoadStep>& loads = info.all_loads.empty() ? info.loads : info.all_loads;
  if (!info.all_loads.empty()) write_table(file, "grainspin/state_step", H5T_STD_I64LE, {S}, after);
  if (loads.empty()) return {};
  std::vector<double> L;
  std::vector<std::uint8_t> prescribed;
  for (const LoadStep& load : loads) {
    L.insert(L.end(), load.L.begin(), load.L.end());
    prescribed.insert(prescribed.end(), load.prescribed.begin(), load.prescribed.end());
  }
  h5::Dataset table = write_table(file, "grainspin/load", H5T_IEEE_F64LE, {loads.size(), 3, 3}, L);
  write_table(file, "grainspin/prescribed", H5T_STD_U8LE, {loads.size(), 3, 3}, prescribed);
  return table;
}

}  // namespace grainspin
