/* Tables, verdicts, conditions and named arrays of fluctuations/fluctuations.h. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "fluctuations/fluctuations.h"

/* ---- tables ---- */

enum { CELL = 30, COLUMNS = 4 };

static void print_fit(const struct fluctuations *fluctuations, const struct fluctuations_quantity *quantity, int time,
                      FILE *out) {
  const struct error_fit *fit = &quantity->fit[time];
  const struct estimate p = quantity->power[time];
  char text[ESTIMATE_BYTES];
  if (isnan(fit->power)) {
    if (fluctuations->study->sizes >= ERROR_FIT_SIZES)
      fprintf(out, "%9s: no fit L + A n^-p with p from %g to %g\n", quantity->name, ERROR_FIT_LOW, ERROR_FIT_HIGH);
    return;
  }
  fprintf(out, "%9s = %.4g %c %.4g n^-p, p = ", quantity->name, fit->limit, fit->amplitude < 0 ? '-' : '+',
          fabs(fit->amplitude));
  estimate_write(p, 1, ESTIMATE_FIXED, 3, text);
  fputs(text, out);
  if (isnan(p.low)) fprintf(out, " (no interval: some bootstrap samples have no such p)");
  fprintf(out, "; with p = 1 chi^2 = %.3g for %d degrees of freedom, probability %.2g\n", fit->chi2,
          fluctuations->study->sizes - 2, fit->probability);
}

/* Prints a table of some quantities at one time, one column per quantity. */
static void print_columns(const struct fluctuations *fluctuations, int time, int count,
                          const struct fluctuations_quantity *const *column, FILE *out) {
  const struct study *study = fluctuations->study;
  fprintf(out, "%10s", "n");
  for (int i = 0; i < count; i++) {
    char head[64];
    snprintf(head, sizeof head, "%s%s", column[i]->variance ? "n " : "", column[i]->name);
    fprintf(out, "  %-*s", CELL, head);
  }
  for (int s = 0; s < study->sizes; s++) {
    fprintf(out, "\n%10lld", (long long)study->n[s]);
    for (int i = 0; i < count; i++)
      estimate_print(out, CELL, column[i]->value[time * study->sizes + s],
                     column[i]->variance ? (double)study->n[s] : 1);
  }
  fprintf(out, "\n%10s", "slope");
  for (int i = 0; i < count; i++) estimate_print(out, CELL, column[i]->slope[time], 1);
  fputc('\n', out);
}

/* Prints t and the step; where sizes differ in one of them, that of each n. */
static void print_clock(const struct study *study, int time, FILE *out) {
  if (!study->own_times) {
    fprintf(out, "\nt = %g (step %lld)\n", study->time[time], (long long)study->step[time]);
    return;
  }
  const bool common = !isnan(study->time[time]);
  if (common)
    fprintf(out, "\nt = %g (step", study->time[time]);
  else
    fprintf(out, "\nstep %lld (t =", (long long)study->step[time]);
  for (int s = 0; s < study->sizes; s++) {
    fprintf(out, s ? ", " : " ");
    if (common)
      fprintf(out, "%lld", (long long)study->size_step[time * study->sizes + s]);
    else
      fprintf(out, "%g", study_time(study, time, s));
    fprintf(out, " for n = %lld", (long long)study->n[s]);
  }
  fprintf(out, common ? ")\n" : "): no slopes, because the sizes have different t\n");
}

static void print_time(const struct fluctuations *fluctuations, int time, FILE *out) {
  const struct fluctuations_quantity *column[COLUMNS];
  int count = 0;
  print_clock(fluctuations->study, time, out);
  for (int q = 0; q <= FLUCTUATIONS_QUANTITIES; q++) {
    if (count == COLUMNS || (q == FLUCTUATIONS_QUANTITIES && count > 0)) {
      print_columns(fluctuations, time, count, column, out);
      count = 0;
    }
    if (q < FLUCTUATIONS_QUANTITIES && fluctuations->quantity[q].known) column[count++] = &fluctuations->quantity[q];
  }
  for (int q = 0; q < FLUCTUATIONS_QUANTITIES; q++)
    if (fluctuations->quantity[q].known && fluctuations->quantity[q].fit)
      print_fit(fluctuations, &fluctuations->quantity[q], time, out);
}

static void print(const void *state, FILE *out) {
  const struct fluctuations *fluctuations = state;
  const struct study *study = fluctuations->study;
  fprintf(out, "%d run%s, %d sizes, %d times; %.4g %% intervals from %d bootstrap samples over replicas\n", study->runs,
          study->runs == 1 ? "" : "s", study->sizes, study->times, 100 * fluctuations->options.level,
          fluctuations->options.bootstrap);
  fprintf(out, "slope: least squares of log value (of V, not n V) on log n; %s = %.6g\n",
          loss_is_squared(&study->loss) ? "C_f" : "loss_0", study->loss_0);
  for (int q = 0; q < FLUCTUATIONS_QUANTITIES; q++)
    if (fluctuations->quantity[q].known)
      fprintf(out, "%18s  %s\n", fluctuations->quantity[q].name, fluctuations->quantity[q].description);
  for (int time = 0; time < study->times; time++) print_time(fluctuations, time, out);
}

/* ---- verdicts ---- */

/* Returns the end of a verdict's text: what the interval of the slope implies. */
static const char *implication(const struct fluctuations_quantity *quantity, const struct estimate *slope,
                               double tolerance) {
  if (slope->high < quantity->expected) return "; other powers of n contribute at these n";
  if (slope->low > quantity->expected) return "; a term that falls more slowly contributes";
  const bool flat = verdict_of(slope, quantity->expected, tolerance) == VERDICT_WITHIN && quantity->variance;
  return flat ? "; n times this value is constant in n" : "";
}

static void add_verdict(const struct fluctuations *fluctuations, const struct fluctuations_quantity *quantity, int time,
                        struct findings *findings) {
  const struct estimate *slope = &quantity->slope[time];
  const double tolerance = fluctuations->options.tolerance;
  char subject[64];
  if (isnan(slope->low)) return;
  snprintf(subject, sizeof subject, "slope of %s in n", quantity->name);
  struct finding finding = FINDING(FINDING_VERDICT, quantity->name, subject);
  finding.t = fluctuations->study->time[time];
  finding.estimate = *slope;
  finding.confidence = fluctuations->options.level;
  finding.expected = quantity->expected;
  finding.verdict = verdict_of(slope, quantity->expected, tolerance);
  const char *scaling = quantity->variance                   ? ""
                        : fluctuations->study->dt_power != 0 ? ", dt/P = n^power"
                                                             : ", P = n^power";
  findings_add(findings, finding, "%s%s%s",
               verdict_text(slope, quantity->expected, tolerance, study_common_initials(fluctuations->study)), scaling,
               implication(quantity, slope, tolerance));
}

/* ---- limits of the data ---- */

static void add_replica_limits(const struct study *study, struct findings *findings) {
  const int64_t fewest = study_fewest_initials(study);
  int64_t most = fewest;
  for (int s = 0; s < study->sizes; s++)
    if (study_initials(study, s) > most) most = study_initials(study, s);
  if (fewest < 2)
    findings_limit(
        findings, "replicas",
        "no V_n and no intervals: set ensemble.replicas to at least 2 for V_n, %d for intervals; 32 or more are better",
        FLUCTUATIONS_REPLICAS_MIN);
  else if (fewest < FLUCTUATIONS_REPLICAS_MIN)
    findings_limit(findings, "replicas",
                   "no intervals and no verdicts: %lld replicas; at least %d are needed, 32 or more are better",
                   (long long)fewest, FLUCTUATIONS_REPLICAS_MIN);
  else if (fewest < 16)
    findings_limit(findings, "replicas", "only %lld replicas: intervals are approximate", (long long)fewest);
  if (fewest != most)
    findings_limit(findings, "replicas", "%lld to %lld replicas: intervals differ in accuracy", (long long)fewest,
                   (long long)most);
}

static void add_field_limits(const struct study *study, struct findings *findings) {
  if (!study->fields) {
    findings_limit(findings, "V", "no V_n: the runs recorded no fields; set output.fields to a list of steps");
    return;
  }
  if (study->test_points == 0) findings_limit(findings, "V", "no V_n at test points: the runs have none (data.test)");
  if (study->times < 2)
    findings_limit(findings, "heal", "no healing: fields were recorded at one time only (output.fields)");
  if (!study->second_moments)
    findings_limit(findings, "bound",
                   "no resampling bound: the version of McKean that wrote these runs did not record its data");
}

static void add_size_limits(const struct study *study, struct findings *findings) {
  if (study->sizes < 2)
    findings_limit(findings, "slopes", "no slopes and no rates: they need at least 2 different n (ensemble.n)");
  else if (study->sizes < 3)
    findings_limit(findings, "slopes",
                   "slopes of 2 sizes: they cannot show whether log V is linear in log n; use 3 or "
                   "more different n");
  if (study->sizes > 1 && study->sizes < ERROR_FIT_SIZES)
    findings_limit(findings, "loss.p", "no fit L + A n^-p: it needs at least %d different n", ERROR_FIT_SIZES);
  if (study->sizes > 1 && study->common_data)
    findings_limit(
        findings, "B",
        "the squared bias B is relative to n = %lld, not to n = infinity: it does not contain the bias of that n",
        (long long)study->n[study->sizes - 1]);
}

static void add_time_limits(const struct study *study, struct findings *findings) {
  if (!study->own_times || study->sizes < 2) return;
  bool common = true;
  for (int time = 0; time < study->times; time++) common &= !isnan(study->time[time]);
  if (common)
    findings_limit(findings, "times",
                   "dt_power gives the sizes different t at equal steps: sizes are compared at the %d recorded times "
                   "that all n have in common%s",
                   study->times, study->fields ? "; the other fields are not used" : "");
  else
    findings_limit(findings, "times",
                   "no comparison of sizes at t > 0: dt_power gives them different t at equal steps, and no t > 0 is "
                   "recorded for all n; choose %s so that some are",
                   study->fields ? "output.fields" : "output.history_every");
}

static void add_scale_limits(const struct study *study, struct findings *findings) {
  if (study->scale_power == 0) return;
  findings_limit(
      findings, "V",
      "no verdict on V: with ensemble.scale_power = %g, V is proportional to n^%g at t = 0 only; later, parts "
      "of the order 1/n remain",
      study->scale_power, 2 * study->scale_power - 1);
}

static void add_noise_limits(const struct study *study, struct findings *findings) {
  if (study->heat_varies)
    findings_limit(findings, "V",
                   "no verdict on V: with temperature_power, V is a sum of two powers of n: 1/n from the initial "
                   "condition, and temperature/n from the noise");
  if (study->own_noise && study->streams > 1)
    findings_limit(findings, "V_sgd",
                   "no verdict on V_sgd: it contains the noise of a temperature, or of births and deaths%s",
                   isnan(study->batch_power) ? "" : ", in addition to that of the batches");
}

static void add_data_limits(const struct study *study, struct findings *findings) {
  findings_limit(findings, "loss",
                 "no verdict on slopes of raw losses: theory predicts none at fixed t; see the fits L + A n^-p");
  if (study->common_data) return;
  findings_limit(findings, "V",
                 "the replicas used different data: V contains the variance due to the data, which falls as 1/P; for "
                 "the LLN use data.mode fixed with scheme gd, or data.shared%s",
                 study->streams > 1 ? "; V_init is the other term" : ", or V_init of runs with data.streams");
  findings_limit(findings, "B", "no squared bias B: the replicas used different data, which also changes their means");
}

static void find(const void *state, struct findings *findings) {
  const struct fluctuations *fluctuations = state;
  const struct study *study = fluctuations->study;
  for (int q = 0; q < FLUCTUATIONS_QUANTITIES; q++)
    for (int time = 0; time < study->times; time++)
      if (!isnan(fluctuations->quantity[q].expected) && fluctuations->quantity[q].known)
        add_verdict(fluctuations, &fluctuations->quantity[q], time, findings);
  add_field_limits(study, findings);
  add_replica_limits(study, findings);
  add_size_limits(study, findings);
  add_time_limits(study, findings);
  add_scale_limits(study, findings);
  add_noise_limits(study, findings);
  add_data_limits(study, findings);
}

/* ---- summary ---- */

/* Returns the last time at which the estimate [times] has an interval or, if there is none, a value; -1: none. */
static int last_known(const struct study *study, const struct estimate *estimate) {
  for (int time = study->times - 1; time >= 0; time--)
    if (!isnan(estimate[time].low)) return time;
  for (int time = study->times - 1; time >= 0; time--)
    if (!isnan(estimate[time].value)) return time;
  return -1;
}

static void interval_text(const struct estimate *estimate, const char *format, char text[ESTIMATE_BYTES]) {
  char value[24], low[24], high[24];
  snprintf(value, sizeof value, format, estimate->value);
  snprintf(low, sizeof low, format, estimate->low);
  snprintf(high, sizeof high, format, estimate->high);
  snprintf(text, ESTIMATE_BYTES, isnan(estimate->low) ? "%s (no interval)" : "%s [%s, %s]", value, low, high);
}

static void summarize_slope(const struct fluctuations *fluctuations, const struct fluctuations_quantity *quantity,
                            const struct findings *findings, struct digest *digest) {
  const struct study *study = fluctuations->study;
  const int time = last_known(study, quantity->slope);
  char slope[ESTIMATE_BYTES], counts[DIGEST_COUNTS];
  if (time < 0) return;
  interval_text(&quantity->slope[time], "%.3f", slope);
  digest_counts(findings, quantity->name, "times", counts);
  digest_add(digest, quantity->variance ? "LLN" : "noise", "%s ~ n^s, s = %s at t = %g; theory %.4g%s%s",
             quantity->name, slope, study->time[time], quantity->expected, *counts ? ": " : "", counts);
}

/* The loss of the smallest and of the largest n at the last time, and p of its fit. */
static void summarize_loss(const struct fluctuations *fluctuations, const struct fluctuations_quantity *quantity,
                           struct digest *digest) {
  const struct study *study = fluctuations->study;
  const int end = study->times - 1, last = study->sizes - 1, fit = last_known(study, quantity->power);
  const struct estimate *value = &quantity->value[end * study->sizes];
  char when[48] = "at the end", large[64] = "", p[ESTIMATE_BYTES], power[ESTIMATE_BYTES + 64] = "";
  if (!isnan(study->time[end])) snprintf(when, sizeof when, "at t = %g", study->time[end]);
  if (last > 0)
    snprintf(large, sizeof large, ", %.4g (n = %lld)", value[last].value / study->loss_0, (long long)study->n[last]);
  if (fit >= 0 && study->common_data && !isnan(quantity->power[fit].low)) {
    interval_text(&quantity->power[fit], "%.2f", p);
    snprintf(power, sizeof power, "; = L + A n^-p with p = %s at t = %g", p, study->time[fit]);
  }
  digest_add(digest, "error", "%s/%s %s: %.4g (n = %lld)%s%s", quantity->name,
             loss_is_squared(&study->loss) ? "C_f" : "loss_0", when, value[0].value / study->loss_0,
             (long long)study->n[0], large, power);
}

static void summarize(const void *state, const struct findings *findings, struct digest *digest) {
  const struct fluctuations *fluctuations = state;
  for (int q = 0; q < FLUCTUATIONS_QUANTITIES; q++) {
    const struct fluctuations_quantity *quantity = &fluctuations->quantity[q];
    if (quantity->known && !isnan(quantity->expected))
      summarize_slope(fluctuations, quantity, findings, digest);
    else if (quantity->known && quantity->fit)
      summarize_loss(fluctuations, quantity, digest);
  }
}

/* ---- conditions ---- */

static const char *slope_quantity(const void *state, int i) {
  const struct fluctuations *fluctuations = state;
  for (int q = 0; q < FLUCTUATIONS_QUANTITIES; q++)
    if (fluctuations->quantity[q].known && i-- == 0) return fluctuations->quantity[q].name;
  return NULL;
}

static const char *power_quantity(const void *state, int i) {
  const struct fluctuations *fluctuations = state;
  for (int q = 0; q < FLUCTUATIONS_QUANTITIES; q++)
    if (fluctuations->quantity[q].known && fluctuations->quantity[q].fit && i-- == 0)
      return fluctuations->quantity[q].name;
  return NULL;
}

/* Adds the finding of a condition on an estimate at one time. of: "the slope" or "p"; rejected: the condition fails
 * whatever the estimate is; note: what else the condition requires, or "". */
static void add_condition(const struct fluctuations *fluctuations, const struct condition *condition, int time,
                          const struct estimate *estimate, const char *of, bool rejected, const char *note,
                          struct findings *findings) {
  const double tolerance = isnan(condition->tolerance) ? fluctuations->options.tolerance : condition->tolerance;
  struct finding finding = condition_finding(condition, condition_within(condition, estimate, tolerance) && !rejected);
  finding.t = fluctuations->study->time[time];
  finding.estimate = *estimate;
  finding.confidence = fluctuations->options.level;
  findings_add(findings, finding, "expected %s of %s of %s in %g +- %g%s",
               condition->whole_interval ? "the interval" : "the value", of, condition->quantity, condition->value,
               tolerance, note);
}

/* Returns whether the condition applies at some time. If it does not, adds a finding that it is not met. */
static bool applies_once(const struct study *study, const struct condition *condition, struct findings *findings) {
  for (int time = 0; time < study->times; time++)
    if (condition_applies(condition, study->time[time])) return true;
  findings_add(findings, condition_finding(condition, false), "no t > 0 is recorded for all n");
  return false;
}

static void judge_slope(const void *state, const struct condition *condition, struct findings *findings) {
  const struct fluctuations *fluctuations = state;
  const struct fluctuations_quantity *quantity = fluctuations_find(fluctuations, condition->quantity);
  if (!applies_once(fluctuations->study, condition, findings)) return;
  for (int time = 0; time < fluctuations->study->times; time++)
    if (condition_applies(condition, fluctuations->study->time[time]))
      add_condition(fluctuations, condition, time, &quantity->slope[time], "the slope", false, "", findings);
}

static void judge_power(const void *state, const struct condition *condition, struct findings *findings) {
  const struct fluctuations *fluctuations = state;
  const struct fluctuations_quantity *quantity = fluctuations_find(fluctuations, condition->quantity);
  if (!applies_once(fluctuations->study, condition, findings)) return;
  for (int time = 0; time < fluctuations->study->times; time++) {
    if (!condition_applies(condition, fluctuations->study->time[time])) continue;
    const double probability = quantity->fit[time].probability;
    const bool one = condition->value == 1, rejected = one && !(probability >= 1 - fluctuations->options.level);
    char note[96] = "";
    if (one) snprintf(note, sizeof note, " and p = 1 not rejected (probability %.2g)", probability);
    add_condition(fluctuations, condition, time, &quantity->power[time], "p", rejected, note, findings);
  }
}

static const struct condition_kind kinds[] = {
    {"", "NAME=SLOPE[+-TOL|~TOL][@T]", condition_read_interval, slope_quantity, judge_slope},
    {".p", "NAME.p=P[+-TOL|~TOL][@T]", condition_read_interval, power_quantity, judge_power},
};

/* ---- named arrays ---- */

static const char *const slope_names[] = {"slope", "slope_low", "slope_high"};
static const char *const power_names[] = {"p", "p_low", "p_high"};

/* The numbers of a fit; each becomes an array over times. */
static const struct {
  const char *name, *description;
  size_t offset; /* in struct error_fit */
} fit_numbers[] = {
    {"limit", "L of loss = L + A n^-p", offsetof(struct error_fit, limit)},
    {"amplitude", "A of loss = L + A n^-p", offsetof(struct error_fit, amplitude)},
    {"chi2", "chi^2 with p = 1, for sizes - 2 degrees of freedom", offsetof(struct error_fit, chi2)},
    {"probability", "probability of a larger chi^2 with p = 1 (F distribution)",
     offsetof(struct error_fit, probability)},
};
enum { FIT_NUMBERS = sizeof fit_numbers / sizeof *fit_numbers };

static void add_fit(struct results *results, const struct fluctuations_quantity *quantity, int64_t times) {
  double *values = alloc_small(sizeof *values * (size_t)times);
  results_group(results, "%s/fit", quantity->name);
  results_dimensions(results, "times", NULL);
  results_estimates(results, power_names, "p of loss = L + A n^-p", 1, &times, quantity->power);
  for (int number = 0; number < FIT_NUMBERS; number++) {
    for (int64_t time = 0; time < times; time++)
      memcpy(&values[time], (const char *)&quantity->fit[time] + fit_numbers[number].offset, sizeof *values);
    results_add(results, fit_numbers[number].name, fit_numbers[number].description, 1, &times, values);
  }
  free(values);
}

static void add_verdict_words(struct results *results, const struct fluctuations_quantity *quantity, int64_t times,
                              double tolerance) {
  const char **words = alloc_small(sizeof *words * (size_t)times);
  double *factor = alloc_small(sizeof *factor * (size_t)times);
  for (int64_t time = 0; time < times; time++)
    words[time] = verdict_names[verdict_of(&quantity->slope[time], quantity->expected, tolerance)];
  results_add(results, "expected", "slope that theory predicts", 0, NULL, &quantity->expected);
  results_words(results, "verdict", times, words);
  for (int64_t time = 0; time < times; time++)
    factor[time] = verdict_replicas_factor(&quantity->slope[time], quantity->expected, tolerance);
  results_add(results, "replicas_factor", "factor by which the number of replicas must grow until the interval decides",
              1, &times, factor);
  free(factor);
  free(words);
}

static void add_quantity(struct results *results, const struct fluctuations *fluctuations,
                         const struct fluctuations_quantity *quantity) {
  const int64_t times = fluctuations->study->times, shape[] = {times, fluctuations->study->sizes};
  results_group(results, "%s", quantity->name);
  results_dimensions(results, "times", "n");
  results_units(results, strncmp(quantity->name, "bound_ratio", 11) == 0 ? "1" : "f^2");
  results_estimates(results, results_values, quantity->description, 2, shape, quantity->value);
  results_units(results, "1");
  results_estimates(results, slope_names, "slope of log value on log n", 1, shape, quantity->slope);
  if (!isnan(quantity->expected)) add_verdict_words(results, quantity, times, fluctuations->options.tolerance);
  if (quantity->fit) add_fit(results, quantity, times);
}

static void add_results(const void *state, struct results *results) {
  const struct fluctuations *fluctuations = state;
  const struct study *study = fluctuations->study;
  const double bootstrap = fluctuations->options.bootstrap, common = study->common_data;
  const int64_t times = study->times;
  results_group(results, "%s", ""); /* the root */
  results_add(results, "level", NULL, 0, NULL, &fluctuations->options.level);
  results_add(results, "tolerance", NULL, 0, NULL, &fluctuations->options.tolerance);
  results_add(results, "bootstrap", NULL, 0, NULL, &bootstrap);
  results_add(results, "common_data", NULL, 0, NULL, &common);
  results_add(results, "C_f", NULL, 0, NULL, &study->C_f);
  results_add(results, "C_f_error", "standard error of C_f, 0 if it is exact", 0, NULL, &study->C_f_error);
  results_add(results, "loss_0", NULL, 0, NULL, &study->loss_0);
  results_dimensions(results, "n", NULL);
  results_integers(results, "n", "units of a network", study->sizes, study->n);
  results_integers(results, "replicas", "networks of each n", study->sizes, study->replicas);
  results_dimensions(results, "times", "n");
  results_integers(results, "steps", "steps done", study->times, study->step);
  results_units(results, "t");
  results_add(results, "times", "time t = sum of dt", 1, &times, study->time);
  if (study->own_times) {
    const int64_t shape[] = {times, study->sizes};
    double *steps = alloc_small(sizeof *steps * (size_t)(times * study->sizes));
    for (int64_t i = 0; i < times * study->sizes; i++) steps[i] = (double)study->size_step[i];
    results_add(results, "times_per_size", "time t of each n", 2, shape, study->size_time);
    results_units(results, NULL);
    results_add(results, "steps_per_size", "steps done, of each n", 2, shape, steps);
    free(steps);
  }
  for (int q = 0; q < FLUCTUATIONS_QUANTITIES; q++)
    if (fluctuations->quantity[q].known) add_quantity(results, fluctuations, &fluctuations->quantity[q]);
}

/* ---- the analysis ---- */

static int create(struct analysis_input *input, void **state) {
  struct fluctuations *fluctuations = NULL;
  TRY(fluctuations_create(input->study, input->options, &fluctuations));
  *state = fluctuations;
  input->fluctuations = fluctuations;
  return OK;
}

static void release(void *state) {
  fluctuations_free(state);
}

const struct analysis fluctuations_analysis = {
    .name = "fluctuations",
    .create = create,
    .free = release,
    .print = print,
    .summary = summarize,
    .findings = find,
    .results = add_results,
    .kinds = sizeof kinds / sizeof *kinds,
    .kind = kinds,
};
