/* Table, verdicts, conditions and named arrays of fluctuations/healing.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "fluctuations/healing.h"

/* ---- table ---- */

static void print_curve(const struct healing *healing, const struct healing_curve *curve, FILE *out) {
  const struct study *study = healing->fluctuations->study;
  const int last = study->times - 1;
  const bool own = isnan(study->time[last]); /* each n has its own t at the end */
  fprintf(out, "\nn %s in time: maximum over the recorded times, and value at the end", curve->quantity->name);
  if (!own) fprintf(out, ", t = %g", study->time[last]);
  fprintf(out, "\n%10s  %-12s %-10s %-12s %s\n", "n", "max", "at t", "end", "max/end");
  for (int s = 0; s < study->sizes; s++) {
    char ratio[ESTIMATE_BYTES];
    const double n = (double)study->n[s];
    estimate_text(curve->ratio[s], 1, ratio);
    fprintf(out, "%10lld  %-12.4g %-10g %-12.4g %s", (long long)study->n[s],
            n * healing_value(healing, curve, curve->maximum_time[s], s), study_time(study, curve->maximum_time[s], s),
            n * healing_value(healing, curve, last, s), ratio);
    if (own) fprintf(out, ", the end is t = %g", study_time(study, last, s));
    fputc('\n', out);
  }
  if (last > 1 || study->step[0] > 0) fprintf(out, "exponent d log %s / d log t\n", curve->quantity->name);
  for (int time = 0; time < last; time++) {
    if (study->step[time] <= 0) continue;
    if (!own) fprintf(out, "  t = %g to %g:", study->time[time], study->time[time + 1]);
    for (int s = 0; s < study->sizes; s++) {
      const struct estimate *e = &curve->exponent[time * study->sizes + s];
      if (own) fprintf(out, "  t = %g to %g:", study_time(study, time, s), study_time(study, time + 1, s));
      char text[ESTIMATE_BYTES];
      estimate_write(*e, 1, ESTIMATE_FIXED, 2, text);
      fprintf(out, "%s n = %lld %s", s && !own ? "," : "", (long long)study->n[s], text);
    }
    fputc('\n', out);
  }
}

static void print(const void *state, FILE *out) {
  const struct healing *healing = state;
  for (int i = 0; i < healing->curves; i++) print_curve(healing, &healing->curve[i], out);
}

/* ---- verdicts ---- */

/* Returns `finding` after setting its n, its estimate (max/end of the curve) and its confidence. */
static struct finding ratio_finding(const struct healing *healing, const struct healing_curve *curve, int size,
                                    struct finding finding) {
  finding.n = healing->fluctuations->study->n[size];
  finding.estimate = curve->ratio[size];
  finding.confidence = healing->fluctuations->options.level;
  return finding;
}

/* Returns why the input of a run cannot show healing at the points of a curve, or NULL if it can. */
static const char *obstacle(const struct healing *healing, const struct healing_curve *curve) {
  const struct study *study = healing->fluctuations->study;
  if (!loss_is_squared(&study->loss)) return "the theory covers the squared loss only";
  if (!study->noise_free)
    return "noise of batches or of a temperature keeps n V_n from falling; the theory needs scheme gd, with data.mode "
           "fixed or population, and no temperature";
  if (study->train_points > 0 && strcmp(curve->quantity->name, "V") == 0)
    return "with fixed data, the theory covers the training points only (V_train)";
  return NULL;
}

/* Adds a verdict on a curve that fell after its maximum: whether it fell by HEALING_FACTOR, still falls, or stopped. */
static void add_verdict(const struct healing *healing, const struct healing_curve *curve, int size,
                        struct findings *findings) {
  const struct study *study = healing->fluctuations->study;
  const struct estimate *ratio = &curve->ratio[size],
                        *exponent = &curve->exponent[(study->times - 2) * study->sizes + size];
  const double end = study_time(study, study->times - 1, size),
               reached = end * pow(HEALING_FACTOR / ratio->low, -1 / exponent->value);
  char name[48], subject[64];
  snprintf(name, sizeof name, "%s.heal", curve->quantity->name);
  snprintf(subject, sizeof subject, "max/end of n %s", curve->quantity->name);
  struct finding finding = ratio_finding(healing, curve, size, FINDING(FINDING_VERDICT, name, subject));
  finding.expected = HEALING_FACTOR;
  if (ratio->low > HEALING_FACTOR) {
    finding.verdict = VERDICT_WITHIN;
    findings_add(findings, finding, "above %g: the fluctuations heal", HEALING_FACTOR);
  } else if (exponent->high < 0) {
    finding.verdict = VERDICT_COMPATIBLE;
    findings_add(findings, finding,
                 "V still decreases at the end, as t^%.2g; at this rate the interval will be above %g at t = %.2g",
                 exponent->value, HEALING_FACTOR, reached);
  } else if (ratio->high >= HEALING_FACTOR) {
    finding.verdict = VERDICT_COMPATIBLE;
    findings_add(findings, finding, "compatible with %g; more replicas needed to resolve it", HEALING_FACTOR);
  } else {
    finding.verdict = VERDICT_OUTSIDE;
    char text[ESTIMATE_BYTES];
    estimate_write(*exponent, 1, ESTIMATE_GENERAL, 2, text);
    findings_add(findings, finding, "does NOT reach %g (healing): V no longer decreases, d log V/d log t is %s%s",
                 HEALING_FACTOR, text, isnan(exponent->value) ? " (V is 0 at one of the last two times)" : "");
  }
}

/* Reasons why the times of a run do not show healing at one n. */
enum gap { GAP_NONE, GAP_FIRST, GAP_LAST, GAP_SMALL, GAPS };
static const char *const gap_reasons[GAPS] = {
    [GAP_FIRST] = "it is largest at the first recorded time, so its rise and fall are not recorded",
    [GAP_LAST] = "it is largest at the last recorded time; a longer run is needed",
    [GAP_SMALL] = "the fall after its maximum is within its interval; a longer run or more replicas are needed",
};

static enum gap gap_of(const struct healing *healing, const struct healing_curve *curve, int size) {
  const struct estimate *ratio = &curve->ratio[size];
  if (ratio->low > HEALING_FACTOR) return GAP_NONE;
  if (curve->maximum_time[size] == 0) return GAP_FIRST;
  if (curve->maximum_time[size] == healing->fluctuations->study->times - 1) return GAP_LAST;
  return ratio->low > 1 ? GAP_NONE : GAP_SMALL;
}

/* Adds a limit that names the n whose times have a gap. */
static void add_gap(const struct healing *healing, const struct healing_curve *curve, enum gap gap,
                    struct findings *findings) {
  const struct study *study = healing->fluctuations->study;
  char *sizes = NULL;
  size_t bytes = 0;
  FILE *out = open_memstream(&sizes, &bytes);
  if (!out) die("no memory for a finding");
  for (int size = 0; size < study->sizes; size++)
    if (!isnan(curve->ratio[size].low) && gap_of(healing, curve, size) == gap)
      fprintf(out, "%s%lld", ftell(out) > 0 ? ", " : "", (long long)study->n[size]);
  if (fclose(out) != 0) die("no memory for a finding");
  if (*sizes)
    findings_limit(findings, "heal", "healing of n %s at n = %s is not judged: %s", curve->quantity->name, sizes,
                   gap_reasons[gap]);
  free(sizes);
}

static void find(const void *state, struct findings *findings) {
  const struct healing *healing = state;
  const int sizes = healing->fluctuations->study->sizes;
  bool judged = false;
  for (int i = 0; i < healing->curves; i++) {
    const struct healing_curve *curve = &healing->curve[i];
    const char *why = obstacle(healing, curve);
    if (why) findings_limit(findings, "heal", "healing of n %s is not judged: %s", curve->quantity->name, why);
    for (int size = 0; size < sizes && !why; size++) {
      if (isnan(curve->ratio[size].low) || gap_of(healing, curve, size) != GAP_NONE) continue;
      add_verdict(healing, curve, size, findings);
      judged = true;
    }
    for (enum gap gap = GAP_FIRST; gap < GAPS && !why; gap++) add_gap(healing, curve, gap, findings);
  }
  if (judged)
    findings_add(findings, FINDING(FINDING_NOTE, "heal", ""),
                 "(theory predicts healing for noise-free gradient descent, at the points of the training measure)");
}

/* ---- summary ---- */

static void summarize(const void *state, const struct findings *findings, struct digest *digest) {
  const struct healing *healing = state;
  for (int i = 0; i < healing->curves; i++) {
    const struct healing_curve *curve = &healing->curve[i];
    char name[48];
    double low = INFINITY, high = 0;
    int judged = 0, heals = 0, stopped = 0;
    snprintf(name, sizeof name, "%s.heal", curve->quantity->name);
    for (int f = 0; f < findings->count; f++) {
      const struct finding *finding = &findings->finding[f];
      if (finding->kind != FINDING_VERDICT || strcmp(finding->name, name) != 0) continue;
      low = fmin(low, finding->estimate.value);
      high = fmax(high, finding->estimate.value);
      judged++;
      heals += finding->verdict == VERDICT_WITHIN;
      stopped += finding->verdict == VERDICT_OUTSIDE;
    }
    if (judged > 0)
      digest_add(
          digest, "healing",
          "n %s: maximum / value at the end %.3g to %.3g for %d n: %d above %g (healing), %d may reach it later, "
          "%d no longer decrease",
          curve->quantity->name, low, high, judged, heals, HEALING_FACTOR, judged - heals - stopped, stopped);
  }
}

/* ---- conditions ---- */

static const char *quantity(const void *state, int i) {
  const struct healing *healing = state;
  return i < healing->curves ? healing->curve[i].quantity->name : NULL;
}

static void judge(const void *state, const struct condition *condition, struct findings *findings) {
  const struct healing *healing = state;
  const struct healing_curve *curve = healing_find(healing, condition->quantity);
  for (int size = 0; size < healing->fluctuations->study->sizes; size++)
    findings_add(
        findings,
        ratio_finding(healing, curve, size, condition_finding(condition, curve->ratio[size].low > condition->value)),
        "expected max/end of n %s above %g", condition->quantity, condition->value);
}

static const struct condition_kind kinds[] = {
    {".heal", "NAME.heal=FACTOR", condition_read_value, quantity, judge},
};

/* ---- named arrays ---- */

static void add_curve(const struct healing *healing, const struct healing_curve *curve, struct results *results) {
  static const char *const ratio_names[] = {"ratio", "ratio_low", "ratio_high"};
  static const char *const exponent_names[] = {"exponent", "exponent_low", "exponent_high"};
  const struct study *study = healing->fluctuations->study;
  const int64_t sizes = study->sizes, shape[] = {study->times - 1, sizes};
  double *numbers = alloc_small(sizeof *numbers * (size_t)sizes);
  results_group(results, "healing/%s", curve->quantity->name);
  results_dimensions(results, "n", NULL);
  for (int s = 0; s < sizes; s++)
    numbers[s] = (double)study->n[s] * healing_value(healing, curve, curve->maximum_time[s], s);
  results_add(results, "max", "maximum of n V_n over the recorded times", 1, &sizes, numbers);
  for (int s = 0; s < sizes; s++) numbers[s] = study_time(study, curve->maximum_time[s], s);
  results_add(results, "max_time", "time of the maximum", 1, &sizes, numbers);
  for (int s = 0; s < sizes; s++) numbers[s] = (double)study->n[s] * healing_value(healing, curve, study->times - 1, s);
  results_add(results, "end", "n V_n at the last time", 1, &sizes, numbers);
  results_estimates(results, ratio_names, "maximum over end", 1, &sizes, curve->ratio);
  results_dimensions(results, "interval", "n");
  results_estimates(results, exponent_names, "d log V_n / d log t from each time to the next", 2, shape,
                    curve->exponent);
  free(numbers);
}

static void add_results(const void *state, struct results *results) {
  const struct healing *healing = state;
  for (int i = 0; i < healing->curves; i++) add_curve(healing, &healing->curve[i], results);
}

/* ---- the analysis ---- */

static int create(struct analysis_input *input, void **state) {
  *state = healing_create(input->fluctuations);
  return OK;
}

static void release(void *state) {
  healing_free(state);
}

const struct analysis healing_analysis = {
    .name = "healing",
    .create = create,
    .free = release,
    .print = print,
    .summary = summarize,
    .findings = find,
    .results = add_results,
    .kinds = sizeof kinds / sizeof *kinds,
    .kind = kinds,
};
