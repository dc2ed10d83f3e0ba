#include "src/io/vti.h"

#include <zlib.h>

#include <cstring>
#include <limits>
#include <pugixml.hpp>
#include <sstream>

#include "src/io/numbers.h"

namespace grainspin {
namespace {

template <class T>
std::vector<T> words(const char* text) {
  std::vector<T> out;
  for (std::string_view rest = text ? text : "";;) {
    const auto begin = rest.find_first_not_of(" \t\r\n");
    if (begin == std::string_view::npos) return out;
    rest.remove_prefix(begin);
    const auto end = std::min(rest.find_first_of(" \t\r\n"), rest.size());
    const auto value = parse_number<T>(rest.substr(0, end));
    if (!value) return {};
    out.push_back(*value);
    rest.remove_prefix(end);
  }
}

pugi::xml_document parse(const std::string& xml, const std::string& where) {
  pugi::xml_document document;
  const auto result = document.load_buffer(xml.data(), xml.size());
  require(bool(result), Errc::kFormat, where + ": is not XML (" + result.description() + ")");
  return document;
}

pugi::xml_node material_array(const pugi::xml_document& document) {
  for (const auto& array : document.child("VTKFile").child("ImageData").child("Piece").child("CellData"))
    if (std::string_view(array.attribute("Name").value()) == "material") return array;
  return {};
}

// One base64 group, from its first character to its padding or to `characters`.
std::vector<unsigned char> base64(std::string_view text, const std::string& where) {
  std::vector<unsigned char> out;
  out.reserve(text.size() / 4 * 3);
  unsigned bits = 0;
  int have = 0;
  for (const char c : text) {
    int v;
    if (c >= 'A' && c <= 'Z') v = c - 'A';
    else if (c >= 'a' && c <= 'z') v = c - 'a' + 26;
    else if (c >= '0' && c <= '9') v = c - '0' + 52;
    else if (c == '+') v = 62;
    else if (c == '/') v = 63;
    else if (c == '=') break;
    else throw Error(Errc::kFormat, where + ": a character that is not base64");
    bits = bits << 6 | unsigned(v);
    have += 6;
    if (have >= 8) out.push_back(static_cast<unsigned char>(bits >> (have -= 8)));
  }
  return out;
}

std::uint64_t little(const unsigned char* p, std::size_t width) {
  std::uint64_t v = 0;
  for (std::size_t i = width; i-- > 0;) v = v << 8 | p[i];
  return v;
}

// VTK's inline binary: [n blocks, block size, last block size, compressed sizes...] encoded by itself, then
// the blocks; without a compressor [n bytes] and the bytes encoded together.
std::vector<unsigned char> inline_bytes(std::string_view text, bool compressed, std::size_t width,
                                        std::size_t wanted, const std::string& where) {
  const auto short_of = [&] { return Error(Errc::kFormat, where + ": binary data end too early"); };
  const auto characters = [](std::size_t bytes) { return (bytes + 2) / 3 * 4; };
  if (!compressed) {
    std::vector<unsigned char> all = base64(text, where);
    if (all.size() < width || all.size() - width < wanted) throw short_of();
    all.erase(all.begin(), all.begin() + std::ptrdiff_t(width));
    all.resize(wanted);
    return all;
  }
  if (text.size() < characters(width)) throw short_of();
  const auto first = base64(text.substr(0, characters(width)), where);
  if (first.size() < width) throw short_of();
  const std::uint64_t blocks = little(first.data(), width);
  require(blocks <= text.size(), Errc::kFormat, where + ": implausible number of compressed blocks");
  const std::size_t head_bytes = std::size_t(3 + blocks) * width;
  if (text.size() < characters(head_bytes)) throw short_of();
  const auto head = base64(text.substr(0, characters(head_bytes)), where);
  if (head.size() < head_bytes) throw short_of();
  const auto body = base64(text.substr(characters(head_bytes)), where);
  const std::uint64_t block = little(&head[width], width), last = little(&head[2 * width], width);
  std::vector<unsigned char> out(wanted);
  std::size_t from = 0, to = 0;
  for (std::uint64_t b = 0; b < blocks; ++b) {
    const std::uint64_t packed = little(&head[(3 + b) * width], width);
    const std::uint64_t size = b + 1 == blocks && last != 0 ? last : block;
    if (packed > body.size() - from || size > wanted - to) throw short_of();
    uLongf got = uLongf(size);
    require(uncompress(out.data() + to, &got, body.data() + from, uLong(packed)) == Z_OK && got == size,
            Errc::kFormat, where + ": damaged compressed block");
    from += std::size_t(packed);
    to += std::size_t(size);
  }
  if (to != wanted) throw short_of();
  return out;
}

template <class T>
std::vector<std::int64_t> widened(const std::vector<unsigned char>& bytes) {
  std::vector<std::int64_t> out(bytes.size() / sizeof(T));
  for (std::size_t i = 0; i < out.size(); ++i) {
    T v;
    std::memcpy(&v, bytes.data() + i * sizeof(T), sizeof(T));
    out[i] = std::int64_t(v);
  }
  return out;
}

VtiHead head_of(const pugi::xml_document& document, const std::string& where) {
  const auto image = document.child("VTKFile").child("ImageData");
  require(bool(image), Errc::kFormat, where + ": is no VTK ImageData");
  const auto extent = words<std::int64_t>(image.attribute("WholeExtent").value());
  const auto spacing = words<double>(image.attribute("Spacing").value());
  const auto origin = words<double>(image.attribute("Origin").value());
  require(extent.size() == 6 && spacing.size() == 3 && origin.size() == 3, Errc::kFormat,
          where + ": unreadable WholeExtent, Spacing or Origin");
  VtiHead head;
  std::array<int, 3> cells;
  for (int i = 0; i < 3; ++i) {
    const std::int64_t limit = std::numeric_limits<int>::max();
    require(std::abs(extent[2 * i]) <= limit && extent[2 * i + 1] > extent[2 * i] &&
                extent[2 * i + 1] - extent[2 * i] <= limit,
            Errc::kFormat, where + ": implausible WholeExtent");
    cells[i] = int(extent[2 * i + 1] - extent[2 * i]);
    head.spacing[i] = spacing[i];
    head.origin[i] = origin[i] + spacing[i] * double(extent[2 * i]);
  }
  head.shape = {cells[0], cells[1], cells[2]};
  head.has_material = bool(material_array(document));
  return head;
}

}  // namespace

VtiHead read_vti_head(const std::string& xml, const std::string& where) {
  return head_of(parse(xml, where), where);
}

std::vector<std::int64_t> read_vti_material(const std::string& xml, const std::string& where) {
  const auto document = parse(xml, where);
  const VtiHead head = head_of(document, where);
  const auto array = material_array(document);
  const std::string at = where + ": array material";
  require(bool(array), Errc::kFormat, at + ": is missing");
  // zlib packs 1032 to 1 at best, so a header cannot ask for more than what was sent may hold.
  const double voxels = double(head.shape.nx) * head.shape.ny * head.shape.nz;
  require(voxels <= 1032 * double(xml.size()), Errc::kFormat, at + ": binary data end too early");
  const std::size_t n = std::size_t(head.shape.voxels());
  const std::string_view format = array.attribute("format").value();
  if (format == "ascii") {
    auto values = words<std::int64_t>(array.text().get());
    require(values.size() == n, Errc::kShape,
            at + ": wanted " + std::to_string(n) + " numbers, found " + std::to_string(values.size()));
    return values;
  }
  require(format == "binary", Errc::kFormat, at + ": format " + std::string(format) + " is not supported");
  const auto file = document.child("VTKFile");
  const std::string_view order = file.attribute("byte_order").value(),
                         compressor = file.attribute("compressor").value(),
                         header = file.attribute("header_type").value(), type = array.attribute("type").value();
  require(order != "BigEndian", Errc::kFormat, at + ": big-endian data are not supported");
  require(compressor.empty() || compressor == "vtkZLibDataCompressor", Errc::kFormat,
          at + ": compressor " + std::string(compressor) + " is not supported");
  std::string text;  // without the blanks that XML writers add
  for (const char* c = array.text().get(); *c; ++c)
    if (!std::strchr(" \t\r\n", *c)) text += *c;
  const std::size_t width = header == "UInt64" ? 8 : 4;
  const auto bytes = [&](std::size_t size) {
    require(n * size <= (compressor.empty() ? 1 : 1032) * text.size(), Errc::kFormat, at + ": binary data end too early");
    return inline_bytes(text, !compressor.empty(), width, n * size, at);
  };
  if (type == "Int64" || type == "UInt64" || type == "vtkIdType") return widened<std::int64_t>(bytes(8));
  if (type == "Int32") return widened<std::int32_t>(bytes(4));
  if (type == "UInt32") return widened<std::uint32_t>(bytes(4));
  if (type == "Int16") return widened<std::int16_t>(bytes(2));
  if (type == "UInt16") return widened<std::uint16_t>(bytes(2));
  if (type == "Int8") return widened<std::int8_t>(bytes(1));
  if (type == "UInt8") return widened<std::uint8_t>(bytes(1));
  throw Error(Errc::kFormat, at + ": type " + std::string(type) + " is not supported");
}

}  // namespace grainspin
