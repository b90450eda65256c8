#include "log/loss_table.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>

enum { CELL = 32, END_TEXT = 128 };

static void change_text(const double value[2], double loss_0, char text[CELL]) {
  const double start = value[0] / loss_0, end = value[1] / loss_0;
  snprintf(text, CELL, isfinite(start) && isfinite(end) ? "%.4g -> %.4g" : "-", start, end);
}

static void print_row(struct report *report, const struct loss_row *row, bool tests) {
  char loss[CELL], test_loss[CELL] = "", spread[CELL];
  change_text(row->loss, row->loss_0, loss);
  if (tests) change_text(row->test_loss, row->loss_0, test_loss);
  snprintf(spread, sizeof spread, isfinite(row->spread / row->loss_0) ? "%.2g" : "-", row->spread / row->loss_0);
  report_line(report, tests ? "%10lld %21s  %21s  %9s" : "%10lld %21s%s  %9s", (long long)row->n, loss, test_loss,
              spread);
}

/* Writes t in the last row: "10" or, if the sizes have different t, those of the smallest and the largest n,
 * "10 (n = 64) and 20 (n = 256)". */
static void end_text(int sizes, const struct loss_row *row, char text[END_TEXT]) {
  int smallest = 0, largest = 0;
  for (int e = 1; e < sizes; e++) {
    if (row[e].n < row[smallest].n) smallest = e;
    if (row[e].n > row[largest].n) largest = e;
  }
  const double first = row[smallest].time[1], last = row[largest].time[1];
  if (first == last)
    snprintf(text, END_TEXT, "%.6g", first);
  else
    snprintf(text, END_TEXT, "%.6g (n = %lld) and %.6g (n = %lld)", first, (long long)row[smallest].n, last,
             (long long)row[largest].n);
}

void loss_table_print(struct report *report, int sizes, const struct loss_row *row, const char *scale) {
  if (sizes == 0) return;
  const struct loss_row *last = &row[sizes - 1];
  if (!isfinite(last->time[1])) {
    report_line(report, "no losses yet: the history has no rows");
    return;
  }
  const bool tests = isfinite(row->test_loss[1]);
  char loss[CELL], test_loss[CELL], end[END_TEXT];
  snprintf(loss, sizeof loss, "loss/%s", scale);
  snprintf(test_loss, sizeof test_loss, "test loss/%s", scale);
  report_line(report, tests ? "%10s %21s  %21s  %9s" : "%10s %21s%s  %9s", "n", loss, tests ? test_loss : "", "spread");
  for (int e = 0; e < sizes; e++) {
    const bool hidden = sizes > LOSS_ROWS && e >= LOSS_ROWS / 2 && e < sizes - LOSS_ROWS / 2;
    if (!hidden) print_row(report, &row[e], tests);
    if (hidden && e == LOSS_ROWS / 2) report_line(report, "%10s", "...");
  }
  end_text(sizes, row, end);
  report_filled(report, "", 0, "means over replicas, t = %g -> %s; spread: standard deviation of the last loss",
                row->time[0], end);
}

static void change_json(struct json *json, const char *name, const double value[2], double scale) {
  json_object(json, name);
  json_real(json, "start", value[0] / scale);
  json_real(json, "end", value[1] / scale);
  json_end(json);
}

void loss_table_json(struct json *json, int sizes, const struct loss_row *row, const char *scale) {
  char over[CELL], test_over[CELL];
  snprintf(over, sizeof over, "loss_over_%s", scale);
  snprintf(test_over, sizeof test_over, "test_loss_over_%s", scale);
  json_array(json, "losses");
  for (int e = 0; e < sizes; e++) {
    json_object(json, NULL);
    json_integer(json, "n", row[e].n);
    change_json(json, "t", row[e].time, 1);
    change_json(json, "loss", row[e].loss, 1);
    change_json(json, "test_loss", row[e].test_loss, 1);
    change_json(json, over, row[e].loss, row[e].loss_0);
    change_json(json, test_over, row[e].test_loss, row[e].loss_0);
    json_real(json, "spread", row[e].spread / row[e].loss_0);
    json_end(json);
  }
  json_end(json);
}
