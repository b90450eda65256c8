/* history_tables: reads individual tables of one history file. Private to study.c and study_read.c.
 *
 * Each function reads the shape of a table from the file before it allocates memory for it. All are local. FAILED: the
 * table is missing, has another shape or holds invalid values, or no memory. */
#ifndef MCKEAN_STUDY_HISTORY_TABLES_H
#define MCKEAN_STUDY_HISTORY_TABLES_H

#include "dynamics/dynamics.h"
#include "io/h5.h"

/* *rows = number of rows of a dataset. */
int history_tables_rows(struct h5 *file, const char *dataset, int64_t *rows);

/* step [rows] = the dataset of steps, which must be non-negative and ascend strictly. The caller sets *step to NULL
 * first and frees it, also after a failure. */
int history_tables_steps(struct h5 *file, const char *dataset, int64_t *rows, int64_t **step);

/* x [points][d], y [points] = the points of a set and their labels. The caller sets both to NULL first and frees them,
 * also after a failure. */
int history_tables_points(struct h5 *file, enum point_set set, int *d, double **x, double **y);

/* Checks that the loss table of a member has shape [rows][replicas], and that its field tables at the test and training
 * points have shape [times][replicas][points[set]]. The numbers of rows and times are not checked, nor is a field table
 * whose number of points is 0. */
int history_tables_check(struct h5 *file, int member, int64_t replicas, const int64_t points[2]);

#endif
