/* How the results of analysis/fluct.h are told: table, verdicts, JSON, HDF5. */
#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/fluct.h"
#include "base/h5.h"
#include "base/status.h"

enum { CELL = 30, COLUMNS = 4 };

/* ---- terminal ---- */

static void print_estimate(FILE *out, struct estimate e, double factor) {
  char text[96];
  if (isnan(e.value))
    snprintf(text, sizeof text, "-");
  else if (isnan(e.low))
    snprintf(text, sizeof text, "%.4g", factor * e.value);
  else
    snprintf(text, sizeof text, "%.4g [%.4g, %.4g]", factor * e.value, factor * e.low, factor * e.high);
  fprintf(out, "  %-*s", CELL, text);
}

static void print_fit(const struct fluct *fluct, const struct fluct_quantity *quantity, int time, FILE *out) {
  const struct error_fit *fit = &quantity->fit[time];
  const struct estimate p = quantity->power[time];
  if (isnan(fit->power)) return;
  fprintf(out, "%9s = %.4g + %.4g n^-p, p = %.3f", quantity->name, fit->limit, fit->amplitude, p.value);
  if (!isnan(p.low)) fprintf(out, " [%.3f, %.3f]", p.low, p.high);
  fprintf(out, "; with p = 1 chi^2 = %.3g on %d degrees, probability %.2g\n", fit->chi2, fluct->study->sizes - 2,
          fit->probability);
}

/* Some quantities at one time, a column each. */
static void print_columns(const struct fluct *fluct, int time, int count, const struct fluct_quantity *const *column,
                          FILE *out) {
  const struct study *study = fluct->study;
  fprintf(out, "%10s", "n");
  for (int i = 0; i < count; i++) {
    char head[64];
    snprintf(head, sizeof head, "%s%s", column[i]->variance ? "n " : "", column[i]->name);
    fprintf(out, "  %-*s", CELL, head);
  }
  for (int s = 0; s < study->sizes; s++) {
    fprintf(out, "\n%10lld", (long long)study->n[s]);
    for (int i = 0; i < count; i++)
      print_estimate(out, column[i]->value[time * study->sizes + s], column[i]->variance ? (double)study->n[s] : 1);
  }
  fprintf(out, "\n%10s", "slope");
  for (int i = 0; i < count; i++) print_estimate(out, column[i]->slope[time], 1);
  fputc('\n', out);
}

static void print_time(const struct fluct *fluct, int time, FILE *out) {
  const struct fluct_quantity *column[COLUMNS];
  int count = 0;
  fprintf(out, "\nt = %g (step %lld)\n", fluct->study->time[time], (long long)fluct->study->step[time]);
  for (int q = 0; q <= FLUCT_QUANTITIES; q++) {
    if (count == COLUMNS || (q == FLUCT_QUANTITIES && count > 0)) {
      print_columns(fluct, time, count, column, out);
      count = 0;
    }
    if (q < FLUCT_QUANTITIES && fluct->quantity[q].known) column[count++] = &fluct->quantity[q];
  }
  for (int q = 0; q < FLUCT_QUANTITIES; q++)
    if (fluct->quantity[q].known && fluct->quantity[q].fit) print_fit(fluct, &fluct->quantity[q], time, out);
}

static void print_verdict(const struct fluct *fluct, const struct fluct_quantity *quantity, int time, FILE *out) {
  const struct estimate slope = quantity->slope[time];
  if (isnan(slope.low)) return;
  const char *tail = quantity->variance ? "" : " of P = n^power";
  fprintf(out, "t = %-8g slope of %-7s in n: %.3f [%.3f, %.3f]: ", fluct->study->time[time], quantity->name,
          slope.value, slope.low, slope.high);
  if (slope.high < quantity->expected)
    fprintf(out, "NOT consistent with %g%s; steeper: other powers of n show at these n\n", quantity->expected, tail);
  else if (slope.low > quantity->expected)
    fprintf(out, "NOT consistent with %g%s; shallower: a part does not fall so\n", quantity->expected, tail);
  else
    fprintf(out, "consistent with %g%s%s\n", quantity->expected, tail,
            quantity->variance ? ": n times it is flat" : "");
}

/* What the data of these runs cannot answer. */
static void print_limits(const struct fluct *fluct, FILE *out) {
  const struct study *study = fluct->study;
  int64_t fewest = study->replicas[0], most = study->replicas[0];
  for (int s = 1; s < study->sizes; s++) {
    if (study->replicas[s] < fewest) fewest = study->replicas[s];
    if (study->replicas[s] > most) most = study->replicas[s];
  }
  if (!study->fields) fprintf(out, "no V_n: the runs recorded no fields; give output.fields a list of steps\n");
  if (study->fields && study->tests == 0) fprintf(out, "no V_n at test points: the runs have none (data.test)\n");
  if (fewest < 2)
    fprintf(out, "no V_n and no intervals: they need ensemble.replicas of at least 2 and %d, best 32 or more\n",
            FLUCT_REPLICAS_MIN);
  else if (fewest < FLUCT_REPLICAS_MIN)
    fprintf(out, "no intervals and no verdicts: %lld replicas, they need at least %d, best 32 or more\n",
            (long long)fewest, FLUCT_REPLICAS_MIN);
  else if (fewest < 16)
    fprintf(out, "only %lld replicas: intervals are rough\n", (long long)fewest);
  if (fewest != most)
    fprintf(out, "%lld to %lld replicas: intervals differ in quality\n", (long long)fewest, (long long)most);
  if (study->sizes < 2) fprintf(out, "no slopes: they need networks of at least 2 different n (ensemble.n)\n");
  if (!study->common_data)
    fprintf(out,
            "the replicas saw different data: V contains the variance due to the data, which falls as 1/P; for the LLN "
            "use data.mode fixed with scheme gd, or data.shared%s\n",
            study->streams > 1 ? "; V_init is the other part" : ", or look at V_init of runs with data.streams");
}

void fluct_print(const struct fluct *fluct, FILE *out) {
  const struct study *study = fluct->study;
  fprintf(out, "%d run%s, %d sizes, %d times; %.4g %% intervals from %d bootstrap samples over replicas\n", study->runs,
          study->runs == 1 ? "" : "s", study->sizes, study->times, 100 * fluct->options.level,
          fluct->options.bootstrap);
  fprintf(out, "slope: least squares of log value (of V, not n V) on log n; C_f = %.6g\n", study->C_f);
  for (int q = 0; q < FLUCT_QUANTITIES; q++)
    if (fluct->quantity[q].known) fprintf(out, "%10s  %s\n", fluct->quantity[q].name, fluct->quantity[q].description);
  for (int time = 0; time < study->times; time++) print_time(fluct, time, out);
  fprintf(out, "\nverdicts at %.4g %% (at fixed t: LLN, V_n = O(1/n), slope -1; data, V_sgd = O(1/P))\n",
          100 * fluct->options.level);
  for (int q = 0; q < FLUCT_QUANTITIES; q++)
    for (int time = 0; time < study->times; time++)
      if (!isnan(fluct->quantity[q].expected) && fluct->quantity[q].known)
        print_verdict(fluct, &fluct->quantity[q], time, out);
  print_limits(fluct, out);
}

/* ---- JSON ---- */

static void json_number(FILE *out, double value) {
  if (isfinite(value))
    fprintf(out, "%.17g", value);
  else
    fputs("null", out);
}

static double part_of(const struct estimate *e, int part) {
  return part == 0 ? e->value : part == 1 ? e->low : e->high;
}

/* [[...], ...] of rows x columns, or [...] of rows with columns = 0. */
static void json_table(FILE *out, const char *name, const struct estimate *e, int part, int rows, int columns) {
  fprintf(out, "\"%s\": [", name);
  for (int row = 0; row < rows; row++) {
    if (row) fputs(", ", out);
    if (columns) fputc('[', out);
    for (int column = 0; column < (columns ? columns : 1); column++) {
      if (column) fputs(", ", out);
      json_number(out, part_of(&e[row * (columns ? columns : 1) + column], part));
    }
    if (columns) fputc(']', out);
  }
  fputc(']', out);
}

/* The numbers of the fits, one array each. */
static const struct {
  const char *name, *description;
  size_t offset; /* in struct error_fit */
} fit_numbers[] = {
    {"limit", "L of loss = L + A n^-p", offsetof(struct error_fit, limit)},
    {"amplitude", "A of loss = L + A n^-p", offsetof(struct error_fit, amplitude)},
    {"chi2", "chi^2 with p = 1, on sizes - 2 degrees", offsetof(struct error_fit, chi2)},
    {"probability", "of a larger chi^2 with p = 1", offsetof(struct error_fit, probability)},
};
enum { FIT_NUMBERS = sizeof fit_numbers / sizeof *fit_numbers };
static const char *const power_names[] = {"p", "p_low", "p_high"};

static double fit_number(const struct error_fit *fit, int number) {
  double value;
  memcpy(&value, (const char *)fit + fit_numbers[number].offset, sizeof value);
  return value;
}

static void json_fit(FILE *out, const struct fluct_quantity *quantity, int times) {
  fputs(",\n    \"fit\": {", out);
  for (int part = 0; part < 3; part++) {
    json_table(out, power_names[part], quantity->power, part, times, 0);
    fputs(", ", out);
  }
  for (int number = 0; number < FIT_NUMBERS; number++) {
    fprintf(out, "%s\"%s\": [", number ? ", " : "", fit_numbers[number].name);
    for (int time = 0; time < times; time++) {
      if (time) fputs(", ", out);
      json_number(out, fit_number(&quantity->fit[time], number));
    }
    fputc(']', out);
  }
  fputc('}', out);
}

static void json_quantity(FILE *out, const struct fluct *fluct, const struct fluct_quantity *quantity) {
  const struct study *study = fluct->study;
  static const char *const value_names[] = {"values", "low", "high"};
  static const char *const slope_names[] = {"slope", "slope_low", "slope_high"};
  fprintf(out, ",\n  \"%s\": {", quantity->name);
  for (int part = 0; part < 3; part++) {
    json_table(out, value_names[part], quantity->value, part, study->times, study->sizes);
    fputs(",\n    ", out);
  }
  for (int part = 0; part < 3; part++) {
    json_table(out, slope_names[part], quantity->slope, part, study->times, 0);
    if (part < 2) fputs(",\n    ", out);
  }
  if (quantity->fit) json_fit(out, quantity, study->times);
  fputc('}', out);
}

static void json_integers(FILE *out, const char *name, int count, const int64_t *values) {
  fprintf(out, ",\n  \"%s\": [", name);
  for (int i = 0; i < count; i++) fprintf(out, "%s%lld", i ? ", " : "", (long long)values[i]);
  fputc(']', out);
}

static void json_all(FILE *out, const struct fluct *fluct) {
  const struct study *study = fluct->study;
  fprintf(out, "{\n  \"level\": %.17g, \"bootstrap\": %d, \"common_data\": %s, \"C_f\": ", fluct->options.level,
          fluct->options.bootstrap, study->common_data ? "true" : "false");
  json_number(out, study->C_f);
  json_integers(out, "n", study->sizes, study->n);
  json_integers(out, "replicas", study->sizes, study->replicas);
  json_integers(out, "steps", study->times, study->step);
  fputs(",\n  \"times\": [", out);
  for (int time = 0; time < study->times; time++) fprintf(out, "%s%.17g", time ? ", " : "", study->time[time]);
  fputc(']', out);
  for (int q = 0; q < FLUCT_QUANTITIES; q++)
    if (fluct->quantity[q].known) json_quantity(out, fluct, &fluct->quantity[q]);
  fputs("\n}\n", out);
}

int fluct_json(const struct fluct *fluct, const char *path) {
  char *temporary = status_malloc(strlen(path) + 8);
  sprintf(temporary, "%s.tmp", path);
  FILE *out = fopen(temporary, "w");
  if (out) json_all(out, fluct);
  const bool bad = !out || ferror(out) != 0;
  int status = OK;
  if ((out && fclose(out) != 0) || bad || rename(temporary, path) != 0) {
    status = FAIL(FAILED, "%s: cannot write: %s", path, strerror(errno));
    remove(temporary);
  }
  free(temporary);
  return status;
}

/* ---- HDF5 ---- */

static int write_estimates(struct h5 *file, const char *group, const char *const names[3], const struct estimate *e,
                           int rank, const int64_t *shape, const char *description) {
  const int64_t count = rank == 2 ? shape[0] * shape[1] : shape[0];
  double *values = status_malloc(sizeof *values * (size_t)count);
  int status = OK;
  for (int part = 0; part < 3 && status == OK; part++) {
    char name[96];
    snprintf(name, sizeof name, "%s/%s", group, names[part]);
    for (int64_t i = 0; i < count; i++) values[i] = part_of(&e[i], part);
    status = h5_write(file, name, H5_DOUBLE, rank, shape, values);
    if (status == OK) status = h5_set_text(file, name, "description", description);
  }
  free(values);
  return status;
}

static int write_fit(struct h5 *file, const char *quantity_group, const struct fluct_quantity *quantity,
                     const int64_t *times) {
  char group[96], name[128];
  snprintf(group, sizeof group, "%s/fit", quantity_group);
  TRY(write_estimates(file, group, power_names, quantity->power, 1, times, "p of loss = L + A n^-p"));
  double *values = status_malloc(sizeof *values * (size_t)*times);
  int status = OK;
  for (int number = 0; number < FIT_NUMBERS && status == OK; number++) {
    snprintf(name, sizeof name, "%s/%s", group, fit_numbers[number].name);
    for (int64_t time = 0; time < *times; time++) values[time] = fit_number(&quantity->fit[time], number);
    status = h5_write(file, name, H5_DOUBLE, 1, times, values);
    if (status == OK) status = h5_set_text(file, name, "description", fit_numbers[number].description);
  }
  free(values);
  return status;
}

static int write_quantity(struct h5 *file, const struct fluct *fluct, const struct fluct_quantity *quantity) {
  const int64_t shape[] = {fluct->study->times, fluct->study->sizes};
  char group[64];
  snprintf(group, sizeof group, "/%s", quantity->name);
  TRY(write_estimates(file, group, (const char *const[]){"values", "low", "high"}, quantity->value, 2, shape,
                      quantity->description));
  TRY(write_estimates(file, group, (const char *const[]){"slope", "slope_low", "slope_high"}, quantity->slope, 1, shape,
                      "slope of log value on log n"));
  return quantity->fit ? write_fit(file, group, quantity, shape) : OK;
}

static int write_all(struct h5 *file, const struct fluct *fluct, const struct provenance *provenance) {
  const struct study *study = fluct->study;
  const int64_t sizes = study->sizes, times = study->times;
  TRY(h5_set_text(file, "/", "format", "mckean-analysis"));
  TRY(h5_set_int(file, "/", "format_version", 1));
  TRY(h5_set_double(file, "/", "level", fluct->options.level));
  TRY(h5_set_int(file, "/", "bootstrap", fluct->options.bootstrap));
  TRY(h5_set_double(file, "/", "C_f", study->C_f));
  TRY(h5_set_text(file, "/", "config", study->config));
  TRY(provenance_write(provenance, file));
  TRY(h5_write(file, "/n", H5_INT64, 1, &sizes, study->n));
  TRY(h5_set_text(file, "/n", "description", "units of a network"));
  TRY(h5_write(file, "/replicas", H5_INT64, 1, &sizes, study->replicas));
  TRY(h5_set_text(file, "/replicas", "description", "networks of each n"));
  TRY(h5_write(file, "/step", H5_INT64, 1, &times, study->step));
  TRY(h5_set_text(file, "/step", "description", "steps done"));
  TRY(h5_write(file, "/time", H5_DOUBLE, 1, &times, study->time));
  TRY(h5_set_text(file, "/time", "description", "time t = sum of dt"));
  for (int q = 0; q < FLUCT_QUANTITIES; q++)
    if (fluct->quantity[q].known) TRY(write_quantity(file, fluct, &fluct->quantity[q]));
  return OK;
}

int fluct_write(const struct fluct *fluct, const struct provenance *provenance, const char *path) {
  struct h5 *file;
  char *temporary = status_malloc(strlen(path) + 8);
  sprintf(temporary, "%s.tmp", path);
  int status = h5_create(temporary, 0, &file);
  if (status != OK) remove(temporary);
  if (status == OK) {
    status = write_all(file, fluct, provenance);
    const int closed = h5_close(file);
    if (status == OK) status = closed;
    if (status == OK && rename(temporary, path) != 0)
      status = FAIL(FAILED, "%s: cannot rename it to %s: %s", temporary, path, strerror(errno));
    if (status != OK) remove(temporary);
  }
  free(temporary);
  return status;
}
