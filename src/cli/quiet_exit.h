#pragma once

namespace grainspin::cli {

// Thrown to end the program with this status and without a word: another process of the job tells the error.
struct QuietExit {
  int status;
};

}  // namespace grainspin::cli
