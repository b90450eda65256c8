/* study_table: the tables of one history, of sizes that were checked before memory is asked for; private to study.c.
 * All FAILED: missing, of another shape, or not what it says. */
#ifndef MCKEAN_ANALYSIS_STUDY_TABLE_H
#define MCKEAN_ANALYSIS_STUDY_TABLE_H

#include "io/h5.h"
#include "study/study.h"

int history_tables_rows(struct h5 *file, const char *dataset, int64_t *rows);

/* The steps of a table's rows, which ascend: rows are found by them. To be freed, also when it fails. */
int history_tables_steps(struct h5 *file, const char *dataset, int64_t *rows, int64_t **step);

/* The points of a set: x [rows][d], y [rows]; to be freed, also when it fails. */
int history_tables_points(struct h5 *file, enum point_set set, int *d, double **x, double **y);

/* Are the tables of a member as large as the input in the file says? It is the input by which memory is asked for. */
int history_tables_check(const struct study *study, struct h5 *file, int64_t replicas, int member);

#endif
