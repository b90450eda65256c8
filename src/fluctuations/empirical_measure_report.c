/* How the results of fluctuations/empirical_measure.h are told: table, verdicts, named arrays. */
#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "fluctuations/empirical_measure.h"
#include "study/verdict.h"

#define FAMILY 1e-4 /* level of all tests of normality together, as in clt.c */

/* ---- terminal ---- */

enum { CELL = 34 };

static void print_moment(const struct empirical_measure *measure, const struct empirical_measure_time *moment,
                         FILE *out) {
  const struct study *study = measure->study;
  fprintf(
      out,
      "\nmu_n at t = %g (step %lld) by %d observables of theta over its spread (c %.4g, b %.4g, a %.4g)\n%10s  %-34s  "
      "%-34s  %-34s  %s\n",
      moment->time, (long long)moment->step, EMPIRICAL_MEASURE_OBSERVABLES, moment->scale[0], moment->scale[1],
      moment->scale[2], "n", "n V", "n V over that of independent units", "MMD^2 from the largest n", "normal: p");
  for (int s = 0; s < study->sizes; s++) {
    const struct empirical_measure_size *size = &moment->size[s];
    const double n = (double)study->n[s];
    fprintf(out, "%10lld", (long long)study->n[s]);
    results_print(out, CELL, size->V, n);
    results_print(out, CELL, size->V, n / size->units);
    results_print(out, CELL, size->mmd, 1);
    fprintf(out, "  %.3g\n", size->normality);
  }
  fprintf(out, "%10s", "slope");
  results_print(out, CELL, moment->slope, 1);
  fputc('\n', out);
}

void empirical_measure_print(const struct empirical_measure *measure, FILE *out) {
  for (int i = 0; i < measure->moments; i++) print_moment(measure, &measure->moment[i], out);
}

static void print_distance(const struct empirical_measure *measure, const struct empirical_measure_time *moment, int s,
                           FILE *out) {
  const struct study *study = measure->study;
  const struct empirical_measure_size *size = &moment->size[s];
  const char *later = moment->step > 0 ? "; as they interact, a term of order 1/n is expected at t > 0" : "";
  if (isnan(size->mmd.low)) return;
  fprintf(out,
          "t = %-8g MMD^2 of mu_n, n = %lld and %lld: %.3g [%.3g, %.3g], self-terms would add %.3g: ", moment->time,
          (long long)study->n[s], (long long)study->n[study->sizes - 1], size->mmd.value, size->mmd.low, size->mmd.high,
          size->units / (double)study->n[s]);
  if (size->mmd.low > 0)
    fprintf(out, "NOT zero: the means differ, or units of one network are correlated%s\n", later);
  else if (size->mmd.high < 0)
    fprintf(out, "NOT zero: units of one network are anticorrelated%s\n", later);
  else
    fprintf(out, "zero within its interval\n");
}

void empirical_measure_print_verdicts(const struct empirical_measure *measure, FILE *out) {
  const int last = measure->study->sizes - 1;
  if (measure->few) fprintf(out, "no observables of mu_n: they need at least %d replicas\n", FLUCTUATIONS_REPLICAS_MIN);
  for (int i = 0; i < measure->moments; i++) {
    const struct empirical_measure_time *moment = &measure->moment[i];
    if (!isnan(moment->slope.low))
      fprintf(out, "t = %-8g slope of Var <psi>_n in n: %.3f [%.3f, %.3f]: %s\n", moment->time, moment->slope.value,
              moment->slope.low, moment->slope.high, verdict_text(&moment->slope, -1, measure->options.tolerance));
    for (int s = 0; s < last; s++) print_distance(measure, moment, s, out);
    if (!isnan(moment->size[last].normality))
      fprintf(out, "t = %-8g <psi>_n at n = %lld: normality %s (family p = %.2g)\n", moment->time,
              (long long)measure->study->n[last], moment->size[last].normality > FAMILY ? "not rejected" : "REJECTED",
              moment->size[last].normality);
  }
}

/* ---- files ---- */

static void add_estimates(struct results *results, const struct empirical_measure *measure,
                          const struct empirical_measure_time *moment, const char *group, const char *name,
                          const char *description, bool mmd) {
  static const char *const parts[3] = {"values", "low", "high"};
  const int64_t sizes = measure->study->sizes;
  struct estimate estimates[ENSEMBLE_MAX];
  char path[64];
  for (int s = 0; s < sizes; s++) estimates[s] = mmd ? moment->size[s].mmd : moment->size[s].V;
  snprintf(path, sizeof path, "%s/%s", group, name);
  results_estimates(results, path, parts, description, 1, &sizes, estimates);
}

static void add_moment(struct results *results, const struct empirical_measure *measure, int index) {
  const struct empirical_measure_time *moment = &measure->moment[index];
  const int64_t sizes = measure->study->sizes, three = 3;
  double units[ENSEMBLE_MAX], normality[ENSEMBLE_MAX];
  char group[32], path[64];
  for (int s = 0; s < sizes; s++) {
    units[s] = moment->size[s].units;
    normality[s] = moment->size[s].normality;
  }
  snprintf(group, sizeof group, "measure/%d", index);
  snprintf(path, sizeof path, "%s/time", group);
  results_add(results, path, NULL, 0, NULL, &moment->time);
  snprintf(path, sizeof path, "%s/scale", group);
  results_add(results, path, "standard deviation of c, b, a over the units of the largest n", 1, &three, moment->scale);
  snprintf(path, sizeof path, "%s/units", group);
  results_add(results, path, "mean variance of psi over units: n V of independent ones", 1, &sizes, units);
  snprintf(path, sizeof path, "%s/normality", group);
  results_add(results, path, "family p of Anderson and Darling's tests", 1, &sizes, normality);
  snprintf(path, sizeof path, "%s/slope", group);
  results_add(results, path, "slope of log V on log n, its low and high end", 1, &three,
              (double[]){moment->slope.value, moment->slope.low, moment->slope.high});
  add_estimates(results, measure, moment, group, "V", "mean variance of <psi>_n over replicas", false);
  add_estimates(results, measure, moment, group, "mmd", "MMD^2 from the largest n, without self-terms", true);
}

void empirical_measure_results(const struct empirical_measure *measure, struct results *results) {
  const int64_t shape[] = {EMPIRICAL_MEASURE_OBSERVABLES, measure->fields};
  if (measure->moments == 0) return;
  results_add(results, "measure/frequency", "w_l, of the fields c, b (if there is one), a over their scale", 2, shape,
              measure->frequency);
  results_add(results, "measure/phase", "beta_l", 1, shape, measure->phase);
  for (int i = 0; i < measure->moments; i++) add_moment(results, measure, i);
}
