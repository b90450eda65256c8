#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "clt/predicted.h"

static const struct study *study_of(const struct predicted *predicted) {
  return predicted->fluctuations->study;
}

/* ---- table ---- */

static void print_curve(const struct predicted *predicted, const struct predicted_curve *curve, FILE *out) {
  const struct study *study = study_of(predicted);
  fprintf(out, "\nn %s divided by its prediction (%s)\n%10s  %-26s", curve->quantity->name, predicted->path, "t",
          "prediction of n V_n");
  for (int s = 0; s < study->sizes; s++) {
    char name[32];
    snprintf(name, sizeof name, "n = %lld", (long long)study->n[s]);
    fprintf(out, "  %-22s", name);
  }
  fputc('\n', out);
  for (int time = 0; time < study->times; time++) {
    if (isnan(curve->prediction[time].value)) continue;
    fprintf(out, "%10g", study->time[time]);
    estimate_print(out, 26, curve->prediction[time], 1);
    for (int s = 0; s < study->sizes; s++) estimate_print(out, 22, curve->ratio[time * study->sizes + s], 1);
    fputc('\n', out);
  }
}

static void print(const void *state, FILE *out) {
  const struct predicted *predicted = state;
  for (int i = 0; i < predicted->curves; i++) print_curve(predicted, &predicted->curve[i], out);
}

/* ---- verdicts ---- */

/* Returns `finding` with the ratio of a size at a time. */
static struct finding ratio_finding(const struct predicted *predicted, const struct predicted_curve *curve, int size,
                                    int time, struct finding finding) {
  const struct study *study = study_of(predicted);
  finding.n = study->n[size];
  finding.t = study->time[time];
  finding.estimate = curve->ratio[time * study->sizes + size];
  finding.confidence = predicted->fluctuations->options.level;
  finding.expected = 1;
  return finding;
}

/* A condition with the half width h requires that a prediction wrong by the factor 1 + WRONG h would be rejected. */
static const double WRONG = 1.5;

static bool contains_one(const struct estimate *ratio) {
  return ratio->low <= 1 && ratio->high >= 1;
}

/* Returns whether the interval contains 1, and would not if the prediction were multiplied or divided by `factor`. */
static bool rejects(const struct estimate *ratio, double factor) {
  return contains_one(ratio) && ratio->low > 1 / factor && ratio->high < factor;
}

/* Half of the width of the interval, relative to the ratio. */
static double half_width(const struct estimate *ratio) {
  return (ratio->high - ratio->low) / 2 / ratio->value;
}

static void find(const void *state, struct findings *findings) {
  const struct predicted *predicted = state;
  for (int i = 0; i < predicted->curves; i++) {
    const struct predicted_curve *curve = &predicted->curve[i];
    char name[48], subject[80];
    snprintf(name, sizeof name, "%s.predicted", curve->quantity->name);
    snprintf(subject, sizeof subject, "n %s / prediction", curve->quantity->name);
    for (int time = 0; time < study_of(predicted)->times; time++) {
      struct finding finding = ratio_finding(predicted, curve, study_of(predicted)->sizes - 1, time,
                                             FINDING(FINDING_VERDICT, name, subject));
      if (isnan(finding.estimate.low)) continue;
      const bool agrees = contains_one(&finding.estimate);
      finding.verdict = agrees ? VERDICT_WITHIN : VERDICT_OUTSIDE;
      findings_add(findings, finding, agrees ? "agrees; the interval is +- %.2g %%" : "does NOT agree; +- %.2g %%",
                   100 * half_width(&finding.estimate));
    }
  }
}

static void summarize(const void *state, const struct findings *findings, struct digest *digest) {
  const struct predicted *predicted = state;
  const struct study *study = study_of(predicted);
  (void)findings;
  for (int i = 0; i < predicted->curves; i++) {
    const struct predicted_curve *curve = &predicted->curve[i];
    double low = INFINITY, high = 0;
    int times = 0, agree = 0;
    for (int time = 0; time < study->times; time++) {
      const struct estimate *ratio = &curve->ratio[(time + 1) * study->sizes - 1];
      if (isnan(ratio->low)) continue;
      low = fmin(low, ratio->value);
      high = fmax(high, ratio->value);
      agree += contains_one(ratio);
      times++;
    }
    if (times > 0)
      digest_add(digest, "predicted",
                 "n %s of n = %lld divided by its prediction: %.3g to %.3g; agrees at %d of %d times",
                 curve->quantity->name, (long long)study->n[study->sizes - 1], low, high, agree, times);
  }
}

/* ---- conditions ---- */

static const char *quantity(const void *state, int i) {
  const struct predicted *predicted = state;
  return i < predicted->curves ? predicted->curve[i].quantity->name : NULL;
}

/* condition->tolerance: the smallest n; NAN: the largest n of the study. */
static bool read_half(const char *text, struct condition *condition) {
  char *end;
  if (*text++ != '=') return false;
  condition->value = strtod(text, &end);
  if (end == text || !(condition->value > 0) || !isfinite(condition->value)) return false;
  if (*end == ':') {
    text = end + 1;
    condition->tolerance = strtod(text, &end);
    if (end == text || !(condition->tolerance >= 1)) return false;
  }
  return condition_read_time(end, condition);
}

static void judge(const void *state, const struct condition *condition, struct findings *findings) {
  const struct predicted *predicted = state;
  const struct study *study = study_of(predicted);
  const struct predicted_curve *curve = &predicted->curve[0];
  while (strcmp(curve->quantity->name, condition->quantity) != 0) curve++; /* condition_check has found it */
  const double half = condition->value, wrong = 1 + WRONG * half;
  int judged = 0;
  for (int time = 0; time < study->times; time++)
    for (int size = 0; size < study->sizes; size++) {
      const struct estimate *ratio = &curve->ratio[time * study->sizes + size];
      const bool asked = isnan(condition->time) || study_same_time(study->time[time], condition->time);
      const bool enough = size == study->sizes - 1 || (double)study->n[size] >= condition->tolerance;
      if (!asked || !enough || isnan(curve->prediction[time].value)) continue;
      const bool met = half_width(ratio) <= half && rejects(ratio, wrong);
      findings_add(findings, ratio_finding(predicted, curve, size, time, condition_finding(condition, met)),
                   "expected an interval that contains 1, is at most +- %g %%, and rejects a factor of %g", 100 * half,
                   wrong);
      judged++;
    }
  if (judged == 0)
    findings_add(findings, condition_finding(condition, false), "the prediction has none of these times");
}

static const struct condition_kind kinds[] = {
    {".predicted", "NAME.predicted=HALF[:N][@T]", read_half, quantity, judge},
};

/* ---- named arrays ---- */

static void add_results(const void *state, struct results *results) {
  const struct predicted *predicted = state;
  const struct study *study = study_of(predicted);
  static const char *const names[] = {"prediction", "prediction_low", "prediction_high"}, *const ratio_names[] = {
                                                                                              "ratio", "ratio_low",
                                                                                              "ratio_high"};
  for (int i = 0; i < predicted->curves; i++) {
    const struct predicted_curve *curve = &predicted->curve[i];
    const int64_t shape[] = {study->times, study->sizes};
    results_group(results, "predicted/%s", curve->quantity->name);
    results_dimensions(results, "time", NULL);
    results_estimates(results, names, "prediction of n V_n", 1, shape, curve->prediction);
    results_dimensions(results, "time", "n");
    results_estimates(results, ratio_names, "n V_n divided by its prediction", 2, shape, curve->ratio);
  }
}

/* ---- the analysis ---- */

static int create(struct analysis_input *input, void **state) {
  struct predicted *predicted = NULL;
  const int status = predicted_create(input->fluctuations, &predicted);
  *state = predicted;
  return status;
}

static void release(void *state) {
  predicted_free(state);
}

const struct analysis predicted_analysis = {
    .name = "predicted",
    .create = create,
    .free = release,
    .print = print,
    .summary = summarize,
    .findings = find,
    .results = add_results,
    .kinds = sizeof kinds / sizeof *kinds,
    .kind = kinds,
};
