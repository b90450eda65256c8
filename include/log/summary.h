/* summary: the work and the speed of a run, measured on each rank.
 *
 * Each rank measures the time of each phase of its time loop. When the run is complete or stops early, the minimum,
 * mean and maximum over the ranks are written to <output>/summary.json, and as a table to the log (with --verbose, also
 * to the terminal). The terminal shows the losses at the start and at the end (log/loss_table.h).
 *
 * summary.json covers the time since the run started or was last resumed. {min, mean, max} are over ranks:
 *
 *   format, format_version, version    "mckean-summary", 1, version of the program
 *   complete                           true: all steps are done; false: the run stopped early
 *   failed                             null, or why the run failed; the file then contains only the members up to
 *                                      `steps`
 *   first_step, step, steps            first step since the start or resume, current step, last step of the input
 *   restarts                           number of restarts, as counted by slurm_restarts (log/slurm.h)
 *   ranks, threads                     threads per rank; the number of cores is ranks x threads
 *   level, precision, unit, d          ISA level; the others as in the input
 *   target {C_f, C_f_error, C_f_origin}
 *                                      E f^2 / 2, its standard error (0: exact), and the labels it was computed from
 *   points {training, test}            where the points come from, as text
 *   losses                             for each n, means over replicas in the first and last row of the history, as the
 *                                      run prints them: t, loss, test_loss, loss_over_C_f, test_loss_over_C_f {start,
 *                                      end}; spread: standard deviation of the last loss_over_C_f over replicas. Losses
 *                                      other than the squared one: loss_over_loss_0, test_loss_over_loss_0. null: no
 *                                      test points, one replica
 *   networks, units                    number of networks, and of units in all networks
 *   seconds, core_hours                of the time loop since the last start, at first_step; seconds x cores / 3600.
 *                                      The other measurements of time and speed cover the same steps
 *   pairs                              (unit x point) pairs of all steps and ranks; exact potential: (unit x unit)
 *   pairs_per_s, ns_per_pair           pairs per second of the loop without the phase save; core time per pair
 *   imbalance                          seconds - waited of the phases step and row together: maximum / mean over ranks
 *   gemm_gflops, peak_fraction         speed of GEMM per core in the precision of the arithmetic, measured after the
 *                                      loop on one core of each rank at the same time (best in 0.1 s), mean over ranks;
 *                                      fraction of this speed that the loop without the phase save reaches, at 6 d
 *                                      flops per pair (steps that keep activations execute 4 d, so it can exceed
 *                                      1). null: loops of at most 5 s, exact potential, processors for which OpenBLAS
 *                                      has no suitable kernels
 *   checkpoints, checkpoint_bytes      number of checkpoints written, and their total size
 *   checkpoint_gbytes_per_s            checkpoint_bytes divided by the seconds of the phase save (maximum over ranks),
 *                                      which include checks and history
 *   memory_bytes {min, mean, max}      peak resident memory of a rank, libraries included (VmHWM)
 *   agreeing {min, mean, max}          seconds of the loop outside of the phases: agreement on whether to stop,
 *                                      including waiting for other ranks; changes of stage; estimates of the stability
 *                                      limit; printing on rank 0
 *   stability                          for each n, over the whole run: estimates: number of estimates of the stability
 *                                      limit of dt; above: number of those in which dt exceeds the limit by more than
 *                                      the error; above_from_step, above_from_t: step and t of the first of these;
 *                                      dt_over_limit, error, t: the largest dt/limit, its error and its t; loss_rises:
 *                                      number of rows in which the loss of a network rose by more than noise allows
 *                                      (history_rises in store/history.h); rows: number of rows of all replicas
 *   parts                              for the phases step, row, field, save: count, pairs of all ranks, seconds {min,
 *                                      mean, max}, waited {min, mean, max}: seconds of the phase that were spent
 *                                      in sums over ranks */
#ifndef MCKEAN_LOG_SUMMARY_H
#define MCKEAN_LOG_SUMMARY_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "data/dataset.h"
#include "log/loss_table.h"
#include "log/report.h"
#include "parallel/comm.h"
#include "particles/kernel.h"

/* Phases of the time loop; they do not overlap. */
enum summary_phase {
  PHASE_STEP,  /* steps without a row of the history */
  PHASE_ROW,   /* steps with a row of the history, including evaluation at test points; step 0 has a row */
  PHASE_FIELD, /* evaluations of f_n at test and training points */
  PHASE_SAVE,  /* checks of all units, and writing of history and checkpoints */
  SUMMARY_PHASES
};

/* The work of this rank: since its clock started (readings for summary_add), or in one phase. */
struct work {
  double seconds;
  double waited; /* seconds in sums over ranks, including waiting for slower ranks; part of `seconds` */
  double pairs;  /* (unit x point), on this rank */
};

struct summary {
  double count[SUMMARY_PHASES]; /* how often each phase ran */
  struct work phase[SUMMARY_PHASES];
  double checkpoints, bytes; /* number of checkpoints written, and their total size */
};

/* Adds the difference now - since to the work of a phase, and 1 to its count. since, now: the work of this rank since
 * its clock started, read at the start and at the end of the phase. Local. */
void summary_add(struct summary *summary, enum summary_phase phase, const struct work *since, const struct work *now);

/* The stability of the networks of one size over the whole run, from history.h5 (store/history.h). */
struct summary_stability {
  int64_t n, estimates;
  int64_t above;                               /* estimates in which dt exceeded the limit by more than the error */
  int64_t first_step;                          /* step of the first of these; -1: none */
  double first_time;                           /* its t */
  const char *beyond;                          /* what dt above the limit means there (schedule_beyond_limit) */
  double largest, largest_error, largest_time; /* the largest dt/limit, its error and its t; NAN: no finite estimate */
  int64_t last_step;                           /* step of the last estimate; -1: none */
  double last_lambda, last_lambda_error;       /* its lambda and the error of lambda */
  double last_limit;                           /* its limit of dt */
  int last_points;                             /* its points (enum history_limit) */
  bool finite;                                 /* the tangent kernel was finite in all estimates */
  bool rises_counted;                          /* false: the loss may rise with this update rule */
  int64_t rises, rows; /* rows in which a loss rose by more than noise allows; rows of all replicas */
  int64_t rising;      /* replicas with such rises */
};

/* Writes a sentence about dt and the limit, and one about rises of the loss; each is "" if there is nothing to report.
 * Local. */
enum { SUMMARY_SENTENCE = 480 };
void summary_stability_text(const struct summary_stability *stability, char limit[SUMMARY_SENTENCE],
                            char rises[SUMMARY_SENTENCE]);

struct summary_run {
  const struct config *config;
  const struct dataset *data;
  int d;
  enum isa isa;
  int64_t first, step, steps; /* first step since the start or resume, current step, last step of the input */
  bool complete;              /* all steps were taken, and their results are on disk */
  double seconds;             /* of the time loop */
  int sizes;                  /* length of stability and losses; 0: unknown */
  const struct summary_stability *stability;
  const struct loss_row *losses;
};

/* Prints the losses, logs the table of times, and writes summary.json. A failure to write the file is reported, but the
 * run does not fail. Collective. Cost: 0.1 s of GEMM after a loop of more than 5 s. */
void summary_report(const struct summary *summary, const struct comm *comm, const struct summary_run *run,
                    struct report *report);

/* Writes a summary.json that contains only the state of a failed run and the reason, for `mckean status`. Local, for
 * rank 0. Best effort: returns whether it was written. */
bool summary_fail(const struct summary_run *run, const char *reason);

/* Returns the reason in <output>/summary.json if it states that the run failed, otherwise NULL. The caller frees it.
 * summary_clear_failure removes such a summary.json. Local. */
char *summary_failure(const char *output);
void summary_clear_failure(const char *output);

#endif
