#include "log/loss_table.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>

enum { CELL = 32 };

static void change_text(const double value[2], char text[CELL]) {
  snprintf(text, CELL, isfinite(value[0]) && isfinite(value[1]) ? "%.4g -> %.4g" : "-", value[0], value[1]);
}

static void print_row(struct report *report, const struct loss_row *row, bool tests) {
  char loss[CELL], test_loss[CELL] = "", spread[CELL];
  change_text(row->loss, loss);
  if (tests) change_text(row->test_loss, test_loss);
  snprintf(spread, sizeof spread, isfinite(row->spread) ? "%.2g" : "-", row->spread);
  report_line(report, tests ? "%10lld %21s  %21s  %9s" : "%10lld %21s%s  %9s", (long long)row->n, loss, test_loss,
              spread);
}

void loss_table_print(struct report *report, int sizes, const struct loss_row *row, const char *scale) {
  if (sizes == 0) return;
  const struct loss_row *last = &row[sizes - 1];
  const bool tests = isfinite(row->test_loss[1]);
  char loss[CELL], test_loss[CELL];
  snprintf(loss, sizeof loss, "loss/%s", scale);
  snprintf(test_loss, sizeof test_loss, "test loss/%s", scale);
  report_line(report, tests ? "%10s %21s  %21s  %9s" : "%10s %21s%s  %9s", "n", loss, tests ? test_loss : "", "spread");
  for (int e = 0; e < sizes; e++) {
    const bool hidden = sizes > LOSS_ROWS && e >= LOSS_ROWS / 2 && e < sizes - LOSS_ROWS / 2;
    if (!hidden) print_row(report, &row[e], tests);
    if (hidden && e == LOSS_ROWS / 2) report_line(report, "%10s", "...");
  }
  report_line(report, "means over replicas, t = %g -> %.6g; spread: standard deviation of the last loss", row->time[0],
              last->time[1]);
}
