/* history: the time series of a run, <output>/history.h5.
 *
 * With T rows, S fields, U estimates, R replicas, K test points and N points of a fixed training set; the datasets step
 * and batch are int64, all other datasets double:
 *
 *   /                    attributes format "mckean-history", format_version, random_numbers, config, step (of the last
 *                        history_write); own_times = 1 if a stage has a dt_power: then each /ensemble/i has its own
 *                        time and dt at equal steps
 *   /target              attributes type, C_f, C_f_error, C_f_origin, loss_0 (data/dataset.h), linear_fraction; spin:
 *                        coefficients, S_pqr for p <= q <= r; hermite: coefficient (term), degree (term, direction)
 *                        and, if they are random, u (direction, d); attribute axes
 *   /teacher             target teacher: c (m), a (m, d) and, unless on the sphere, b (m); attributes type, phi, alpha
 *                        (on the sphere), units (m), seed, law
 *   /test, /train        attributes points, origin (data/dataset.h); /test/x (K, d), /test/y (K); /train/x (N, d),
 *                        /train/y (N); /test/row (K): the rows of the data file that were drawn as test points
 *   /ensemble/i          attributes n, replicas, streams, unit
 *   /ensemble/i/series   step (T), time (T), dt (T), batch (T), and a dataset (T, R) per column of
 *                        dynamics/observables.h
 *   /ensemble/i/field    step (S), time (S); at the test points f (S, R, K), c2phi2 (S, R; dynamics/second_moment.h);
 *                        at the training points f_train (S, R, N), c2phi2_train (S, R); target hermite: component
 *                        (S, R, term), remainder (S, R; data/components.h)
 *   /ensemble/i/overlaps
 *                        optional, output.overlaps: step (S), time (S), and a dataset (S, R, ...) per array of
 *                        dynamics/overlaps.h: Q (S, R, n, n) and M (S, R, n, m) for n <= 64; for larger n moments, and
 *                        M_histogram (S, R, m, bins) in int64
 *   /ensemble/i/stability
 *                        step (U), time (U), and a dataset (U) per column of history_limit_table: estimates of dt/limit
 *                        (tangent/limit_estimate.h) at the steps of tangent/limit_plan.h
 *   Scales (h5_dimensions) name the dimensions: time; replica, point, train_point, d, unit, other_unit, teacher_unit,
 *   term: numbers 0, 1, ...; overlap: the centers of the bins. Histories that an older program created have none.
 *   /provenance          attributes of the last run that wrote the file, see log/provenance.h
 *
 * Every byte is covered by a checksum, see store/history_file.h. Rows since the last checkpoint are in memory, on the
 * rank that leads the network (particles/particles.h); a resumed run computes them again. Directly before the
 * checkpoint is written, history_write copies the old file, removes rows at or after the step from which the run
 * resumed, appends the new rows, and syncs and renames the copy. Therefore each row is in the file exactly once. */
#ifndef MCKEAN_STORE_HISTORY_H
#define MCKEAN_STORE_HISTORY_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "data/dataset.h"
#include "dynamics/observables.h"
#include "log/loss_table.h"
#include "log/provenance.h"
#include "log/summary.h"
#include "parallel/comm.h"
#include "particles/particles.h"
#include "tangent/limit_plan.h"

enum { HISTORY_SECOND_MOMENTS = 2 };

/* The columns of /ensemble/i/stability. They describe the network with the largest dt/limit among the estimated
 * networks of a size. */
enum history_limit {
  LIMIT_LAMBDA,
  LIMIT_BOUND,
  LIMIT_ERROR,
  LIMIT_DT,
  LIMIT_LIMIT,
  LIMIT_RATIO,
  LIMIT_RATIO_ERROR,
  LIMIT_ABOVE,
  LIMIT_NETWORKS,
  LIMIT_POINTS,
  HISTORY_LIMITS
};
extern const struct history_limit_column {
  const char *name, *description, *units;
} history_limit_table[HISTORY_LIMITS];

struct history;

/* Returns the approximate size in bytes of the history at a step: its data, in whole HDF5 chunks. Local. */
double history_bytes(const struct config *config, const struct dataset *data, int64_t step);

/* Returns the part of this size that the overlaps need; 0 without output.overlaps. Local. */
double history_overlap_bytes(const struct config *config, const struct dataset *data, int64_t step);

/* Creates the history of a run that starts or resumes at step `start`; <output>/history.h5 must contain the rows before
 * it. Local. */
struct history *history_create(const struct comm *comm, const struct config *config, const struct dataset *data,
                               int64_t start);
void history_free(struct history *history); /* accepts NULL */

/* Return whether a row, or a field, is due at this step. The last step and the steps with a field also have a row.
 * Local. */
bool history_row_due(const struct history *history, int64_t step);
bool history_field_due(const struct history *history, int64_t step);

/* Computes, from the input, how many rows and how many fields precede step `start`. Local. */
void history_kept(const struct config *config, int64_t start, int64_t *rows, int64_t *fields);

/* Returns the last step from which a run of this output can resume: INT64_MAX or, if history.h5 is damaged or missing
 * and history.previous.h5 (store/history_file.h) replaces it, the step of the latter. Rank 0 then calls
 * note(context, text). Collective. */
int64_t history_reach(const struct comm *comm, const char *output, void (*note)(void *context, const char *text),
                      void *context);

/* Checks that the history of an output has all rows and fields before a checkpoint at step `start`. *has_later_rows: it
 * also has a row at or after `start`. Such a row at the last step means that the run is complete. Local. FAILED: it is
 * missing, damaged, or lacks rows. USAGE: written by a newer program. UNREAD: see io/durable_file.h. */
int history_whole(const char *output, const struct config *config, int64_t start, bool *has_later_rows);

/* Checks that the points and labels of a data file, or the units of a teacher from a file, equal those in the
 * history of the output (other points and units follow from seeds), and sets data->scale to the recorded one, so
 * that the columns of a run have one scale. Does nothing if there is no history, or the scale is exact and no file
 * is read. Collective. USAGE: they differ. Other errors: those of history_file_open. */
int history_data(const struct comm *comm, const char *output, const struct config *config, struct dataset *data);

/* Checks whether a run without a checkpoint may replace the history of the output. OK: there is no history; or a run
 * that config could resume (config_resumable) wrote it, and it ends at the first checkpoint of that run or before,
 * which means that the run was killed before it wrote this checkpoint. config: NULL accepts any run. Local. USAGE: it
 * may not. */
int history_replaceable(const char *output, const struct config *config);

/* Calls history_whole on rank 0, then history_data, for a run that resumes. Collective. Errors: those of both. */
int history_check(const struct comm *comm, const struct config *config, struct dataset *data, int64_t start,
                  bool *has_later_rows);

/* Returns whether some rows or fields are not in the file. Local, the same on all ranks. */
bool history_pending(const struct history *history);

/* Add a row, or a field, of a step in this segment. observation: [locals]. f: [locals][K], at the test points; f_train:
 * [locals][N], at the training points; NULL if there are no such points. second_moments:
 * [locals][HISTORY_SECOND_MOMENTS], c2phi2 at test and training points (dynamics/second_moment.h), NULL if f and
 * f_train are NULL. Local; all ranks call it. */
void history_row(struct history *history, int64_t step, const struct dt_segment *segment,
                 const struct particles *particles, const struct observation *observation);
void history_field(struct history *history, int64_t step, const struct dt_segment *segment,
                   const struct particles *particles, const double *f, const double *f_train,
                   const double *second_moments);

/* Adds the overlaps of a step: values [locals][overlaps_width] (dynamics/overlaps.h). Local; all ranks call it. */
void history_overlaps(struct history *history, int64_t step, const struct dt_segment *segment,
                      const struct particles *particles, const double *values);

/* Adds an estimate of the stability limit: values [members][HISTORY_LIMITS], the same on all ranks. Local; all ranks
 * call it. */
void history_limits(struct history *history, int64_t step, const struct dt_segment *segment,
                    const struct particles *particles, const double *values);

/* Summarizes, from an open history, the estimates and the rises of the loss of one size. Local. FAILED: a dataset is
 * damaged. A history without estimates is not an error. */
struct h5;
int history_stability(struct h5 *file, const struct config *config, int member, struct summary_stability *result);

/* Reads the losses of one size in the first and in the last row of an open history. Local. FAILED: a dataset is
 * damaged. */
int history_losses(struct h5 *file, const struct config *config, int member, struct loss_row *row);

/* Returns the number of rows of loss [rows], which is overwritten, in which the loss rose by more than noise allows:
 *
 *   without noise  (gd on fixed data, population) loss_i > loss_{i-1} + 200 u sqrt(loss_{i-1} loss_0), where u is the
 *                  unit roundoff of the arithmetic: an error of 100 u in the outputs, relative to the scale of the
 *                  labels
 *   with noise     log loss_i > mean of log loss over the 8 rows before + 6 s sqrt(1 + 1/8), where s is the standard
 *                  deviation of the noise of log loss: 1.4826/sqrt(2) times the median of
 *                  |log loss_i - log loss_{i-1}| over all rows
 *
 * Local. */
enum { HISTORY_RISE_ROUNDOFFS = 200, HISTORY_RISE_ROWS = 8, HISTORY_RISE_SIGMAS = 6 };
int64_t history_rises(int64_t rows, double *loss, double loss_0, double unit_roundoff, bool noisy);

/* Returns the steps of the estimates of a run. config and data must outlive the result. Local. */
struct limit_plan history_limit_plan(const struct config *config, const struct dataset *data);

/* Appends all rows and fields in memory to the file, for a checkpoint at this step. may_write: as in
 * store/checkpoint.h. Collective. FULL (io/durable_file.h): may be called again. FAILED or UNREAD: an I/O error, or
 * may_write failed. In all these cases history.h5 is complete or, before the first write, may not exist. */
int history_write(struct history *history, int64_t step, const struct provenance *provenance,
                  int (*may_write)(void *context), void *context);

#endif
