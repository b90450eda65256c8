/* Table, verdicts, conditions and named arrays of fluctuations/healing.h. */
#include <stdlib.h>

#include "base/alloc.h"
#include "base/error.h"
#include "fluctuations/healing.h"

/* ---- table ---- */

static void print_curve(const struct healing *healing, const struct healing_curve *curve, FILE *out) {
  const struct study *study = healing->fluctuations->study;
  const int last = study->times - 1;
  fprintf(out,
          "\nn %s in time: maximum over the recorded times, and value at the end, t = %g\n%10s  %-12s %-10s %-12s %s\n",
          curve->quantity->name, study->time[last], "n", "max", "at t", "end", "max/end");
  for (int s = 0; s < study->sizes; s++) {
    char ratio[ESTIMATE_BYTES];
    const double n = (double)study->n[s];
    estimate_text(curve->ratio[s], 1, ratio);
    fprintf(out, "%10lld  %-12.4g %-10g %-12.4g %s\n", (long long)study->n[s],
            n * healing_value(healing, curve, curve->maximum_time[s], s), study->time[curve->maximum_time[s]],
            n * healing_value(healing, curve, last, s), ratio);
  }
  if (last > 1 || study->time[0] > 0) fprintf(out, "exponent d log %s / d log t\n", curve->quantity->name);
  for (int time = 0; time < last; time++) {
    if (study->time[time] <= 0) continue;
    fprintf(out, "  t = %g to %g:", study->time[time], study->time[time + 1]);
    for (int s = 0; s < study->sizes; s++) {
      const struct estimate *e = &curve->exponent[time * study->sizes + s];
      fprintf(out, "%s n = %lld %.2f", s ? "," : "", (long long)study->n[s], e->value);
      if (!isnan(e->low)) fprintf(out, " [%.2f, %.2f]", e->low, e->high);
    }
    fputc('\n', out);
  }
}

static void print(const void *state, FILE *out) {
  const struct healing *healing = state;
  for (int i = 0; i < healing->curves; i++) print_curve(healing, &healing->curve[i], out);
}

/* ---- verdicts ---- */

static enum verdict verdict_on(const struct estimate *ratio) {
  if (isnan(ratio->low)) return VERDICT_NONE;
  return ratio->low > HEALING_FACTOR ? VERDICT_WITHIN : ratio->low > 1 ? VERDICT_UNDECIDED : VERDICT_OUTSIDE;
}

/* Returns `finding` after setting its n, its estimate (max/end of the curve) and its confidence. */
static struct finding ratio_finding(const struct healing *healing, const struct healing_curve *curve, int size,
                                    struct finding finding) {
  finding.n = healing->fluctuations->study->n[size];
  finding.estimate = curve->ratio[size];
  finding.confidence = healing->fluctuations->options.level;
  return finding;
}

static void find(const void *state, struct findings *findings) {
  static const char *const reason[] = {
      [VERDICT_WITHIN] = "heals, max/end above 10",
      [VERDICT_UNDECIDED] = "has begun to fall; healing by a factor of 10 is NOT shown",
      [VERDICT_OUTSIDE] = "does NOT heal by the end: no fall below its maximum is shown",
      [VERDICT_NONE] = "no interval, no verdict",
  };
  const struct healing *healing = state;
  for (int i = 0; i < healing->curves; i++)
    for (int size = 0; size < healing->fluctuations->study->sizes; size++) {
      const struct healing_curve *curve = &healing->curve[i];
      char name[48], subject[64];
      snprintf(name, sizeof name, "%s.heal", curve->quantity->name);
      snprintf(subject, sizeof subject, "max/end of n %s", curve->quantity->name);
      struct finding finding = ratio_finding(healing, curve, size, FINDING(FINDING_VERDICT, name, subject));
      finding.expected = HEALING_FACTOR;
      finding.verdict = verdict_on(&curve->ratio[size]);
      findings_add(findings, finding, "%s", reason[finding.verdict]);
    }
  if (healing->curves > 0)
    findings_add(
        findings, FINDING(FINDING_NOTE, "heal", ""),
        loss_is_squared(&healing->fluctuations->study->loss)
            ? "(theory predicts healing for noise-free gradient descent, at the points of the training measure)"
            : "(the theory of healing covers the squared loss only)");
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
  for (int s = 0; s < sizes; s++)
    numbers[s] = (double)study->n[s] * healing_value(healing, curve, curve->maximum_time[s], s);
  results_add(results, "max", "maximum of n V_n over the recorded times", 1, &sizes, numbers);
  for (int s = 0; s < sizes; s++) numbers[s] = study->time[curve->maximum_time[s]];
  results_add(results, "max_time", "time of the maximum", 1, &sizes, numbers);
  for (int s = 0; s < sizes; s++) numbers[s] = (double)study->n[s] * healing_value(healing, curve, study->times - 1, s);
  results_add(results, "end", "n V_n at the last time", 1, &sizes, numbers);
  results_estimates(results, ratio_names, "maximum over end", 1, &sizes, curve->ratio);
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
    .findings = find,
    .results = add_results,
    .kinds = sizeof kinds / sizeof *kinds,
    .kind = kinds,
};
