#include "src/io/virtual_dataset.h"

#include <filesystem>

namespace grainspin::h5 {
namespace {

namespace fs = std::filesystem;

// HDF5 reads % in the name of a file or dataset as the start of a pattern.
std::string plain(const std::string& name) {
  std::string out;
  for (const char c : name) out.append(c == '%' ? "%%" : std::string(1, c));
  return out;
}

std::string named(std::string name) {
  for (std::size_t at = 0; (at = name.find("%%", at)) != std::string::npos; ++at) name.erase(at, 1);
  return name;
}

// A text that HDF5 gives into a buffer of a size asked for before.
template <class Get>
std::string text(const Get& get) {
  const auto size = get(nullptr, 0);
  if (size < 0) return "";
  std::string out(std::size_t(size) + 1, '\0');
  get(out.data(), out.size());
  out.resize(std::size_t(size));
  return out;
}

// Where HDF5 finds a file that this dataset's names.
fs::path found(const Dataset& data, const std::string& file) {
  const Id whole(H5Iget_file_id(data.id()), H5Fclose);
  const fs::path own = text([&](char* to, std::size_t n) { return H5Fget_name(whole, to, n); });
  if (file == ".") return own;
  return fs::path(file).is_absolute() ? fs::path(file) : own.parent_path() / file;
}

}  // namespace

Dataset make_view(const File& file, const std::string& name, hid_t type, const std::vector<hsize_t>& shape, const std::vector<VirtualPart>& parts) {
  const std::string at = file.where("dataset", name);
  const Id create(H5Pcreate(H5P_DATASET_CREATE), H5Pclose), space(H5Screate_simple(int(shape.size()), shape.data(), nullptr), H5Sclose);
  H5Pset_obj_track_times(create, 0);  // the same content makes the same file
  for (const VirtualPart& part : parts) {
    std::vector<hsize_t> start(shape.size(), 0), count = shape;
    start[1] = part.begin;
    count[1] = part.count;
    const Id source(H5Screate_simple(int(count.size()), count.data(), nullptr), H5Sclose);
    if (H5Sselect_hyperslab(space, H5S_SELECT_SET, start.data(), nullptr, count.data(), nullptr) < 0 ||
        H5Pset_virtual(create, space, plain(part.file).c_str(), plain(part.name).c_str(), source) < 0)
      fail(Errc::kInternal, at, "cannot be a view of its parts");
  }
  H5Sselect_all(space);
  Id id(H5Dcreate2(file.id(), name.c_str(), type, space, H5P_DEFAULT, create, H5P_DEFAULT), H5Dclose);
  if (id < 0) fail(Errc::kIo, at, "cannot be made");
  return Dataset(std::move(id), at);
}

bool is_virtual(hid_t dataset) {
  const Id create(H5Dget_create_plist(dataset), H5Pclose);
  return create >= 0 && H5Pget_layout(create) == H5D_VIRTUAL;
}

void require_parts(const Dataset& data) {
  const Id create(H5Dget_create_plist(data.id()), H5Pclose);
  std::size_t parts = 0;
  if (H5Pget_virtual_count(create, &parts) < 0) fail(Errc::kFormat, data.where(), "has no readable parts");
  double wanted = 1, given = 0;
  for (const hsize_t n : data.shape()) wanted *= double(n);
  for (std::size_t i = 0; i < parts; ++i) {
    const std::string file = named(text([&](char* to, std::size_t n) { return H5Pget_virtual_filename(create, i, to, n); }));
    const std::string name = named(text([&](char* to, std::size_t n) { return H5Pget_virtual_dsetname(create, i, to, n); }));
    const fs::path path = found(data, file);
    std::error_code error;
    require(fs::is_regular_file(path, error), Errc::kIo,
            data.where() + ": its part " + path.string() + " is missing (the files of one result stay together)");
    const File part = File::open(path.string());
    const Dataset source = part.dataset(name);
    // One that is a view itself could lead back here.
    require(!is_virtual(source.id()), Errc::kFormat, source.where() + ": is itself a view of other files");
    source.require_written();
    // The extent that the mapping states for a source is not kept in the file.
    const Id to(H5Pget_virtual_vspace(create, i), H5Sclose);
    double held = 1;
    for (const hsize_t n : source.shape()) held *= double(n);
    require(source.shape().size() == data.shape().size() && double(H5Sget_select_npoints(to)) == held, Errc::kFormat,
            source.where() + ": has another shape than " + data.where() + " takes it for");
    given += double(H5Sget_select_npoints(to));
  }
  require(given >= wanted, Errc::kFormat, data.where() + ": its " + std::to_string(parts) + " parts do not cover it");
}

}  // namespace grainspin::h5
