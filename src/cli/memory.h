// Memory as people state it and as the machine has it.
#pragma once

#include <cstdint>
#include <string>

namespace grainspin::cli {

// "2GB", "1.5 GiB", "800M", "123456": bytes; k, M, G, T are powers of 1000, with i of 1024. Throws Error
// kArgument.
std::int64_t parse_size(const std::string& text);
// 1234567890 -> "1.23 GB".
std::string size_text(double bytes);

// What the machine (and the control group, where one limits it) can still give. 0 where it does not tell.
std::int64_t available_memory();
// What this process holds now. Pages of files (libraries, code) are not counted: the system can drop them, and how many
// are there depends on what others have mapped.
std::int64_t resident_memory();

}  // namespace grainspin::cli
