/* summary: the work and the speed of a run, measured on each rank.
 *
 * Each rank measures the time of each phase of its time loop. At the end, complete or stopped early, minimum, mean and
 * maximum over the ranks are written to <output>/summary.json, and as a table to the log.
 *
 * summary.json covers the time since the run started or was last resumed. {min, mean, max} are over ranks:
 *   format, format_version, version    "mckean-summary", 1, version of the program
 *   complete                           true: all steps are done; false: the run stopped early, with a checkpoint
 *   first_step, step, steps            first step since the start or resume, last step done, last step of the input
 *   restarts                           how often SLURM or jobs/run.sh restarted the job; 0: first start, or no SLURM
 *   ranks, threads                     threads of each rank; the number of cores is ranks x threads
 *   level, precision, unit, d          ISA level; the others as in the input
 *   networks, units                    of all sizes and replicas
 *   seconds, core_hours                of the time loop; seconds x cores / 3600
 *   pairs                              (unit x sample) pairs of all steps and ranks
 *   pairs_per_s, ns_per_pair           pairs per second of the loop without the phase save; core time per pair
 *   imbalance                          maximum over mean of the computing time in steps and rows: 1 is balanced
 *   gemm_gflops, peak_fraction         speed of GEMM in the precision of the arithmetic, on one core, all ranks at the
 *                                      same time, after the loop, best of 0.1 s; share of it that the step reaches with
 *                                      6 d flops per pair. null: loops below 5 s, exact potential, processors for which
 *                                      OpenBLAS has no kernels
 *   checkpoints, checkpoint_bytes      number and bytes written, of all ranks together
 *   checkpoint_gbytes_per_s            these bytes over the longest time of phase save, checks and history included
 *   memory_bytes {min, mean, max}      peak resident memory of a rank, libraries included (VmHWM)
 *   agreeing {min, mean, max}          seconds of the loop outside of its phases: the ranks wait for one another to
 *                                      agree whether to stop, and rank 0 prints
 *   parts                              for the phases step, row, field, save: count, pairs of all ranks, seconds
 *                                      {min, mean, max}, waited {min, mean, max}: seconds of the phase that were spent
 *                                      in sums over ranks */
#ifndef MCKEAN_LOG_SUMMARY_H
#define MCKEAN_LOG_SUMMARY_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "log/report.h"
#include "parallel/comm.h"
#include "particles/kernel.h"

/* Phases of the time loop; they do not overlap. */
enum summary_phase {
  PHASE_STEP,  /* steps without a row of the history */
  PHASE_ROW,   /* steps with a row, test points included; the first step of a run has a row */
  PHASE_FIELD, /* f_n at test and training points */
  PHASE_SAVE,  /* history and checkpoints: checks, files */
  SUMMARY_PHASES
};

struct timer {
  double count;
  double seconds;
  double waited; /* seconds in sums over ranks: transfer, and waiting for slower ranks; included in `seconds` */
  double pairs;  /* (unit x sample), on this rank */
};

struct summary {
  struct timer phase[SUMMARY_PHASES];
  double checkpoints, bytes; /* of all ranks */
};

/* Adds the difference of two readings to a phase. Local. */
void summary_add(struct summary *summary, enum summary_phase phase, const struct timer *since, const struct timer *now);

struct summary_run {
  const struct config *config;
  int d;
  enum isa isa;
  int64_t first, step, steps; /* first step since the start or resume, current step, last step of the input */
  double seconds;             /* of the time loop */
};

/* Prints the summary and writes summary.json. If the file cannot be written, this is reported; the run does not fail.
 * Collective. Cost: 0.1 s of GEMM after a loop of more than 5 s. */
void summary_report(const struct summary *summary, const struct comm *comm, const struct summary_run *run,
                    struct report *report);

#endif
