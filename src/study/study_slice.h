/* study_slice: the replicas of one n that one run of a study holds. Private to study.c and study_read.c. */
#ifndef MCKEAN_STUDY_STUDY_SLICE_H
#define MCKEAN_STUDY_STUDY_SLICE_H

#include "study/study.h"

struct study_slice {
  int run, member, size;
  int64_t n, replicas, first; /* first: index of the first replica of the slice within its size */
};

/* Local. step [rows], time [rows] = steps and times of the rows of a slice's series. time may be NULL. The caller
 * sets *step and *time to NULL first and frees them, also after a failure. FAILED: as in history_tables.h. */
int study_slice_rows(const struct study *study, const struct study_slice *slice, int64_t *rows, int64_t **step,
                     double **time);

/* Local. Sets the times of a study with own_times (study/study.h), after its slices have been arranged; without fields,
 * at most `most` of them. Errors: as for study_open. */
int study_own_times(struct study *study, int most);

#endif
