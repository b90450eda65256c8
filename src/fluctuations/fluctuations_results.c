/* The numbers of fluctuations/fluctuations.h for files. */
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "fluctuations/fluctuations.h"
#include "study/verdict.h"

static const char *const slope_names[] = {"slope", "slope_low", "slope_high"};
static const char *const power_names[] = {"p", "p_low", "p_high"};

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

static void add_fit(struct results *results, const struct fluctuations_quantity *quantity, int64_t times) {
  char group[64], name[96];
  double *values = alloc_small(sizeof *values * (size_t)times);
  snprintf(group, sizeof group, "%s/fit", quantity->name);
  results_estimates(results, group, power_names, "p of loss = L + A n^-p", 1, &times, quantity->power);
  for (int number = 0; number < FIT_NUMBERS; number++) {
    snprintf(name, sizeof name, "%s/%s", group, fit_numbers[number].name);
    for (int64_t time = 0; time < times; time++)
      memcpy(&values[time], (const char *)&quantity->fit[time] + fit_numbers[number].offset, sizeof *values);
    results_add(results, name, fit_numbers[number].description, 1, &times, values);
  }
  free(values);
}

static void add_verdicts(struct results *results, const struct fluctuations_quantity *quantity, int64_t times,
                         double tolerance) {
  char name[64];
  const char **words = alloc_small(sizeof *words * (size_t)times);
  for (int64_t time = 0; time < times; time++)
    words[time] = verdict_names[verdict_of(&quantity->slope[time], quantity->expected, tolerance)];
  snprintf(name, sizeof name, "%s/expected", quantity->name);
  results_add(results, name, "slope by theory", 0, NULL, &quantity->expected);
  snprintf(name, sizeof name, "%s/verdict", quantity->name);
  results_words(results, name, times, words);
  free(words);
}

static void add_quantity(struct results *results, const struct fluctuations *fluct,
                         const struct fluctuations_quantity *quantity) {
  const int64_t times = fluct->study->times, shape[] = {times, fluct->study->sizes};
  results_estimates(results, quantity->name, results_values, quantity->description, 2, shape, quantity->value);
  results_estimates(results, quantity->name, slope_names, "slope of log value on log n", 1, shape, quantity->slope);
  if (!isnan(quantity->expected)) add_verdicts(results, quantity, times, fluct->options.tolerance);
  if (quantity->fit) add_fit(results, quantity, times);
}

void fluctuations_results(const struct fluctuations *fluct, struct results *results) {
  const struct study *study = fluct->study;
  const double bootstrap = fluct->options.bootstrap, common = study->common_data;
  const int64_t times = study->times;
  results_add(results, "level", NULL, 0, NULL, &fluct->options.level);
  results_add(results, "tolerance", NULL, 0, NULL, &fluct->options.tolerance);
  results_add(results, "bootstrap", NULL, 0, NULL, &bootstrap);
  results_add(results, "common_data", NULL, 0, NULL, &common);
  results_add(results, "C_f", NULL, 0, NULL, &study->C_f);
  results_integers(results, "n", "units of a network", study->sizes, study->n);
  results_integers(results, "replicas", "networks of each n", study->sizes, study->replicas);
  results_integers(results, "steps", "steps done", study->times, study->step);
  results_add(results, "times", "time t = sum of dt", 1, &times, study->time);
  for (int q = 0; q < FLUCTUATIONS_QUANTITIES; q++)
    if (fluct->quantity[q].known) add_quantity(results, fluct, &fluct->quantity[q]);
}
