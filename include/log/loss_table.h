/* loss_table: the losses of each n at the start and at the end of a run, as the run prints and records them. Local. */
#ifndef MCKEAN_LOG_LOSS_TABLE_H
#define MCKEAN_LOG_LOSS_TABLE_H

#include <stdint.h>

#include "io/json.h"
#include "log/report.h"

/* Mean losses over the replicas of one n, in the first and in the last row of the history. */
struct loss_row {
  int64_t n;
  double time[2];               /* t of these rows */
  double loss[2], test_loss[2]; /* NAN: unknown, or no test points */
  double spread;                /* standard deviation of the last loss over replicas; NAN: one replica */
  double loss_0;                /* E l(0, y), the scale of the losses */
};

/* Prints a line for each n, with the losses divided by loss_0; of more than LOSS_ROWS sizes, the first and the last.
 * row [sizes]. scale: name of loss_0: "C_f" or "loss_0". */
enum { LOSS_ROWS = 12 };
void loss_table_print(struct report *report, int sizes, const struct loss_row *row, const char *scale);

/* Writes all rows as an array `losses`; log/summary.h lists its members. */
void loss_table_json(struct json *json, int sizes, const struct loss_row *row, const char *scale);

#endif
