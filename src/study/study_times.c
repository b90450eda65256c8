/* The times of a study whose sizes have different t at equal steps (study/study.h). */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/error.h"
#include "study_slice.h"

/* The rows at which a study could be read: those of the fields or, without fields, of the series. */
struct candidates {
  int64_t rows, *step;
  double *time; /* [sizes][rows] */
};

static int read_candidates(const struct study *study, struct candidates *found) {
  TRY(study_rows(study, &found->rows, &found->step));
  if (study->fields) { /* a step with a field also has a row of the series */
    free(found->step);
    found->rows = study->times;
    found->step = alloc_small(sizeof *found->step * (size_t)found->rows);
    for (int64_t row = 0; row < found->rows; row++) found->step[row] = study->step[row];
  }
  TRY(alloc_array((void **)&found->time, study->sizes * found->rows, sizeof *found->time, "times of all sizes"));
  for (int size = 0; size < study->sizes; size++)
    TRY(study_row_times(study, size, found->rows, found->step, found->time + size * found->rows));
  return OK;
}

/* Finds the rows of equal time. row [rows][sizes]: for each time that all sizes have, the row of each size. Returns the
 * number of these times. */
static int64_t match(int sizes, const struct candidates *found, int64_t *row) {
  int64_t count = 0, *at = calloc((size_t)sizes, sizeof *at);
  if (!at) die("no memory for %d sizes", sizes);
  for (int64_t first = 0; first < found->rows; first++) {
    const double time = found->time[first];
    bool common = true;
    for (int size = 0; size < sizes; size++) {
      const double *own = found->time + size * found->rows;
      while (at[size] < found->rows && own[at[size]] < time && !study_equal_times(own[at[size]], time)) at[size]++;
      common &= at[size] < found->rows && study_equal_times(own[at[size]], time);
    }
    for (int size = 0; size < sizes && common; size++) row[count * sizes + size] = at[size];
    count += common;
  }
  free(at);
  return count;
}

/* Adds a time: for each size a row [sizes] of the candidates. */
static void add_time(struct study *study, const struct candidates *found, const int64_t *row) {
  const int time = study->times++, sizes = study->sizes;
  study->step[time] = found->step[row[0]];
  study->time[time] = found->time[row[0]];
  for (int size = 0; size < sizes; size++) {
    const double own = found->time[size * found->rows + row[size]];
    study->size_step[time * sizes + size] = found->step[row[size]];
    study->size_row[time * sizes + size] = row[size];
    study->size_time[time * sizes + size] = own;
    if (!study_equal_times(own, found->time[row[0]])) study->time[time] = NAN;
  }
}

static int alloc_times(struct study *study, int64_t rows) {
  free(study->step);
  free(study->time);
  study->step = NULL;
  study->time = NULL;
  TRY(alloc_array((void **)&study->step, rows, sizeof *study->step, "steps of a study"));
  TRY(alloc_array((void **)&study->time, rows, sizeof *study->time, "times of a study"));
  TRY(alloc_array((void **)&study->size_step, rows * study->sizes, sizeof *study->size_step, "steps of all sizes"));
  TRY(alloc_array((void **)&study->size_row, rows * study->sizes, sizeof *study->size_row, "rows of all sizes"));
  return alloc_array((void **)&study->size_time, rows * study->sizes, sizeof *study->size_time, "times of all sizes");
}

/* Returns whether i is among the last of `count` rows, the one at half its index, the one at a quarter, and so on. */
static bool is_shown(int64_t i, int64_t count, int most) {
  for (int shift = 0; shift < most; shift++)
    if (i == (count - 1) >> shift) return true;
  return false;
}

/* Uses the times that all sizes have in common or, if t = 0 is the only one, all rows. */
static int choose_times(struct study *study, const struct candidates *found, int most) {
  const int sizes = study->sizes;
  int64_t *row;
  TRY(alloc_array((void **)&row, found->rows * sizes, sizeof *row, "rows of all sizes"));
  int64_t count = match(sizes, found, row);
  if (count == 0 || !(found->time[row[(count - 1) * sizes]] > 0)) {
    count = found->rows;
    for (int64_t i = 0; i < count * sizes; i++) row[i] = i / sizes;
  }
  study->times = 0;
  for (int64_t i = 0; i < count; i++)
    if (study->fields || is_shown(i, count, most)) add_time(study, found, row + i * sizes);
  free(row);
  return OK;
}

int study_own_times(struct study *study, int most) {
  struct candidates found = {0};
  int status = read_candidates(study, &found);
  if (status == OK) status = alloc_times(study, found.rows);
  if (status == OK) status = choose_times(study, &found, most);
  free(found.step);
  free(found.time);
  return status;
}
