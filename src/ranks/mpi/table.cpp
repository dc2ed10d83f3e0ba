// libgrainspin_mpi: the table of mpi_table.h with the machine's MPI. The only file that sees mpi.h.
#define OMPI_SKIP_MPICXX 1
#define MPICH_SKIP_MPICXX 1
#include <mpi.h>
#include <sched.h>

#include <algorithm>
#include <vector>

#include "src/ranks/mpi_table.h"

namespace {

using grainspin::RankMessage;

constexpr int kData = 1, kAlarm = 2;                 // tags
constexpr std::int64_t kLargest = std::int64_t(1) << 30;  // bytes of one MPI message: its counts are int

int my_rank() {
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  return rank;
}

int world_size() {
  int size = 1;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  return size;
}

void begin() {
  int given = 0;
  MPI_Init_thread(nullptr, nullptr, MPI_THREAD_SERIALIZED, &given);
}

void end() { MPI_Finalize(); }

// Each processor that this process may run on is shared with the ranks of this machine that may run there too.
void node(int* rank, int* ranks, int* threads) {
  MPI_Comm here;
  MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &here);
  MPI_Comm_rank(here, rank);
  MPI_Comm_size(here, ranks);
  cpu_set_t mine;
  CPU_ZERO(&mine);
  sched_getaffinity(0, sizeof mine, &mine);
  std::vector<cpu_set_t> all(static_cast<std::size_t>(*ranks));
  MPI_Allgather(&mine, sizeof mine, MPI_BYTE, all.data(), sizeof mine, MPI_BYTE, here);
  double share = 0;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &mine)) continue;
    const auto users = std::count_if(all.begin(), all.end(), [&](const cpu_set_t& set) { return CPU_ISSET(cpu, &set) != 0; });
    share += 1.0 / double(std::max<std::ptrdiff_t>(users, 1));
  }
  *threads = std::max(1, int(share + 1e-6));
  MPI_Comm_free(&here);
}

void gather(const void* mine, std::size_t bytes, void* all) {
  MPI_Allgather(mine, int(bytes), MPI_BYTE, all, int(bytes), MPI_BYTE, MPI_COMM_WORLD);
}

void exchange(const RankMessage* send, std::size_t sends, const RankMessage* receive, std::size_t receives) {
  std::vector<MPI_Request> requests;
  const auto post = [&](const RankMessage& m, bool out) {
    for (std::int64_t at = 0; at < m.bytes; at += kLargest) {
      const int bytes = int(std::min(kLargest, m.bytes - at));
      char* const data = static_cast<char*>(m.data) + at;
      requests.emplace_back();
      if (out)
        MPI_Isend(data, bytes, MPI_BYTE, m.rank, kData, MPI_COMM_WORLD, &requests.back());
      else
        MPI_Irecv(data, bytes, MPI_BYTE, m.rank, kData, MPI_COMM_WORLD, &requests.back());
    }
  };
  for (std::size_t i = 0; i < receives; ++i) post(receive[i], false);
  for (std::size_t i = 0; i < sends; ++i) post(send[i], true);
  MPI_Waitall(int(requests.size()), requests.data(), MPI_STATUSES_IGNORE);
}

// One byte to every other rank, which it looks for between two tiles.
std::vector<MPI_Request> alarms;
char alarm_byte = 1;

void alarm() {
  for (int r = 0; r < world_size(); ++r) {
    if (r == my_rank()) continue;
    alarms.emplace_back();
    MPI_Isend(&alarm_byte, 1, MPI_BYTE, r, kAlarm, MPI_COMM_WORLD, &alarms.back());
  }
}

bool alarmed() {
  int there = 0;
  MPI_Iprobe(MPI_ANY_SOURCE, kAlarm, MPI_COMM_WORLD, &there, MPI_STATUS_IGNORE);
  return there != 0;
}

void clear_alarms(const unsigned char* raised) {
  for (int r = 0; r < world_size(); ++r) {
    char byte;
    if (raised[r] && r != my_rank()) MPI_Recv(&byte, 1, MPI_BYTE, r, kAlarm, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  }
  MPI_Waitall(int(alarms.size()), alarms.data(), MPI_STATUSES_IGNORE);
  alarms.clear();
}

const char* library() {
  static char text[MPI_MAX_LIBRARY_VERSION_STRING];
  int length = 0;
  MPI_Get_library_version(text, &length);  // allowed before MPI_Init
  if (char* stop = std::find_if(text, text + length, [](char c) { return c == ',' || c == '\n'; })) *stop = 0;
  return text;
}

}  // namespace

extern "C" __attribute__((visibility("default"))) const grainspin::mpi::Table* grainspin_mpi_table() {
  static const grainspin::mpi::Table table{grainspin::mpi::kTableVersion, library(), begin, end, my_rank, world_size, node,
                                           gather, exchange, alarm, alarmed, clear_alarms};
  return &table;
}
