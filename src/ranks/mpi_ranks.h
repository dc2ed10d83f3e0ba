// Ranks of an MPI job.
#pragma once

#include <memory>
#include <string>

#include "src/ranks/ranks.h"

namespace grainspin {

// Joins the job that this process was started in (mpirun, srun); a process started by itself is the only rank. Once in a
// process; the object's end is MPI's end, which all ranks must reach. Throws Error kDevice where the program was built
// without MPI, or the library (libgrainspin_mpi, or GRAINSPIN_MPI_LIBRARY) cannot be opened.
std::unique_ptr<Ranks> join_mpi();

// "Open MPI v4.1.4", or why there is none.
std::string mpi_summary();

// Processes that a launcher says it has started for this job (environment of Open MPI, MPICH and its kin, Slurm's PMIx);
// 1 where none says so. For a word to who forgot --mpi.
int launched_ranks();

}  // namespace grainspin
