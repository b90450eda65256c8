#include "data/coincidence.h"

#include <stdlib.h>

#include "base/alloc.h"

struct rows {
  const double *values;
  int d;
};

/* Compares two rows in 32 bits; returns 0 if they are equal. */
static int compare_rounded(const double *a, const double *b, int d) {
  for (int k = 0; k < d; k++)
    if ((float)a[k] != (float)b[k]) return (float)a[k] < (float)b[k] ? -1 : 1;
  return 0;
}

static int compare_exact(const double *a, const double *b, int d) {
  for (int k = 0; k < d; k++)
    if (a[k] != b[k]) return a[k] < b[k] ? -1 : 1;
  return 0;
}

/* Rows that are equal in 32 bits become neighbors, and among these, rows that are equal in 64 bits. */
static int compare(const void *a, const void *b, void *context) {
  const struct rows *rows = context;
  const double *x = rows->values + *(const int64_t *)a * rows->d, *y = rows->values + *(const int64_t *)b * rows->d;
  const int rounded = compare_rounded(x, y, rows->d);
  return rounded ? rounded : compare_exact(x, y, rows->d);
}

struct coincidence coincidence_count(const double *values, int64_t count, int d) {
  struct rows rows = {values, d};
  struct coincidence found = {.distinct = count > 0, .kept = count > 0};
  int64_t *row = alloc_small(sizeof *row * (size_t)count);
  for (int64_t i = 0; i < count; i++) row[i] = i;
  qsort_r(row, (size_t)count, sizeof *row, compare, &rows);
  for (int64_t i = 1; i < count; i++) {
    const double *before = values + row[i - 1] * d, *now = values + row[i] * d;
    found.distinct += compare_exact(before, now, d) != 0;
    found.kept += compare_rounded(before, now, d) != 0;
  }
  free(row);
  return found;
}

bool coincidence_matters(const struct coincidence *coincidence, int d) {
  const int64_t lost = coincidence->distinct - coincidence->kept;
  return d > 1 ? lost > 0 : lost > coincidence->distinct / 10;
}
