/* history_tables: reads single tables of one history file. Private to study.c.
 *
 * Each function checks the shape of a table before it allocates memory for it. All are local. FAILED: the table is
 * missing, has another shape, or holds invalid values. */
#ifndef MCKEAN_STUDY_HISTORY_TABLES_H
#define MCKEAN_STUDY_HISTORY_TABLES_H

#include "dynamics/dynamics.h"
#include "io/h5.h"

/* Number of rows of a dataset. */
int history_tables_rows(struct h5 *file, const char *dataset, int64_t *rows);

/* step [rows]: the steps of a table's rows, which must ascend. The caller frees *step, also after a failure. */
int history_tables_steps(struct h5 *file, const char *dataset, int64_t *rows, int64_t **step);

/* x [points][d], y [points]: the points of a set and their labels. The caller frees both, also after a failure. */
int history_tables_points(struct h5 *file, enum point_set set, int *d, double **x, double **y);

/* Checks that the loss table of a member has a column for each replica, and that its field tables at the test and the
 * training points have `replicas` rows of points[POINTS_TEST] and points[POINTS_TRAIN] outputs. A field table is not
 * checked where its number of points is 0. */
int history_tables_check(struct h5 *file, int member, int64_t replicas, const int64_t points[2]);

#endif
