#include "history_tables.h"

#include <stdio.h>

#include "base/alloc.h"
#include "base/error.h"

int history_tables_rows(struct h5 *file, const char *dataset, int64_t *rows) {
  int rank;
  int64_t shape[H5_RANK_MAX];
  TRY(h5_shape(file, dataset, &rank, shape));
  *rows = shape[0];
  return OK;
}

int history_tables_steps(struct h5 *file, const char *dataset, int64_t *rows, int64_t **step) {
  TRY(history_tables_rows(file, dataset, rows));
  TRY(alloc_array((void **)step, *rows, sizeof **step, "steps of a history"));
  TRY(h5_read(file, dataset, H5_INT64, 1, rows, *step));
  for (int64_t i = 0; i < *rows; i++)
    if ((*step)[i] < 0 || (i > 0 && (*step)[i] <= (*step)[i - 1]))
      return FAIL(FAILED, "history: %s: expected ascending steps, row %lld has %lld", dataset, (long long)i,
                  (long long)(*step)[i]);
  return OK;
}

int history_tables_points(struct h5 *file, enum point_set set, int *d, double **x, double **y) {
  const char *group = set == POINTS_TEST ? "/test" : "/train";
  char names[2][16];
  int rank;
  int64_t shape[H5_RANK_MAX];
  snprintf(names[0], sizeof names[0], "%s/x", group);
  snprintf(names[1], sizeof names[1], "%s/y", group);
  TRY(h5_shape(file, names[0], &rank, shape));
  if (rank != 2 || shape[1] < 1 || shape[1] > 1024)
    return FAIL(FAILED, "history: %s: expected shape (points, d <= 1024)", names[0]);
  *d = (int)shape[1];
  TRY(alloc_array((void **)x, shape[0] * shape[1], sizeof **x, "points"));
  TRY(alloc_array((void **)y, shape[0], sizeof **y, "labels"));
  TRY(h5_read(file, names[0], H5_DOUBLE, 2, shape, *x));
  return h5_read(file, names[1], H5_DOUBLE, 1, shape, *y);
}

int history_tables_check(struct h5 *file, int member, int64_t replicas, const int64_t points[2]) {
  const struct {
    const char *name;
    int rank;
    int64_t points;
  } table[] = {{"series/loss", 2, 0}, {"field/f", 3, points[POINTS_TEST]}, {"field/f_train", 3, points[POINTS_TRAIN]}};
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    char name[96];
    int rank;
    int64_t shape[H5_RANK_MAX];
    snprintf(name, sizeof name, "/ensemble/%d/%s", member, table[i].name);
    const bool field = table[i].rank == 3;
    if (field && table[i].points == 0) continue;
    TRY(h5_shape(file, name, &rank, shape));
    if (rank != table[i].rank || shape[1] != replicas || (field && shape[2] != table[i].points))
      return FAIL(FAILED, "history: %s: expected a table for %lld replicas%s", name, (long long)replicas,
                  field ? " at all points" : "");
  }
  return OK;
}
