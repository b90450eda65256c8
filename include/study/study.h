/* study: the histories of one run, or of several runs of one sweep, read as one set of networks at common times.
 *
 * Runs can be read together if they differ only in run.*, ensemble.*, output.* and data.seed, recorded fields at the
 * same steps and times, and have the same test and training points. Networks of equal n from runs with different seeds
 * count as further replicas of that n. All functions are local. */
#ifndef MCKEAN_STUDY_STUDY_H
#define MCKEAN_STUDY_STUDY_H

#include <stdbool.h>
#include <stdint.h>

#include "dynamics/dynamics.h"

struct study_slice; /* the replicas of one n that one run holds */

struct study {
  int runs, sizes, times, slices;
  int64_t *n, *replicas;  /* [sizes], n ascending */
  int64_t *step;          /* [times] */
  double *time;           /* [times] */
  bool fields;            /* false: the runs recorded no fields, and the times are some rows of the series */
  bool second_moments;    /* the runs recorded q_n of dynamics/second_moment.h with the fields */
  bool whole;             /* every step used all points of the training measure: noise-free gradient descent */
  bool common_data;       /* all replicas saw the same points at every step */
  int64_t streams;        /* Q: replicas i Q .. i Q + Q - 1 share their initial condition and differ in their data */
  double batch_power;     /* of P = floor(scale n^power) in all stages; 0 for a constant P, NAN if stages differ */
  int64_t tests, samples; /* K test points; N fixed training points, 0 for online data */
  double C_f;
  struct loss_spec loss;
  double loss_0;           /* E l(0, y), the scale of the loss: C_f for squares */
  const char *loss_column; /* the loss without noise of batches: "loss" if whole, else "test_loss" if there are tests */
  char *config;            /* resolved input of the first run */
  struct study_slice *slice;
  struct h5 **file; /* [runs] */
};

/* Opens <folder>/history.h5 of each run. USAGE: the runs cannot be read together; the message has the reason. FAILED: a
 * file is missing or damaged. */
int study_open(int runs, char *const *folder, struct study **study);
void study_free(struct study *study); /* accepts NULL */

/* Initial conditions of a size: its replicas over its streams. These are independent. The second function returns the
 * smallest number over all sizes. */
int64_t study_initials(const struct study *study, int size);
int64_t study_fewest_initials(const struct study *study);

/* Number of points of a set: K or N. */
int64_t study_set_points(const struct study *study, enum point_set set);

/* Returns whether t is the time that the user requested, up to rounding. */
bool study_same_time(double t, double asked);

/* f [replicas][K or N]: outputs of a size at a time. FAILED. */
int study_field(const struct study *study, int size, int time, enum point_set set, double *f);

/* values [replicas]: q_n of dynamics/second_moment.h at the points of a set. FAILED. */
int study_second_moment(const struct study *study, int size, int time, enum point_set set, double *values);

/* values [replicas]: a column of dynamics/observables.h at a time. FAILED. */
int study_series(const struct study *study, int size, int time, const char *column, double *values);

/* step, time [rows]: the rows of the series that all runs have, ascending. The caller frees both. FAILED. */
int study_rows(const struct study *study, int64_t *rows, int64_t **step, double **time);

/* values [rows][replicas]: a column at these rows. FAILED. */
int study_curves(const struct study *study, int size, const char *column, int64_t rows, const int64_t *step,
                 double *values);

/* x [K or N][d], y [K or N]: the points of a set and their labels. The caller frees both. FAILED. */
int study_points(const struct study *study, enum point_set set, int *d, double **x, double **y);

/* Finds the run, the member of its ensemble, and the replica in that member that hold a replica of a size. */
void study_locate(const struct study *study, int size, int64_t replica, int *run, int *member, int64_t *index);

#endif
