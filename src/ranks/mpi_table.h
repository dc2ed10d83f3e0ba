// What libgrainspin_mpi gives the program: MPI behind plain functions, so that nothing else is compiled or linked with
// an MPI library, and one program runs with and without. The library is built with the MPI of the machine.
#pragma once

#include <cstddef>
#include <cstdint>

#include "src/ranks/ranks.h"

namespace grainspin::mpi {

inline constexpr int kTableVersion = 1;
inline constexpr const char* kTableSymbol = "grainspin_mpi_table";

// From one thread at a time. Errors of MPI itself end the job, as MPI does by default.
struct Table {
  int version;
  const char* library;  // what MPI calls itself
  void (*begin)();      // once; end() once, by all ranks
  void (*end)();
  int (*rank)();
  int (*size)();
  // Among the processes of this machine; threads: this process' share of the processors that it may run on.
  void (*node)(int* rank, int* ranks, int* threads);
  void (*gather)(const void* mine, std::size_t bytes, void* all);
  void (*exchange)(const RankMessage* send, std::size_t sends, const RankMessage* receive, std::size_t receives);
  void (*alarm)();
  bool (*alarmed)();
  void (*clear_alarms)(const unsigned char* raised);  // [size()]
};
using TableFunction = const Table* (*)();

}  // namespace grainspin::mpi
