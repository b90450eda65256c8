/* simulation_state: the state of one run, and the parts of simulation.c that have files of their own. Private to
 * simulation*.c. */
#ifndef MCKEAN_RUN_SIMULATION_STATE_H
#define MCKEAN_RUN_SIMULATION_STATE_H

#include "log/summary.h"
#include "run/divergence_monitor.h"
#include "run/problem.h"
#include "run/simulation.h"
#include "run/step_size.h"
#include "run/stop.h"
#include "store/history.h"
#include "store/lock.h"

struct simulation {
  const struct comm *comm;
  const struct simulation_options *options;
  struct problem problem; /* config: the input, with the snapshots of the checkpoint that the run resumes from */
  struct step_size step_size;
  struct divergence_monitor monitor;
  struct stop stop;
  struct provenance provenance;
  struct report report;
  struct summary summary;
  int64_t start, step, steps; /* first, current and last step */
  double began;               /* clock time at the start of the time loop */
  double loss;                /* last recorded loss of this rank's first network, NAN: none */
  /* Output. */
  struct lock *lock;      /* rank 0 */
  double lock_checked_at; /* clock time */
  bool lock_was_lost;     /* at that time */
  struct history *history;
  char *folder;  /* of the checkpoints */
  char *echo;    /* the input in full, as the checkpoints hold it */
  int64_t saved; /* step of the newest checkpoint, -1: none */
};

/* ---- simulation_start.c ---- */

/* Builds the problem, opens the output and restores the newest checkpoint, if there is one. *complete: the run was
 * finished before, and nothing is left to do. Collective. Errors: those of simulation_run. */
int simulation_start(struct simulation *sim, bool *complete);

/* ---- simulation_record.c ---- */

/* Records f_n at the current step if output.fields lists it. Collective. FAILED: no memory. */
int simulation_record_field(struct simulation *sim);

/* Takes one step of size dt; dt = 0 observes. Records a row of the history if one is due. All ranks. */
void simulation_step(struct simulation *sim, double dt);

/* Readings of clock and work so far, and their difference since a reading, added to one phase of the summary. Local. */
struct timer simulation_timer(const struct simulation *sim);
void simulation_add_time(struct simulation *sim, enum summary_phase phase, const struct timer *since);

/* ---- simulation_save.c ---- */

/* Whether output.checkpoint_every or output.snapshots asks for a checkpoint at the current step. Local, the same on all
 * ranks. */
bool simulation_save_due(const struct simulation *sim);

/* Writes history and checkpoint of the current step, unless they are on disk. ending: the run is about to stop and does
 * not wait for free space. Collective. STOPPED: the disk stayed full; FAILED. */
int simulation_save(struct simulation *sim, bool ending);

/* Checks that all sums, or all units as well, are finite. Collective. FAILED: the error text names dt and its limit in
 * the last finite state. */
int simulation_check_finite(struct simulation *sim, bool units);

/* Whether another run has taken over the output; looks at the lock once a second. Rank 0. */
bool simulation_lost_output(struct simulation *sim);

#endif
