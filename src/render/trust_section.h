// The part of the page that says how far to believe a model: its verdict, how right it is about its own error, maps of both.
#pragma once

#include <string>

#include "src/render/report.h"

namespace grainspin::render {

std::string trust_section(const Report& report, const ArchiveScore& archive);  // "" where nothing was judged

}  // namespace grainspin::render
