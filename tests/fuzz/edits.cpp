// Valid HDF5 files with mutated content.
#include <hdf5.h>

#include <algorithm>
#include <cstring>

#include "fuzz.h"

namespace grainspin::fuzz {
namespace {

// The program: numbers taken from its front; zeros behind its end.
class Reader {
 public:
  explicit Reader(Bytes bytes) : bytes_(bytes) {}
  bool more() const { return !bytes_.empty(); }
  unsigned byte() {
    if (bytes_.empty()) return 0;
    const unsigned b = bytes_.front();
    bytes_ = bytes_.subspan(1);
    return b;
  }
  unsigned below(std::size_t n) { return n == 0 ? 0 : (byte() << 8 | byte()) % unsigned(n); }
  std::string take(std::size_t n) {
    n = std::min(n, bytes_.size());
    const std::string out(reinterpret_cast<const char*>(bytes_.data()), n);
    bytes_ = bytes_.subspan(n);
    return out;
  }

 private:
  Bytes bytes_;
};

class Handle {
 public:
  Handle(hid_t id, herr_t (*close)(hid_t)) : id_(id), close_(close) {}
  ~Handle() {
    if (id_ >= 0) close_(id_);
  }
  Handle(const Handle&) = delete;
  operator hid_t() const { return id_; }

 private:
  hid_t id_;
  herr_t (*close_)(hid_t);
};

std::vector<std::string> objects(hid_t file) {
  std::vector<std::string> out{"."};
  H5Lvisit(
      file, H5_INDEX_NAME, H5_ITER_INC,
      [](hid_t, const char* name, const H5L_info_t*, void* to) -> herr_t {
        static_cast<std::vector<std::string>*>(to)->emplace_back(name);
        return 0;
      },
      &out);
  return out;
}

std::vector<std::string> attributes(hid_t object) {
  std::vector<std::string> out;
  hsize_t at = 0;
  H5Aiterate2(
      object, H5_INDEX_NAME, H5_ITER_INC, &at,
      [](hid_t, const char* name, const H5A_info_t*, void* to) -> herr_t {
        static_cast<std::vector<std::string>*>(to)->emplace_back(name);
        return 0;
      },
      &out);
  return out;
}

constexpr hsize_t kExtents[] = {0, 1, 2, 3, 4, 6, 9, 12, 1000, 65536, 2147483647, 2147483648, 4294967296, hsize_t(1) << 40};

hid_t a_type(Reader& in) {
  switch (in.byte() % 10) {
    case 0: return H5Tcopy(H5T_IEEE_F32LE);
    case 1: return H5Tcopy(H5T_IEEE_F64LE);
    case 2: return H5Tcopy(H5T_STD_I32LE);
    case 3: return H5Tcopy(H5T_STD_I64BE);
    case 4: return H5Tcopy(H5T_STD_U8LE);
    case 5: {
      const hid_t t = H5Tcopy(H5T_C_S1);
      H5Tset_size(t, std::size_t(1) << in.byte() % 31);
      return t;
    }
    case 6: {
      const hid_t t = H5Tcopy(H5T_C_S1);
      H5Tset_size(t, H5T_VARIABLE);
      return t;
    }
    case 7: {
      const hid_t t = H5Tcreate(H5T_COMPOUND, 24);
      const Handle text(H5Tcopy(H5T_C_S1), H5Tclose);
      H5Tset_size(text, in.byte() % 2 ? 8 : 16);
      H5Tinsert(t, "label", 0, text);
      H5Tinsert(t, in.byte() % 2 ? "entry" : "entr", 16, H5T_STD_I64LE);
      return t;
    }
    case 8: return H5Tvlen_create(H5T_STD_I32LE);
    default: return H5Tcopy(H5T_STD_REF_OBJ);
  }
}

hid_t a_space(Reader& in) {
  const int rank = int(in.byte() % 7) - 1;
  if (rank < 0) return H5Screate(H5S_NULL);
  if (rank == 0) return H5Screate(H5S_SCALAR);
  std::vector<hsize_t> extents;
  for (int i = 0; i < rank; ++i) extents.push_back(kExtents[in.byte() % std::size(kExtents)]);
  return H5Screate_simple(rank, extents.data(), nullptr);
}

// Bytes of a dataset or an attribute of fixed-size values, changed from `at` on.
template <class Read, class Write>
void overwrite(hid_t type, hid_t space, Reader& in, Read&& read, Write&& write) {
  const hssize_t n = H5Sget_simple_extent_npoints(space);
  const std::size_t size = H5Tget_size(type);
  if (n <= 0 || size == 0 || double(n) * double(size) > 1e6 || H5Tdetect_class(type, H5T_VLEN) > 0 || H5Tis_variable_str(type) > 0 ||
      H5Tdetect_class(type, H5T_REFERENCE) > 0)
    return;
  std::vector<char> bytes(std::size_t(n) * size);
  if (read(bytes.data()) < 0) return;
  const std::size_t at = in.below(std::min<std::size_t>(bytes.size(), 65535));
  const std::string with = in.take(1 + in.byte() % 16);
  std::memcpy(bytes.data() + at, with.data(), std::min(with.size(), bytes.size() - at));
  write(bytes.data());
}

void overwrite_dataset(hid_t file, const std::string& name, Reader& in) {
  const Handle data(H5Dopen2(file, name.c_str(), H5P_DEFAULT), H5Dclose);
  if (data < 0) return;
  const Handle type(H5Dget_type(data), H5Tclose), space(H5Dget_space(data), H5Sclose);
  overwrite(
      type, space, in, [&](void* to) { return H5Dread(data, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, to); },
      [&](const void* from) { H5Dwrite(data, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, from); });
}

void replace_dataset(hid_t file, const std::string& name, Reader& in) {
  H5Ldelete(file, name.c_str(), H5P_DEFAULT);
  const Handle type(a_type(in), H5Tclose), space(a_space(in), H5Sclose), create(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
  const hssize_t n = H5Sget_simple_extent_npoints(space);
  const bool small = n >= 0 && double(n) * double(H5Tget_size(type)) < 1e5;
  H5Pset_alloc_time(create, small ? H5D_ALLOC_TIME_EARLY : H5D_ALLOC_TIME_LATE);
  if (in.byte() % 4 == 0 && H5Sget_simple_extent_ndims(space) > 0) {  // chunks, some of them of hostile size
    std::vector<hsize_t> chunk;
    for (int i = 0; i < H5Sget_simple_extent_ndims(space); ++i) chunk.push_back(std::max<hsize_t>(kExtents[in.byte() % 9], 1));
    H5Pset_chunk(create, int(chunk.size()), chunk.data());
    if (in.byte() % 2) H5Pset_deflate(create, 6);
  }
  const Handle data(H5Dcreate2(file, name.c_str(), type, space, H5P_DEFAULT, create, H5P_DEFAULT), H5Dclose);
  if (data >= 0 && small) overwrite(
      type, space, in, [](void*) { return 0; }, [&](const void* from) { H5Dwrite(data, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, from); });
}

// A text of variable length is replaced as a whole: its first half, some bytes, its end.
void change_text(hid_t file, const std::string& name, Reader& in) {
  const Handle data(H5Dopen2(file, name.c_str(), H5P_DEFAULT), H5Dclose);
  if (data < 0) return;
  const Handle type(H5Dget_type(data), H5Tclose), space(H5Dget_space(data), H5Sclose);
  if (H5Tis_variable_str(type) <= 0 || H5Sget_simple_extent_npoints(space) != 1) return overwrite_dataset(file, name, in);
  char* text = nullptr;
  if (H5Dread(data, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, &text) < 0 || !text) return;
  std::string changed = text;
  H5free_memory(text);
  const std::size_t at = in.below(changed.size() + 1), gone = in.byte() % 16;
  changed.replace(at, std::min(gone, changed.size() - at), in.take(in.byte() % 24));
  const char* from = changed.c_str();
  H5Dwrite(data, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, &from);
}

void change_attribute(hid_t file, const std::string& name, Reader& in) {
  const Handle object(H5Oopen(file, name.c_str(), H5P_DEFAULT), H5Oclose);
  if (object < 0) return;
  const auto names = attributes(object);
  if (names.empty()) return;
  const std::string which = names[in.below(names.size())];
  if (const unsigned how = in.byte() % 3; how == 0) {
    H5Adelete(object, which.c_str());
  } else if (how == 1) {
    const Handle attribute(H5Aopen(object, which.c_str(), H5P_DEFAULT), H5Aclose);
    const Handle type(H5Aget_type(attribute), H5Tclose), space(H5Aget_space(attribute), H5Sclose);
    overwrite(
        type, space, in, [&](void* to) { return H5Aread(attribute, type, to); }, [&](const void* from) { H5Awrite(attribute, type, from); });
  } else {
    H5Adelete(object, which.c_str());
    const Handle type(a_type(in), H5Tclose), space(a_space(in), H5Sclose);
    const hssize_t n = H5Sget_simple_extent_npoints(space);
    if (n < 0 || double(n) * double(H5Tget_size(type)) > 6e4) return;
    const Handle attribute(H5Acreate2(object, which.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT), H5Aclose);
    overwrite(
        type, space, in, [](void*) { return 0; }, [&](const void* from) { H5Awrite(attribute, type, from); });
  }
}

void edit(hid_t file, Reader& in) {
  const auto names = objects(file);
  const std::string name = names[in.below(names.size())];
  const unsigned op = in.byte() % 10;
  if (op >= 7) return change_text(file, name, in);
  if (op >= 5) return overwrite_dataset(file, name, in);
  if (op == 4) return change_attribute(file, name, in);
  if (name == ".") return;
  const std::string other = names[in.below(names.size())];
  switch (op) {
    case 0: H5Ldelete(file, name.c_str(), H5P_DEFAULT); return;
    case 1: {
      const Handle create(H5Pcreate(H5P_LINK_CREATE), H5Pclose);
      H5Pset_create_intermediate_group(create, 1);
      H5Lmove(file, name.c_str(), file, in.byte() % 2 ? other.c_str() : ("odd/" + in.take(4) + "x").c_str(), create, H5P_DEFAULT);
      return;
    }
    case 2: replace_dataset(file, name, in); return;
    default:  // a link to another object, which may be above it, or to nothing
      H5Ldelete(file, name.c_str(), H5P_DEFAULT);
      H5Lcreate_soft((in.byte() % 4 ? "/" + other : "/nothing").c_str(), file, name.c_str(), H5P_DEFAULT, H5P_DEFAULT);
  }
}

}  // namespace

std::string edited_hdf5(const std::string& base, Bytes program) {
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  Reader in(program);
  const Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  H5Pset_fapl_core(access, 1 << 16, false);
  H5Pset_file_image(access, const_cast<char*>(base.data()), base.size());
  std::string image;
  const Handle file(H5Fopen("image.h5", H5F_ACC_RDWR, access), H5Fclose);
  if (file < 0) return {};
  for (int ops = 0; in.more() && ops < 12; ++ops) edit(file, in);
  H5Fflush(file, H5F_SCOPE_GLOBAL);
  const ssize_t size = H5Fget_file_image(file, nullptr, 0);
  if (size <= 0 || size > (64 << 20)) return {};
  image.resize(std::size_t(size));
  if (H5Fget_file_image(file, image.data(), image.size()) < 0) return {};
  return image;
}

}  // namespace grainspin::fuzz
