// The safetensors layout (huggingface/safetensors, format description): 8 bytes little-endian length of
// the header, a JSON header {name: {dtype, shape, data_offsets}, "__metadata__": {text: text}}, then the
// raw little-endian values without holes. Only float32 is written and read.
#pragma once

#include <map>
#include <string>

#include "grainspin/model.h"  // Tensor

namespace grainspin {

struct TensorFile {
  std::map<std::string, std::string> metadata;
  std::map<std::string, Tensor> tensors;
};

// Throws Error kIo when the file cannot be read, kFormat (naming file and tensor) when it is not sound:
// nothing is allocated that the file's own size does not back.
TensorFile read_safetensors(const std::string& path);

// Under a temporary name in the same folder, synced, then renamed. Error kIo leaves nothing behind.
void write_safetensors(const std::string& path, const TensorFile& file);

}  // namespace grainspin
