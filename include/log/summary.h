/* summary: what a run did and how fast. Each rank times the parts of its time loop; at the end, complete or stopped
 * early, the least, mean and largest of these over the ranks go to <output>/summary.json and as a table to the log.
 *
 * summary.json tells of this start of the run, not of those before a resume; {min, mean, max} are over ranks:
 *   format, format_version, version    "mckean-summary", 1, of the program
 *   complete                           the run ended; false: it stopped early with a checkpoint
 *   first_step, step, steps            where this start began, where it is, where the input ends
 *   restarts                           of the job, by SLURM or jobs/run.sh; 0 for a first start and without SLURM
 *   ranks, threads                     threads of each rank; ranks x threads are the cores
 *   level, precision, unit, d          instruction set; as in the input
 *   networks, units                    of all sizes and replicas
 *   seconds, core_hours                of the time loop; times cores
 *   pairs                              (unit x sample) pairs of all steps and ranks
 *   pairs_per_s, ns_per_pair           pairs per second of computing, the loop without part save; ns of a core for each
 *   imbalance                          longest over mean time at work in steps and rows: 1 is even
 *   gemm_gflops, peak_fraction         GEMM in the precision of the arithmetic, a core, all ranks at once after the
 *                                      loop, best of 0.1 s; 6 d flops per pair against it. null: for loops below 5 s,
 *                                      under the exact potential, where OpenBLAS has no kernels for this processor
 *   checkpoints, checkpoint_bytes      written, of all ranks together
 *   checkpoint_gbytes_per_s            these over the longest time of part save: with checks and history
 *   memory_bytes {min, mean, max}      most resident memory of a rank, libraries included (VmHWM)
 *   agreeing {min, mean, max}          seconds of the loop outside of its parts: ranks wait for one another to agree
 *                                      whether to stop, and for what is told meanwhile
 *   parts                              of step, row, field, save (below): count, pairs of all ranks,
 *                                      seconds {min, mean, max}, waited {min, mean, max}: of these in sums over ranks */
#ifndef MCKEAN_LOG_SUMMARY_H
#define MCKEAN_LOG_SUMMARY_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "log/report.h"
#include "parallel/comm.h"
#include "particles/kernel.h"

/* Parts of the time loop; none lies inside another. */
enum summary_phase {
  PHASE_STEP,  /* steps without a row of the history */
  PHASE_ROW,   /* steps with a row, test points included; the first step of a run is one */
  PHASE_FIELD, /* f_n at test and training points */
  PHASE_SAVE,  /* history and checkpoints: checks, files */
  SUMMARY_PHASES
};

struct timer {
  double count;
  double seconds;
  double waited; /* of the seconds: in sums over ranks, their transfer and the wait for slower ranks */
  double pairs;  /* (unit x sample), on this rank */
};

struct summary {
  struct timer phase[SUMMARY_PHASES];
  double checkpoints, bytes; /* of all ranks */
};

/* Local. Adds to a part what lies between two readings of the running totals. */
void summary_add(struct summary *summary, enum summary_phase phase, const struct timer *since, const struct timer *now);

/* The run of which it is told. */
struct summary_run {
  const struct config *config;
  int d;
  enum isa isa;
  int64_t first, step, steps; /* where this start of the run began, is, the run ends */
  double seconds;             /* of the time loop */
};

/* Collective. A summary that cannot be written is said once and never fails the run. */
void summary_report(const struct summary *summary, const struct comm *comm, const struct summary_run *run,
                    struct report *report);

#endif
