/* Table, verdicts, conditions and named arrays of fluctuations/plateau.h. */
#include "base/error.h"
#include "fluctuations/plateau.h"

static const double EXPECTED = -1; /* slope of the loss in n */

/* ---- table ---- */

static void print_curve(const struct plateau *plateau, const struct plateau_curve *curve, FILE *out) {
  const struct study *study = plateau->fluctuations->study;
  fprintf(out, "\n%s / %s over the window t = %g to %g: %lld rows", curve->column,
          loss_is_squared(&study->loss) ? "C_f" : "loss_0", plateau->first, plateau->last, (long long)plateau->rows);
  if (curve->degrees > 0)
    fprintf(out, "; sd over networks, pooled over n: %.3g of the mean log, %.3g of the drift (%g degrees of freedom)",
            curve->pooled_spread, curve->pooled_drift, curve->degrees);
  fprintf(out, "\n%10s  %8s  %-30s %-9s %-28s %-28s %s\n", "n", "replicas", "geometric mean", "sd of log",
          "drift d log loss / d log t", "slope to the next n", "minus overall slope, joint");
  for (int s = 0; s < study->sizes; s++) {
    fprintf(out, "%10lld  %8lld", (long long)study->n[s], (long long)study_initials(study, s));
    estimate_print(out, 30, curve->level[s], 1);
    fprintf(out, " %-9.3g", curve->spread[s]);
    estimate_print(out, 27, curve->drift[s], 1);
    if (s + 1 < study->sizes) estimate_print(out, 27, curve->local[s], 1);
    if (s + 1 < study->sizes) estimate_print(out, 0, curve->excess[s], 1);
    fputc('\n', out);
  }
  char slope[ESTIMATE_BYTES];
  estimate_text(curve->slope, 1, slope);
  if (study->sizes > 1) fprintf(out, "     slope  %s\n", slope);
}

static void print(const void *state, FILE *out) {
  const struct plateau *plateau = state;
  for (int i = 0; i < plateau->curves; i++) print_curve(plateau, &plateau->curve[i], out);
}

/* ---- verdicts ---- */

/* Returns `finding` after setting its estimate, its confidence and, unless size < 0, its n. */
static struct finding complete(const struct plateau *plateau, struct finding finding, struct estimate estimate,
                               int size) {
  finding.estimate = estimate;
  finding.confidence = plateau->fluctuations->options.level;
  if (size >= 0) finding.n = plateau->fluctuations->study->n[size];
  return finding;
}

/* Adds the verdict on an estimate that is `expected` by theory: curve->column.what. */
static void add_verdict(const struct plateau *plateau, const struct plateau_curve *curve, const char *what,
                        const char *subject, struct estimate estimate, int size, double expected,
                        struct findings *findings) {
  const double tolerance = plateau->fluctuations->options.tolerance;
  char name[64], text[128];
  snprintf(name, sizeof name, "%s.%s", curve->column, what);
  snprintf(text, sizeof text, subject, curve->column);
  struct finding finding = complete(plateau, FINDING(FINDING_VERDICT, name, text), estimate, size);
  finding.expected = expected;
  finding.verdict = verdict_of(&estimate, expected, tolerance);
  findings_add(findings, finding, "%s",
               verdict_text(&estimate, expected, tolerance, study_common_initials(plateau->fluctuations->study)));
}

static bool equals_overall(const struct estimate *excess) {
  return excess->low <= 0 && excess->high >= 0; /* false without an interval */
}

static void add_local(const struct plateau *plateau, const struct plateau_curve *curve, int size,
                      struct findings *findings) {
  const struct estimate *excess = &curve->excess[size];
  char name[64], subject[128];
  snprintf(name, sizeof name, "%s.local", curve->column);
  snprintf(subject, sizeof subject, "slope of %s to the next n, minus the overall slope", curve->column);
  struct finding finding = complete(plateau, FINDING(FINDING_VERDICT, name, subject), *excess, size);
  finding.expected = 0;
  finding.verdict = isnan(excess->low) ? VERDICT_NONE : equals_overall(excess) ? VERDICT_WITHIN : VERDICT_OUTSIDE;
  findings_add(findings, finding, "%s",
               finding.verdict == VERDICT_NONE     ? "no interval, no verdict"
               : finding.verdict == VERDICT_WITHIN ? "compatible with one power of n (joint interval)"
                                                   : "NOT compatible with one power of n (joint interval)");
}

static void find_curve(const struct plateau *plateau, const struct plateau_curve *curve, struct findings *findings) {
  const int sizes = plateau->fluctuations->study->sizes;
  if (sizes > 1)
    add_verdict(plateau, curve, "decay", "slope of %s in n over the window", curve->slope, -1, EXPECTED, findings);
  for (int s = 0; s + 1 < sizes; s++) add_local(plateau, curve, s, findings);
  for (int s = 0; s < sizes; s++)
    add_verdict(plateau, curve, "plateau", "slope of log %s in log t over the window", curve->drift[s], s, 0, findings);
}

static void find(const void *state, struct findings *findings) {
  const struct plateau *plateau = state;
  for (int i = 0; i < plateau->curves; i++) find_curve(plateau, &plateau->curve[i], findings);
  if (plateau->curves > 0 && !(plateau->curve[0].degrees > 0))
    findings_limit(findings, "plateau",
                   "no intervals over the window: every n has a single network; at least one n needs two");
  if (plateau->curves > 0 && plateau->fluctuations->study->common_data)
    findings_limit(findings, "plateau",
                   "the networks shared their data, so their losses are correlated: intervals over the window, which "
                   "assume independent networks, are approximate");
}

/* ---- summary ---- */

static void summarize(const void *state, const struct findings *findings, struct digest *digest) {
  const struct plateau *plateau = state;
  for (int i = 0; i < plateau->curves; i++) {
    const struct plateau_curve *curve = &plateau->curve[i];
    char slope[ESTIMATE_BYTES], name[64], counts[DIGEST_COUNTS];
    estimate_text(curve->slope, 1, slope);
    snprintf(name, sizeof name, "%s.decay", curve->column);
    if (!digest_counts(findings, name, "slopes", counts)) continue;
    digest_add(digest, "window", "%s ~ n^s over t = %g to %g: s = %s, theory %g: %s", curve->column, plateau->first,
               plateau->last, slope, EXPECTED,
               verdict_text(&curve->slope, EXPECTED, plateau->fluctuations->options.tolerance,
                            study_common_initials(plateau->fluctuations->study)));
  }
}

/* ---- conditions ---- */

static const char *quantity(const void *state, int i) {
  const struct plateau *plateau = state;
  return i < plateau->curves ? plateau->curve[i].column : NULL;
}

static bool parse_slope(const char *text, struct condition *condition) {
  return condition_read_interval(text, condition) && isnan(condition->time);
}

static bool parse_positive(const char *text, struct condition *condition) {
  return condition_read_value(text, condition) && condition->value > 0;
}

static bool parse_nothing(const char *text, struct condition *condition) {
  (void)condition;
  return *text == 0;
}

static void judge_slope(const void *state, const struct condition *condition, struct findings *findings) {
  const struct plateau *plateau = state;
  const struct estimate *slope = &plateau_find(plateau, condition->quantity)->slope;
  const double tolerance =
      isnan(condition->tolerance) ? plateau->fluctuations->options.tolerance : condition->tolerance;
  const bool met = condition_within(condition, slope, tolerance);
  findings_add(findings, complete(plateau, condition_finding(condition, met), *slope, -1),
               "expected %s of the slope in n in %g +- %g", condition->whole_interval ? "the interval" : "the value",
               condition->value, tolerance);
}

static void judge_width(const void *state, const struct condition *condition, struct findings *findings) {
  const struct plateau *plateau = state;
  const struct estimate *slope = &plateau_find(plateau, condition->quantity)->slope;
  const bool met = (slope->high - slope->low) / 2 < condition->value;
  findings_add(findings, complete(plateau, condition_finding(condition, met), *slope, -1),
               "expected an interval of the slope in n narrower than +-%g", condition->value);
}

static void judge_local(const void *state, const struct condition *condition, struct findings *findings) {
  const struct plateau *plateau = state;
  const struct plateau_curve *curve = plateau_find(plateau, condition->quantity);
  for (int s = 0; s + 1 < plateau->fluctuations->study->sizes; s++)
    findings_add(
        findings,
        complete(plateau, condition_finding(condition, equals_overall(&curve->excess[s])), curve->excess[s], s),
        "expected the slope to the next n, minus the overall slope, compatible with 0");
}

static void judge_plateau(const void *state, const struct condition *condition, struct findings *findings) {
  const struct plateau *plateau = state;
  const struct plateau_curve *curve = plateau_find(plateau, condition->quantity);
  for (int s = 0; s < plateau->fluctuations->study->sizes; s++) {
    const struct estimate *drift = &curve->drift[s];
    const bool met = drift->low >= -condition->value && drift->high <= condition->value;
    findings_add(findings, complete(plateau, condition_finding(condition, met), *drift, s),
                 "expected the interval of the slope in log t in 0 +- %g", condition->value);
  }
}

static const struct condition_kind kinds[] = {
    {".decay", "NAME.decay=SLOPE[+-TOL|~TOL]", parse_slope, quantity, judge_slope},
    {".width", "NAME.width=HALF", parse_positive, quantity, judge_width},
    {".local", "NAME.local", parse_nothing, quantity, judge_local},
    {".plateau", "NAME.plateau=TOL", parse_positive, quantity, judge_plateau},
};

/* ---- named arrays ---- */

static void add_curve(const struct plateau *plateau, const struct plateau_curve *curve, struct results *results) {
  static const char *const level_names[] = {"level", "level_low", "level_high"};
  static const char *const drift_names[] = {"drift", "drift_low", "drift_high"};
  static const char *const local_names[] = {"local", "local_low", "local_high"};
  static const char *const excess_names[] = {"excess", "excess_low", "excess_high"};
  static const char *const slope_names[] = {"slope", "slope_low", "slope_high"};
  const int64_t sizes = plateau->fluctuations->study->sizes, gaps = sizes - 1;
  results_group(results, "plateau/%s", curve->column);
  results_dimensions(results, "n", NULL);
  results_estimates(results, level_names, "geometric mean over networks of loss / loss_0", 1, &sizes, curve->level);
  results_add(results, "spread", "sd over networks of the mean log loss", 1, &sizes, curve->spread);
  results_estimates(results, drift_names, "d log loss / d log t", 1, &sizes, curve->drift);
  if (gaps > 0) {
    results_dimensions(results, "gap", NULL);
    results_estimates(results, local_names, "slope of log loss on log n to the next n", 1, &gaps, curve->local);
    results_estimates(results, excess_names, "local slope minus overall slope; joint intervals", 1, &gaps,
                      curve->excess);
  }
  results_estimates(results, slope_names, "slope of log loss on log n", 0, NULL, &curve->slope);
  results_add(results, "pooled_spread", NULL, 0, NULL, &curve->pooled_spread);
  results_add(results, "pooled_drift", NULL, 0, NULL, &curve->pooled_drift);
  results_add(results, "degrees", NULL, 0, NULL, &curve->degrees);
}

static void add_results(const void *state, struct results *results) {
  const struct plateau *plateau = state;
  if (plateau->curves == 0) return;
  const double rows = (double)plateau->rows;
  results_group(results, "plateau");
  results_add(results, "first", NULL, 0, NULL, &plateau->first);
  results_add(results, "last", NULL, 0, NULL, &plateau->last);
  results_add(results, "rows", NULL, 0, NULL, &rows);
  for (int i = 0; i < plateau->curves; i++) add_curve(plateau, &plateau->curve[i], results);
}

/* ---- the analysis ---- */

static int create(struct analysis_input *input, void **state) {
  struct plateau *plateau = NULL;
  TRY(plateau_create(input->fluctuations, &plateau));
  *state = plateau;
  return OK;
}

static void release(void *state) {
  plateau_free(state);
}

const struct analysis plateau_analysis = {
    .name = "plateau",
    .create = create,
    .free = release,
    .print = print,
    .summary = summarize,
    .findings = find,
    .results = add_results,
    .kinds = sizeof kinds / sizeof *kinds,
    .kind = kinds,
};
