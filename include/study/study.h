/* study: the histories of one run, or of several runs of one sweep, read as one set of networks at common times.
 *
 * Runs can be read together if they recorded fields at the same steps, have the same time at equal steps (for networks
 * of the same n, if dt_power is used), have the same test and training points, and differ only in ensemble.*, output.*,
 * data.seed, data.test_seed and run.* (except run.precision). Networks of equal n in different runs count as further
 * replicas of that n. Such runs must have different run.seed and, unless all replicas use the same data, different
 * data.seed. A `size` is an index into n [sizes]. All functions are local.
 *
 * With dt_power, networks of different n have different t at equal steps (own_times). The times of the study are then
 * those t > 0 that all sizes have in common, and t = 0; a time then selects rows of different steps for different
 * sizes. If there is no such t > 0, the times of the study are steps: time [i] is NAN, and only study_time gives the t
 * of a size. Code that compares sizes must skip times that are NAN. */
#ifndef MCKEAN_STUDY_STUDY_H
#define MCKEAN_STUDY_STUDY_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "dynamics/dynamics.h"
#include "store/history_file.h"

struct study_slice; /* the replicas of one n that one run holds */

struct study {
  int runs, sizes, times, slices; /* numbers of runs, of distinct n, of common times, of slices */
  int64_t *n, *replicas;          /* [sizes]: n, ascending, and the number of replicas of each */
  int64_t *step;                  /* [times]; with own_times, of the smallest n */
  double *time;                   /* [times]; NAN: the sizes have different t */
  bool own_times;                 /* a stage has a dt_power */
  int64_t field_rows;             /* rows of the fields in the histories */
  int64_t *size_step, *size_row;  /* [times][sizes]: step, and row of the fields; NULL without own_times */
  double *size_time;              /* [times][sizes]; NULL without own_times */
  bool fields;                    /* false: no fields were recorded, and the times are those of a few series rows */
  bool second_moments;            /* all runs recorded q_n of dynamics/second_moment.h with the fields */
  bool all_points;                /* every step used all points of the training measure */
  bool noise_free;                /* all_points, and no stage had a temperature: gradient descent without noise */
  bool own_noise;                 /* the networks drew random numbers in their steps: schedule_is_random */
  bool heat_varies;               /* a stage has a temperature_power: the temperature depends on n */
  bool common_data;               /* all replicas used the same points at every step */
  bool paired;                    /* initial conditions i of different n have units in common */
  int64_t streams;    /* Q: replicas i Q .. i Q + Q - 1 share their initial condition and differ in their data */
  double dt_power;    /* the same in all stages; NAN: it differs between stages */
  double scale_power; /* of the output scale alpha = scale n^scale_power */
  double batch_power; /* of P = floor(scale n^power); 0: constant P; NAN: no batches, or it differs between stages */
  int64_t test_points, train_points; /* K test points; N fixed training points, 0 without a fixed set */
  double C_f;                        /* (1/2) E f^2 of the target f */
  double C_f_error;                  /* standard error of C_f; 0: exact; NAN: of an old history, which lacks it */
  struct loss_spec loss;
  double loss_0;           /* E l(0, y), the scale of the loss: C_f for the squared loss */
  const char *loss_column; /* "test_loss", which has no batch noise; "loss" if all_points or without test points */
  char *config;            /* resolved input of the first run */
  struct study_slice *slice;
  struct h5 **file;            /* [runs]: open histories */
  struct study_source *source; /* [runs] */
};

/* Where the numbers of a run come from, so that results can be compared with later states of the run. */
struct study_source {
  char *path;              /* of the history, without links */
  char mark[HISTORY_MARK]; /* store/history_file.h */
  int64_t step;            /* of the last row of the series */
};

/* Opens <folder>/history.h5 of each run folder[runs]. USAGE: the runs cannot be read together, a run has recorded
 * nothing yet, or a file was written by a newer program; the message has the reason. FAILED: a file is missing or
 * damaged. UNREAD: see io/durable_file.h. */
int study_open(int runs, char *const *folder, struct study **study);
void study_free(struct study *study); /* accepts NULL */

/* Returns as text what must be equal in all runs of a study: the precision, the output scale, and the sections of the
 * input from `unit` to the one before `output`, with data.seed and data.test_seed set to 0. The caller frees it. */
char *study_physics(const struct config *config);

/* Return the number of initial conditions of a size, replicas/streams, and the smallest of these numbers over all
 * sizes. Networks with different initial conditions are independent. */
int64_t study_initials(const struct study *study, int size);
int64_t study_fewest_initials(const struct study *study);

/* Returns the number of initial conditions if it is the same for all sizes, otherwise 0. Messages call them replicas,
 * as the key ensemble.replicas does. */
int64_t study_common_initials(const struct study *study);

/* Returns the key with which the replicas of a size are resampled (fluctuations_weights): n, so that different n are
 * resampled independently, or 0 if the study is `paired`, so that all n with equal R have the same samples. */
int64_t study_resampling(const struct study *study, int size);

/* Returns the number of points of a set: K or N. */
int64_t study_set_points(const struct study *study, enum point_set set);

/* Returns t of the networks of a size at a time of the study, an index of study->time. */
double study_time(const struct study *study, int time, int size);

/* Returns whether two times of histories are equal, up to rounding. */
bool study_equal_times(double t, double other);

/* Returns whether t is the requested time, up to rounding. */
bool study_same_time(double t, double asked);

/* ---- reading. FAILED: a dataset is missing, damaged or of another shape; no memory ---- */

/* f [replicas][K or N] = outputs of the networks of a size, at the points of a set. time: an index of study->time. */
int study_field(const struct study *study, int size, int time, enum point_set set, double *f);

/* values [replicas] = q_n of dynamics/second_moment.h over the points of a set. */
int study_second_moment(const struct study *study, int size, int time, enum point_set set, double *values);

/* values [replicas] = a column of dynamics/observables.h. time: an index of study->time. */
int study_series(const struct study *study, int size, int time, const char *column, double *values);

/* step [rows] = steps, ascending, of the rows of the series that all runs have. The caller frees it. */
int study_rows(const struct study *study, int64_t *rows, int64_t **step);

/* time [rows] = t of the networks of a size at the steps step [rows], which study_rows returned. */
int study_row_times(const struct study *study, int size, int64_t rows, const int64_t *step, double *time);

/* values [rows][replicas] = a column at the steps step [rows], which study_rows returned. */
int study_curves(const struct study *study, int size, const char *column, int64_t rows, const int64_t *step,
                 double *values);

/* x [K or N][d], y [K or N] = the points of a set and their labels. The caller sets both to NULL first and frees them,
 * also after a failure. */
int study_points(const struct study *study, enum point_set set, int *d, double **x, double **y);

/* Finds where a replica of a size is stored: the run, the member of its ensemble, and the index of the replica in that
 * member. Calls die() if there is no such replica. */
void study_locate(const struct study *study, int size, int64_t replica, int *run, int *member, int64_t *index);

#endif
