/* Tables, verdicts and named arrays of fluctuations/empirical_measure.h. */
#include "base/error.h"
#include "fluctuations/anderson_darling.h"
#include "fluctuations/empirical_measure.h"

/* ---- tables ---- */

enum { CELL = 34 };

static void print_time(const struct empirical_measure *measure, const struct empirical_measure_time *time, FILE *out) {
  const struct study *study = measure->study;
  const bool common = !isnan(time->time);
  fprintf(out, "\nmu_n at ");
  if (common)
    fprintf(out, "t = %g (step %lld)", time->time, (long long)time->step);
  else
    fprintf(out, "step %lld (different t: sizes are not compared)", (long long)time->step);
  fprintf(out,
          ": %d observables of theta divided by its spread (c %.4g, b %.4g, a %.4g)\n"
          "%10s  %-34s  %-34s  %-34s  %s\n",
          EMPIRICAL_MEASURE_OBSERVABLES, time->scale[0], time->scale[1], time->scale[2], "n", "n V",
          "n V divided by that of independent units", "MMD^2 from the largest n", "normal: p");
  for (int s = 0; s < study->sizes; s++) {
    const struct empirical_measure_size *size = &time->size[s];
    const double n = (double)study->n[s];
    fprintf(out, "%10lld", (long long)study->n[s]);
    estimate_print(out, CELL, size->V, n);
    estimate_print(out, CELL, size->V, n / size->unit_variance);
    estimate_print(out, CELL, size->mmd, 1);
    fprintf(out, "  %.3g", size->normality);
    if (!common) fprintf(out, ", t = %g", size->time);
    fputc('\n', out);
  }
  fprintf(out, "%10s", "slope");
  estimate_print(out, CELL, time->slope, 1);
  fputc('\n', out);
}

static void print(const void *state, FILE *out) {
  const struct empirical_measure *measure = state;
  for (int i = 0; i < measure->times; i++) print_time(measure, &measure->time[i], out);
}

/* ---- verdicts ---- */

static void add_slope(const struct empirical_measure *measure, const struct empirical_measure_time *time,
                      struct findings *findings) {
  const double tolerance = measure->options.tolerance;
  if (isnan(time->slope.low)) return;
  struct finding finding = FINDING(FINDING_VERDICT, "measure.V", "slope of Var <psi>_n in n");
  finding.t = time->time;
  finding.estimate = time->slope;
  finding.confidence = measure->options.level;
  finding.expected = -1;
  finding.verdict = verdict_of(&time->slope, -1, tolerance);
  findings_add(findings, finding, "%s",
               verdict_text(&time->slope, -1, tolerance, study_common_initials(measure->study)));
}

/* At t > 0 the units interact, so theory expects a term of order 1/n: no verdict unless the interval contains zero. */
static void add_distance(const struct empirical_measure *measure, const struct empirical_measure_time *time, int s,
                         struct findings *findings) {
  const struct study *study = measure->study;
  const struct estimate *mmd = &time->size[s].mmd;
  const bool zero = mmd->low <= 0 && mmd->high >= 0, start = time->step == 0;
  char subject[96];
  if (isnan(mmd->low)) return;
  snprintf(subject, sizeof subject, "MMD^2 of mu_n against n = %lld", (long long)study->n[study->sizes - 1]);
  struct finding finding = FINDING(FINDING_VERDICT, "measure.mmd", subject);
  finding.n = study->n[s];
  finding.t = time->time;
  finding.estimate = *mmd;
  finding.confidence = measure->options.level;
  finding.expected = start ? 0 : NAN;
  finding.verdict = zero ? VERDICT_WITHIN : start ? VERDICT_OUTSIDE : VERDICT_NONE;
  findings_add(findings, finding, "%s%s; terms of a unit with itself would add %.3g",
               zero           ? "zero within its interval"
               : mmd->low > 0 ? "NOT zero: the means differ, or units of one network are correlated"
                              : "NOT zero: units of one network are anticorrelated",
               zero || start ? "" : "; since units interact, a term of order 1/n is expected at t > 0",
               time->size[s].unit_variance / (double)study->n[s]);
}

static void add_normality(const struct empirical_measure *measure, const struct empirical_measure_time *time, int s,
                          struct findings *findings) {
  const double p = time->size[s].normality;
  if (isnan(p)) return;
  struct finding finding = FINDING(FINDING_VERDICT, "measure.normality", "family p of the normality of <psi>_n");
  finding.n = measure->study->n[s];
  finding.t = time->size[s].time;
  finding.estimate.value = p;
  finding.confidence = 1 - ANDERSON_DARLING_LEVEL;
  finding.verdict = p > ANDERSON_DARLING_LEVEL ? VERDICT_WITHIN : VERDICT_OUTSIDE;
  findings_add(findings, finding, "normality %s", p > ANDERSON_DARLING_LEVEL ? "not rejected" : "REJECTED");
}

static void find(const void *state, struct findings *findings) {
  const struct empirical_measure *measure = state;
  const int last = measure->study->sizes - 1;
  for (int i = 0; i < measure->times; i++) {
    add_slope(measure, &measure->time[i], findings);
    for (int s = 0; s < last; s++) add_distance(measure, &measure->time[i], s, findings);
    add_normality(measure, &measure->time[i], last, findings);
  }
  if (measure->few)
    findings_limit(findings, "measure", "no observables of mu_n: they require at least %d replicas",
                   FLUCTUATIONS_REPLICAS_MIN);
}

/* ---- named arrays ---- */

static void add_time(struct results *results, const struct empirical_measure *measure, int index) {
  const struct empirical_measure_time *time = &measure->time[index];
  const int64_t sizes = measure->study->sizes, three = 3;
  double units[ENSEMBLE_MAX], normality[ENSEMBLE_MAX], times[ENSEMBLE_MAX];
  struct estimate V[ENSEMBLE_MAX], mmd[ENSEMBLE_MAX];
  for (int s = 0; s < sizes; s++) {
    units[s] = time->size[s].unit_variance;
    normality[s] = time->size[s].normality;
    times[s] = time->size[s].time;
    V[s] = time->size[s].V;
    mmd[s] = time->size[s].mmd;
  }
  results_group(results, "measure/%d", index);
  results_add(results, "time", NULL, 0, NULL, &time->time);
  results_dimensions(results, "n", NULL);
  if (isnan(time->time)) results_add(results, "times_per_size", "time t of each n", 1, &sizes, times);
  results_dimensions(results, "field", NULL);
  results_add(results, "scale", "standard deviation of c, b, a over the units of the largest n", 1, &three,
              time->scale);
  results_dimensions(results, "n", NULL);
  results_add(results, "units", "mean variance of psi over units: n V of independent ones", 1, &sizes, units);
  results_add(results, "normality", "family p of Anderson and Darling's tests", 1, &sizes, normality);
  results_dimensions(results, "end", NULL);
  results_add(results, "slope", "slope of log V on log n, its low and high end", 1, &three,
              (double[]){time->slope.value, time->slope.low, time->slope.high});
  results_group(results, "measure/%d/V", index);
  results_dimensions(results, "n", NULL);
  results_estimates(results, results_values, "mean variance of <psi>_n over replicas", 1, &sizes, V);
  results_group(results, "measure/%d/mmd", index);
  results_dimensions(results, "n", NULL);
  results_estimates(results, results_values, "MMD^2 from the largest n, without the terms of a unit with itself", 1,
                    &sizes, mmd);
}

static void add_results(const void *state, struct results *results) {
  const struct empirical_measure *measure = state;
  const int64_t shape[] = {EMPIRICAL_MEASURE_OBSERVABLES, measure->components};
  if (measure->times == 0) return;
  results_group(results, "measure");
  results_dimensions(results, "observable", "component");
  results_add(results, "frequency", "w_l, of the fields c, b (if any), a divided by their scale", 2, shape,
              measure->frequency);
  results_add(results, "phase", "beta_l", 1, shape, measure->phase);
  for (int i = 0; i < measure->times; i++) add_time(results, measure, i);
}

/* ---- the analysis ---- */

static int create(struct analysis_input *input, void **state) {
  struct empirical_measure *measure = NULL;
  const int status = empirical_measure_create(input->comm, input->study, input->folder, input->options, &measure);
  *state = measure;
  return status;
}

static void release(void *state) {
  empirical_measure_free(state);
}

const struct analysis empirical_measure_analysis = {.name = "empirical_measure",
                                                    .collective = true,
                                                    .create = create,
                                                    .free = release,
                                                    .print = print,
                                                    .findings = find,
                                                    .results = add_results};
