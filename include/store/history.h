/* history: the series of a run, <output>/history.h5.
 *
 *   /                    attributes format "mckean-history", format_version, config, step (of its checkpoint)
 *   /target              attributes C_f, linear_fraction; dataset coefficients (spin: packed S_pqr, p <= q <= r)
 *   /test/x (K, d), /test/y (K); /train/x (N, d), /train/y (N) where the data are fixed
 *   /ensemble/i          attributes n, replicas, unit
 *   /ensemble/i/series   step (T), time (T), dt (T), batch (T) and one (T, R) dataset per column of dynamics/observables.h
 *   /ensemble/i/field    step (S), time (S), f (S, R, K) at the test points, c2phi2 (S, R) of dynamics/second_moment.h there;
 *                        f_train (S, R, N), c2phi2_train (S, R) where the data are fixed
 *   /provenance          attributes of the run that wrote last
 *
 * Every byte of it is under a checksum, see store/history_file.h. Rows since the last checkpoint live in memory, each on
 * the rank that leads the network; a resume computes them again.
 * history_write appends them: copy of the old file, append, fsync, rename, directly before the checkpoint is written;
 * rows at or beyond the resumed step are cut first. So no row is ever missing or there twice. */
#ifndef MCKEAN_STORE_HISTORY_H
#define MCKEAN_STORE_HISTORY_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "data/dataset.h"
#include "dynamics/observables.h"
#include "log/provenance.h"
#include "parallel/comm.h"
#include "particles/particles.h"

enum { HISTORY_MOMENTS = 2 };

struct history;

/* Local. About the bytes of the file of a run that came to a step; only its numbers count. */
double history_bytes(const struct config *config, const struct dataset *data, int64_t step);

/* Local. start: the step the run starts or goes on from; rows before it are expected in <output>/history.h5. */
struct history *history_create(const struct comm *comm, const struct config *config, const struct dataset *data,
                               int64_t start);
void history_free(struct history *history); /* accepts NULL */

/* Local. Is a row, a field due at this step? The last step of the schedule and the steps of fields have a row too. */
bool history_row_due(const struct history *history, int64_t step);
bool history_field_due(const struct history *history, int64_t step);

/* Local. Rows and fields that a run up to (not including) step start has kept: a function of the input. */
void history_kept(const struct config *config, int64_t start, int64_t *rows, int64_t *fields);

/* Local. Does the history of an output suit a checkpoint at step start? *final: it has the row of the start itself,
 * which only a run that ended there wrote. FAILED: the file is missing, damaged or lacks rows before the start.
 * USAGE: a newer program made it. */
int history_whole(const char *output, const struct config *config, int64_t start, bool *final);

/* Local. USAGE: points or labels were read from a file (what is made from seeds is always the same), and are not those that
 * the history of the output keeps. OK also if there is no history. */
int history_points(const char *output, const struct config *config, const struct dataset *data);

/* Whether a run without a checkpoint may replace the history of the output. It may if there is none, or if the history
 * is of the same problem and ends before the first checkpoint: that run was killed while it wrote this checkpoint.
 * config: NULL accepts any problem. Local. USAGE: it may not. */
int history_replaceable(const char *output, const struct config *config);

/* Collective, before a resume goes on: both. */
int history_check(const struct comm *comm, const struct config *config, const struct dataset *data, int64_t start,
                  bool *final);

/* Local, the same on all ranks. Are there rows that are not in the file? */
bool history_pending(const struct history *history);

/* Local; to be called on all ranks. Keep a row of a step that is taken in this pace: observation [shares]; f
 * [shares][K], f_train [shares][N] or NULL, with their moments [shares][HISTORY_MOMENTS], at the test and at the
 * training points. */
void history_row(struct history *history, int64_t step, const struct dt_segment *segment,
                 const struct particles *particles, const struct observation *observation);
void history_field(struct history *history, int64_t step, const struct dt_segment *segment,
                   const struct particles *particles, const double *f, const double *f_train, const double *moments);

/* Collective. Brings the file to the state of a checkpoint at step: every row kept so far. may_write as in
 * store/checkpoint.h. FULL (io/durable_file.h), after which it may be called again, and FAILED: nothing changed on disk. */
int history_write(struct history *history, int64_t step, const struct provenance *provenance,
                  int (*may_write)(void *context), void *context);

#endif
