/* Table, verdicts and named arrays of fluctuations/loss_decay.h. */
#include "base/error.h"
#include "fluctuations/loss_decay.h"

static bool any_reached(const struct loss_decay *decay, int fraction) {
  const int sizes = decay->fluctuations->study->sizes;
  for (int s = 0; s < sizes; s++)
    if (!isnan(decay->crossing[fraction * sizes + s].value)) return true;
  return false;
}

static void print(const void *state, FILE *out) {
  const struct loss_decay *decay = state;
  const struct study *study = decay->fluctuations->study;
  if (!decay->column) return;
  fprintf(out, "\nt at which the mean %s first falls to a fraction of the initial value for n = %lld\n%10s",
          decay->column, (long long)study->n[study->sizes - 1], "n");
  for (int i = 0; i < LOSS_DECAY_FRACTIONS; i++)
    if (any_reached(decay, i)) fprintf(out, "  %-24g", loss_decay_fractions[i]);
  fprintf(out, "  %-34s off by > %g from t\n", "largest deviation, at t", LOSS_DECAY_LEAVES);
  for (int s = 0; s < study->sizes; s++) {
    fprintf(out, "%10lld", (long long)study->n[s]);
    for (int i = 0; i < LOSS_DECAY_FRACTIONS; i++) {
      if (any_reached(decay, i)) estimate_print(out, 24, decay->crossing[i * study->sizes + s], 1);
    }
    const struct estimate *deviation = &decay->deviation[s];
    char text[ESTIMATE_BYTES + 32] = "-", leaves[32] = "-";
    if (!isnan(deviation->value)) {
      char value[ESTIMATE_BYTES];
      estimate_text(*deviation, 1, value);
      snprintf(text, sizeof text, "%s, %g", value, decay->deviation_time[s]);
    }
    if (!isnan(decay->leaves[s])) snprintf(leaves, sizeof leaves, "%g", decay->leaves[s]);
    fprintf(out, "  %-34s %s\n", text, leaves);
  }
}

static void find(const void *state, struct findings *findings) {
  const struct loss_decay *decay = state;
  const struct analysis_options *options = &decay->fluctuations->options;
  for (int i = 0; decay->column && i < LOSS_DECAY_FRACTIONS; i++) {
    const struct estimate *slope = &decay->slope[i];
    char name[32], subject[96];
    if (isnan(slope->low)) continue;
    snprintf(name, sizeof name, "rate.%g", loss_decay_fractions[i]);
    snprintf(subject, sizeof subject, "slope of the time to %g of %s in n", loss_decay_fractions[i], decay->column);
    struct finding finding = FINDING(FINDING_VERDICT, name, subject);
    finding.estimate = *slope;
    finding.confidence = options->level;
    finding.expected = 0;
    finding.verdict = verdict_of(slope, 0, options->tolerance);
    findings_add(findings, finding, "%s",
                 verdict_text(slope, 0, options->tolerance, study_common_initials(decay->fluctuations->study)));
  }
}

static void summarize(const void *state, const struct findings *findings, struct digest *digest) {
  const struct loss_decay *decay = state;
  double low = INFINITY, high = -INFINITY;
  int consistent = 0, judged = 0;
  (void)findings;
  for (int i = 0; decay->column && i < LOSS_DECAY_FRACTIONS; i++) {
    const struct estimate *slope = &decay->slope[i];
    if (isnan(slope->low)) continue;
    low = fmin(low, slope->value);
    high = fmax(high, slope->value);
    consistent += verdict_of(slope, 0, decay->fluctuations->options.tolerance) == VERDICT_WITHIN;
    judged++;
  }
  if (judged > 0)
    digest_add(digest, "rate", "times to reach a loss ~ n^s, s = %.3f to %.3f; theory 0: %d of %d agree", low, high,
               consistent, judged);
}

static void add_results(const void *state, struct results *results) {
  const struct loss_decay *decay = state;
  static const char *const time_names[] = {"time", "time_low", "time_high"};
  static const char *const slope_names[] = {"slope", "slope_low", "slope_high"};
  static const char *const deviation_names[] = {"deviation", "deviation_low", "deviation_high"};
  const int64_t sizes = decay->fluctuations->study->sizes, fractions = LOSS_DECAY_FRACTIONS,
                shape[] = {fractions, sizes};
  if (!decay->column) return;
  results_group(results, "rate");
  results_words(results, "column", 1, &decay->column);
  results_dimensions(results, "fraction", "n");
  results_add(results, "fraction", "fraction of the initial value for the largest n", 1, &fractions,
              loss_decay_fractions);
  results_estimates(results, time_names, "t at which the mean loss first falls to the fraction", 2, shape,
                    decay->crossing);
  results_estimates(results, slope_names, "slope of log time on log n; theory: 0", 1, &fractions, decay->slope);
  results_dimensions(results, "n", NULL);
  results_estimates(results, deviation_names,
                    "largest |L_n - L_N| over t, N: the largest n, divided by L_N at the start", 1, &sizes,
                    decay->deviation);
  results_add(results, "deviation_time", "its time", 1, &sizes, decay->deviation_time);
  results_add(results, "leaves", "t from which the curve stays more than 10 % off that of the largest n", 1, &sizes,
              decay->leaves);
}

static int create(struct analysis_input *input, void **state) {
  struct loss_decay *decay = NULL;
  TRY(loss_decay_create(input->fluctuations, &decay));
  *state = decay;
  return OK;
}

static void release(void *state) {
  loss_decay_free(state);
}

const struct analysis loss_decay_analysis = {.name = "loss_decay",
                                             .create = create,
                                             .free = release,
                                             .print = print,
                                             .summary = summarize,
                                             .findings = find,
                                             .results = add_results};
