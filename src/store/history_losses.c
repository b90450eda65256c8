/* Reads the losses at the start and at the end of a run from an open history. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/error.h"
#include "store/history.h"

/* Reads a row of a column of the series. *mean, *deviation: mean and standard deviation over replicas. */
static int read_row(struct h5 *file, const char *name, const int64_t shape[2], int64_t row, double *mean,
                    double *deviation) {
  const int64_t replicas = shape[1];
  double *value = NULL, square = 0;
  TRY(alloc_array((void **)&value, replicas, sizeof *value, "losses of a history"));
  const int status = h5_read_rows(file, name, H5_DOUBLE, 2, shape, row, 1, value);
  *mean = 0;
  for (int64_t r = 0; r < replicas && status == OK; r++) *mean += value[r] / (double)replicas;
  for (int64_t r = 0; r < replicas && status == OK; r++) square += (value[r] - *mean) * (value[r] - *mean);
  *deviation = replicas > 1 ? sqrt(square / (double)(replicas - 1)) : NAN;
  free(value);
  return status;
}

/* Reads the first and the last row of a column; leaves the values unchanged if there is no such column. */
static int read_ends(struct h5 *file, int member, const char *column, double value[2], double *deviation) {
  char name[96];
  int rank;
  int64_t shape[H5_RANK_MAX] = {0};
  double first;
  snprintf(name, sizeof name, "/ensemble/%d/series/%s", member, column);
  if (!h5_exists(file, name)) return OK;
  TRY(h5_shape(file, name, &rank, shape));
  if (rank != 2 || shape[0] < 1 || shape[1] < 1) return OK;
  TRY(read_row(file, name, shape, 0, &value[0], &first));
  return read_row(file, name, shape, shape[0] - 1, &value[1], deviation);
}

static int read_times(struct h5 *file, int member, double time[2]) {
  char name[96];
  int rank;
  int64_t shape[H5_RANK_MAX] = {0};
  snprintf(name, sizeof name, "/ensemble/%d/series/time", member);
  if (!h5_exists(file, name)) return OK;
  TRY(h5_shape(file, name, &rank, shape));
  if (rank != 1 || shape[0] < 1) return OK;
  TRY(h5_read_rows(file, name, H5_DOUBLE, 1, shape, 0, 1, &time[0]));
  return h5_read_rows(file, name, H5_DOUBLE, 1, shape, shape[0] - 1, 1, &time[1]);
}

int history_losses(struct h5 *file, const struct config *config, int member, struct loss_row *row) {
  double spread = NAN;
  *row = (struct loss_row){.n = config->ensemble.n[member],
                           .time = {NAN, NAN},
                           .loss = {NAN, NAN},
                           .test_loss = {NAN, NAN},
                           .spread = NAN,
                           .loss_0 = NAN};
  TRY(h5_get_double(file, "/target", loss_is_squared(&config->data.loss) ? "C_f" : "loss_0", &row->loss_0));
  TRY(read_times(file, member, row->time));
  TRY(read_ends(file, member, "test_loss", row->test_loss, &spread));
  return read_ends(file, member, "loss", row->loss, &row->spread);
}
