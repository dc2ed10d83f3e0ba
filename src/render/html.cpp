#include "src/render/html.h"

#include <cstdint>

#include "src/render/text.h"

namespace grainspin::render {

extern const char* const kPageStyle;  // page_style.cpp

std::string escaped(std::string_view text) {
  std::string s;
  for (const char c : valid_utf8(text)) switch (c) {
      case '&':
        s += "&amp;";
        break;
      case '<':
        s += "&lt;";
        break;
      case '>':
        s += "&gt;";
        break;
      case '"':
        s += "&quot;";
        break;
      case '\'':
        s += "&#39;";
        break;
      default:
        s += c;
    }
  return s;
}

std::string base64(std::string_view bytes) {
  static constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string s;
  s.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto byte = [&](std::size_t k) {
      return i + k < bytes.size() ? std::uint32_t(static_cast<unsigned char>(bytes[i + k])) : 0u;
    };
    const std::uint32_t word = byte(0) << 16 | byte(1) << 8 | byte(2);
    for (int k = 0; k < 4; ++k)
      s += i + std::size_t(k) <= bytes.size() ? kDigits[word >> (18 - 6 * k) & 63] : '=';
  }
  return s;
}

std::string data_uri(std::string_view media_type, std::string_view bytes) {
  return "data:" + std::string(media_type) + ";base64," + base64(bytes);
}

std::string table(const std::vector<std::string>& header, const std::vector<std::vector<std::string>>& rows) {
  std::string s = "<div class=\"scroll\"><table>\n<thead><tr>";
  for (const std::string& h : header) s += "<th scope=\"col\">" + escaped(h) + "</th>";
  s += "</tr></thead>\n<tbody>\n";
  for (const auto& row : rows) {
    s += "<tr>";
    for (std::size_t i = 0; i < row.size(); ++i)
      s += i == 0 ? "<th scope=\"row\">" + escaped(row[i]) + "</th>" : "<td>" + escaped(row[i]) + "</td>";
    s += "</tr>\n";
  }
  return s + "</tbody></table></div>\n";
}

std::string document(std::string_view title, std::string_view body) {
  std::string s =
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
      "<meta name=\"color-scheme\" content=\"light dark\"/>\n<title>";
  s += escaped(title);
  s += "</title>\n<style>\n";
  s += kPageStyle;
  s += "</style>\n</head>\n<body>\n";
  s += body;
  return s + "</body>\n</html>\n";
}

}  // namespace grainspin::render
