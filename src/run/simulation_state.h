/* simulation_state: the state of one run, and the functions that simulation*.c share. Private to them. */
#ifndef MCKEAN_RUN_SIMULATION_STATE_H
#define MCKEAN_RUN_SIMULATION_STATE_H

#include "log/summary.h"
#include "run/disk_full.h"
#include "run/divergence_monitor.h"
#include "run/problem.h"
#include "run/simulation.h"
#include "run/stability_watch.h"
#include "run/step_size.h"
#include "run/stop.h"
#include "store/history.h"
#include "store/live.h"
#include "store/lock.h"

/* The sum of the losses in the last row of the history, over the networks of one n that this rank leads. */
struct loss_sum {
  double sum, networks;
};

struct simulation {
  const struct comm *comm;
  const struct simulation_options *options;
  struct problem problem; /* config: the input; after a resume, with what is recorded (config_continue) */
  struct step_size step_size;
  struct stability_watch watch;
  struct divergence_monitor monitor;
  struct stop stop;
  struct provenance provenance;
  struct report report;
  struct summary summary;
  int64_t start, step, steps; /* first, current and last step */
  double began;               /* clock time at the start of the time loop, plus the waits for free space since then */
  struct loss_sum loss[2];    /* of the smallest and of the largest n */
  /* Output. */
  struct lock *lock;      /* rank 0 */
  double lock_checked_at; /* clock time */
  double live_at;         /* clock time of the last live_write */
  bool lock_was_lost;     /* the result of lock_is_lost at lock_checked_at */
  struct history *history;
  char *folder;  /* of the checkpoints */
  char *log;     /* path of run.log, for the watchdog */
  char *echo;    /* the input with all defaults, as stored in checkpoints */
  int64_t saved; /* step of the newest checkpoint, -1: none */
};

/* ---- simulation_header.c ---- */

/* Prints the problem, the networks, where the points come from, and what a step means. */
void simulation_print_header(struct simulation *sim);

/* ---- simulation_progress.c ---- */

/* Sets loss from observation [locals]. Local. */
void simulation_record_loss(struct simulation *sim, const struct observation *observation);

/* Prints a line of progress if one is due. lost: another run has taken over the output (rank 0). Collective. */
void simulation_print_progress(struct simulation *sim, bool lost);

/* ---- simulation_start.c ---- */

/* Creates the problem, opens the output and restores the newest checkpoint, if there is one. *complete: an earlier run
 * has already completed the last step. Collective. Errors: those of simulation_run. */
int simulation_start(struct simulation *sim, bool *complete);

/* ---- simulation_record.c ---- */

/* Records f_n at the current step if output.fields lists it. Collective. FAILED: no memory. */
int simulation_record_field(struct simulation *sim);

/* Takes one step of size dt; with dt = 0 the units do not move. Records a row of the history if one is due. All ranks
 * call it. */
void simulation_step(struct simulation *sim, double dt);

/* simulation_work returns the clock time and the work so far. simulation_add_work adds the time and the work since an
 * earlier result of simulation_work, `since`, to a phase of the summary. Local. */
struct work simulation_work(const struct simulation *sim);
void simulation_add_work(struct simulation *sim, enum summary_phase phase, const struct work *since);

/* ---- simulation_save.c ---- */

/* Returns whether output.checkpoint_every or output.snapshots requires a checkpoint at the current step. Local, the
 * same on all ranks. */
bool simulation_save_due(const struct simulation *sim);

/* Summarizes stability [members] and losses [members] of the run from history.h5. Returns the number of sizes, or 0 if
 * the file cannot be read or this is not rank 0. Local. */
int simulation_results(const struct simulation *sim, struct summary_stability *stability, struct loss_row *losses);

/* Writes history and checkpoint of the current step, unless they are on disk already. ending: the run is about to stop
 * and does not wait for free space. Collective. STOPPED: the disk remained full (run/disk_full.h). FULL, FAILED
 * or UNREAD: a file could not be written or read back, or the values are not finite. */
int simulation_save(struct simulation *sim, bool ending);

/* Returns how this run reacts to a full disk. ending: as for simulation_save. Local. */
struct disk_full simulation_disk_full(struct simulation *sim, bool ending);

/* Checks that all sums over units are finite; with `units`, also all numbers of all units. Collective. FAILED: the
 * error text states dt, and its limit at the last checkpoint or at the start. */
int simulation_check_finite(struct simulation *sim, bool units);

/* Returns whether another run has taken over the output; reads the lock file at most once a second. Rank 0. */
bool simulation_lost_output(struct simulation *sim);

#endif
