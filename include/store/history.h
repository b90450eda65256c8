/* history: the time series of a run, <output>/history.h5.
 *
 *   /                    attributes format "mckean-history", format_version, config, step (of its checkpoint)
 *   /target              attributes C_f, loss_0, linear_fraction; dataset coefficients (spin: packed S_pqr, p<=q<=r)
 *   /test/x (K, d), /test/y (K); /train/x (N, d), /train/y (N) for fixed data
 *   /ensemble/i          attributes n, replicas, unit
 *   /ensemble/i/series   step (T), time (T), dt (T), batch (T), and a dataset (T, R) per column of
 *                        dynamics/observables.h
 *   /ensemble/i/field    step (S), time (S); at the test points f (S, R, K), c2phi2 (S, R; dynamics/second_moment.h);
 *                        f_train (S, R, N), c2phi2_train (S, R) for fixed data
 *   /provenance          attributes of the run that wrote last, see log/provenance.h
 *
 * A checksum covers every byte, see store/history_file.h. Rows since the last checkpoint are in memory, each on the
 * rank that leads the network; a resumed run computes them again. history_write appends them directly before the
 * checkpoint is written: copy of the old file, append, fsync, rename. It first removes rows at or after the step from
 * which the run resumed. So each row is in the file exactly once. */
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

enum { HISTORY_SECOND_MOMENTS = 2 };

struct history;

/* Returns the approximate size in bytes of the history at a step: the bytes of its numbers. Local. */
double history_bytes(const struct config *config, const struct dataset *data, int64_t step);

/* For a run that starts or resumes at step `start`; <output>/history.h5 must hold the rows before it. Local. */
struct history *history_create(const struct comm *comm, const struct config *config, const struct dataset *data,
                               int64_t start);
void history_free(struct history *history); /* accepts NULL */

/* Whether the input asks for a row, or a field, at this step. The last step and the steps with a field have a row, too.
 * Local. */
bool history_row_due(const struct history *history, int64_t step);
bool history_field_due(const struct history *history, int64_t step);

/* The numbers of rows and fields at steps before `start`: a function of the input. Local. */
void history_kept(const struct config *config, int64_t start, int64_t *rows, int64_t *fields);

/* Checks that the history of an output has all rows and fields before a checkpoint at step `start`. *final: it has the
 * row of `start`, too, which only a run that ended there has written. Local. FAILED: missing, damaged, or without some
 * of these rows. USAGE: written by a newer program. */
int history_whole(const char *output, const struct config *config, int64_t start, bool *final);

/* Checks that the points and labels of a data file are those in the history of the output; others follow from seeds. OK
 * without a history. Local. USAGE: they differ. */
int history_points(const char *output, const struct config *config, const struct dataset *data);

/* Whether a run without a checkpoint may replace the history of the output. It may if there is none, or if the history
 * is of the same problem and ends before the first checkpoint: that run was killed while it wrote this checkpoint.
 * config: NULL accepts any problem. Local. USAGE: it may not. */
int history_replaceable(const char *output, const struct config *config);

/* history_whole and history_points on rank 0, for a run that resumes. Collective. */
int history_check(const struct comm *comm, const struct config *config, const struct dataset *data, int64_t start,
                  bool *final);

/* Whether there are rows that are not in the file. Local, the same on all ranks. */
bool history_pending(const struct history *history);

/* Add a row, or a field, of a step in this segment. observation: [locals]. f: [locals][K], at the test points; f_train:
 * [locals][N], at the training points; each NULL without such points. second_moments: [locals][HISTORY_SECOND_MOMENTS],
 * c2phi2 at test and training points (dynamics/second_moment.h), NULL if both f are. Local; all ranks call it. */
void history_row(struct history *history, int64_t step, const struct dt_segment *segment,
                 const struct particles *particles, const struct observation *observation);
void history_field(struct history *history, int64_t step, const struct dt_segment *segment,
                   const struct particles *particles, const double *f, const double *f_train,
                   const double *second_moments);

/* Appends all rows in memory to the file, for a checkpoint at this step. may_write: as in store/checkpoint.h.
 * Collective. FULL (io/durable_file.h): it may be called again; FAILED: in both cases the old file is unchanged. */
int history_write(struct history *history, int64_t step, const struct provenance *provenance,
                  int (*may_write)(void *context), void *context);

#endif
