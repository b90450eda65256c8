/* study: what one run, or several of one sweep, recorded: networks of different n at common times. One process.
 *
 * Runs belong together when they differ in run.*, ensemble.* and output.* (and data.seed) only, have the same times,
 * the same test and training points, and recorded fields at the same steps. Networks of equal n from runs with
 * different seeds are further replicas of that n. */
#ifndef MCKEAN_STUDY_STUDY_H
#define MCKEAN_STUDY_STUDY_H

#include <stdbool.h>
#include <stdint.h>

#include "dynamics/dynamics.h"

struct study_part; /* a run's replicas of one n */

struct study {
  int runs, sizes, times, parts;
  int64_t *n, *replicas;  /* [sizes], n ascending */
  int64_t *step;          /* [times] */
  double *time;           /* [times] */
  bool fields;            /* false: no fields were recorded, times are some rows of the series */
  bool moments;           /* the runs recorded q_n of dynamics/second_moment.h with the fields */
  bool whole;             /* every step used all points of the training measure: noise-free gradient descent */
  bool common_data;       /* all replicas saw the same points at every step */
  int64_t streams;        /* Q: replicas i Q .. i Q + Q - 1 start alike and differ in their data */
  double batch_power;     /* P = floor(scale n^power) in all stages, 0 for a number; NAN: not one power */
  int64_t tests, samples; /* K test points; N fixed training points, 0 if the data are online */
  double C_f;
  char *config; /* resolved input of the first run */
  struct study_part *part;
  struct h5 **file; /* [runs] */
};

/* Opens <folder>/history.h5 of each run. USAGE: the runs do not belong together, with the reason. FAILED: a file is
 * missing or damaged. */
int study_open(int runs, char *const *folder, struct study **study);
void study_free(struct study *study); /* accepts NULL */

/* Initial conditions of a size, each with all its streams: the replicas that are independent. */
int64_t study_initials(const struct study *study, int size);

/* f [replicas][K or N] of a size at a time. FAILED. */
int study_field(const struct study *study, int size, int time, enum point_set set, double *f);

/* q_n of dynamics/second_moment.h at the points of a set: values [replicas]. FAILED. */
int study_moment(const struct study *study, int size, int time, enum point_set set, double *values);

/* A column of dynamics/observables.h: values [replicas]. FAILED. */
int study_series(const struct study *study, int size, int time, const char *column, double *values);

/* The rows of the series that all runs have, ascending; to be freed. FAILED. */
int study_rows(const struct study *study, int64_t *rows, int64_t **step, double **time);

/* A column at these rows: values [rows][replicas]. FAILED. */
int study_curves(const struct study *study, int size, const char *column, int64_t rows, const int64_t *step,
                 double *values);

/* The points of a set: x [K or N][d], y [K or N], to be freed. FAILED. */
int study_points(const struct study *study, enum point_set set, int *d, double **x, double **y);

/* Local. Where a replica of a size is recorded: the run, the member of its ensemble, the replica there. */
void study_place(const struct study *study, int size, int64_t replica, int *run, int *member, int64_t *row);

#endif
