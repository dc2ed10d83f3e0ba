// What a result holds of every voxel beside what ArchiveInfo tells: the numbers that a prediction was asked to add.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "grainspin/archive.h"

namespace grainspin {

class MoreFields {
 public:
  // Of the file at info.path. None where it is no result of the project's own, or has none.
  explicit MoreFields(const ArchiveInfo& info);
  bool has(const std::string& name) const;
  const std::vector<std::string>& names() const { return names_; }  // of "estimated_error" (float32, degrees), "verdict" (uint8)
  // Cells [begin, begin + count) of a state, x fastest. Error kArgument for a name, state or cells that are not there.
  void read(const std::string& name, int state, std::int64_t begin, std::int64_t count, float* to) const;
  void read(const std::string& name, int state, std::int64_t begin, std::int64_t count, std::uint8_t* to) const;

 private:
  template <class T>
  void read_as(const std::string& name, int state, std::int64_t begin, std::int64_t count, T* to) const;
  Shape shape_;
  int states_ = 0;
  std::vector<std::string> names_;
  struct Data;
  std::shared_ptr<Data> data_;
};

}  // namespace grainspin
