// Pieces of a self-contained HTML page.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace grainspin::render {

// & < > " ' as entities, invalid UTF-8 replaced: safe in text and in quoted attributes.
std::string escaped(std::string_view text);

std::string base64(std::string_view bytes);
std::string data_uri(std::string_view media_type, std::string_view bytes);

// A <table>: first column left, others right. Cells and header are escaped here.
std::string table(const std::vector<std::string>& header, const std::vector<std::vector<std::string>>& rows);

// The page around `body`, with the style (page_style.cpp) in its head.
std::string document(std::string_view title, std::string_view body);

}  // namespace grainspin::render
