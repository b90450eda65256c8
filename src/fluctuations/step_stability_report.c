/* Warnings and arrays of results from fluctuations/step_stability.h. */
#include <stdlib.h>

#include "base/alloc.h"
#include "base/error.h"
#include "fluctuations/step_stability.h"

static void find(const void *state, struct findings *findings) {
  const struct step_stability *stability = state;
  char limit[SUMMARY_SENTENCE], rises[SUMMARY_SENTENCE];
  for (int i = 0; i < stability->sizes; i++) {
    const struct summary_stability *size = &stability->size[i];
    summary_stability_text(size, limit, rises);
    struct finding finding = FINDING(FINDING_WARNING, "stability", "stability of the step size");
    finding.n = size->n;
    finding.t = size->first_time;
    finding.estimate.value = size->largest;
    if (*limit) findings_add(findings, finding, "%s", limit);
    struct finding rise = FINDING(FINDING_WARNING, "loss_rises", "rises of the loss");
    rise.n = size->n;
    if (*rises) findings_add(findings, rise, "%s", rises);
  }
}

/* If dt exceeded the limit, the warnings state this. */
static void summarize(const void *state, const struct findings *findings, struct digest *digest) {
  const struct step_stability *stability = state;
  const struct summary_stability *largest = NULL;
  (void)findings;
  for (int i = 0; i < stability->sizes; i++) {
    const struct summary_stability *size = &stability->size[i];
    if (size->above > 0) return;
    if (!isnan(size->largest) && (!largest || size->largest > largest->largest)) largest = size;
  }
  if (largest)
    digest_add(digest, "dt", "%s: dt/limit at most %.3g +- %.2g (n = %lld, t = %g)",
               largest->largest > 1 ? "not above the stability limit by more than the error"
                                    : "below the stability limit",
               largest->largest, largest->largest_error, (long long)largest->n, largest->largest_time);
}

static void add_results(const void *state, struct results *results) {
  enum { N, ESTIMATES, ABOVE, STEP, RISES, ROWS, INTEGERS, TIME = 0, LARGEST, ERROR, REALS };
  const struct step_stability *stability = state;
  const int64_t sizes = stability->sizes;
  int64_t *integer = alloc_small(sizeof *integer * INTEGERS * (size_t)sizes);
  double *real = alloc_small(sizeof *real * REALS * (size_t)sizes);
  for (int i = 0; i < sizes; i++) {
    const struct summary_stability *size = &stability->size[i];
    const int64_t integers[INTEGERS] = {size->n,          size->estimates, size->above,
                                        size->first_step, size->rises,     size->rows};
    const double reals[REALS] = {size->first_time, size->largest, size->largest_error};
    for (int k = 0; k < INTEGERS; k++) integer[k * sizes + i] = integers[k];
    for (int k = 0; k < REALS; k++) real[k * sizes + i] = reals[k];
  }
  results_group(results, "stability");
  results_dimensions(results, "n", NULL);
  results_integers(results, "n", "units of the networks, for each size of each run", sizes, integer + N * sizes);
  results_integers(results, "estimates", "number of estimates of dt/limit", sizes, integer + ESTIMATES * sizes);
  results_integers(results, "above", "how many had dt above the limit by more than the error", sizes,
                   integer + ABOVE * sizes);
  results_integers(results, "above_from_step", "step of the first of them; -1: none", sizes, integer + STEP * sizes);
  results_add(results, "above_from_t", "t of the first of them", 1, &sizes, real + TIME * sizes);
  results_add(results, "dt_over_limit", "largest dt/limit", 1, &sizes, real + LARGEST * sizes);
  results_add(results, "error", "error of dt_over_limit", 1, &sizes, real + ERROR * sizes);
  results_integers(results, "loss_rises", "rows in which a loss rose by more than noise allows", sizes,
                   integer + RISES * sizes);
  results_integers(results, "rows", "rows of all replicas", sizes, integer + ROWS * sizes);
  free(integer);
  free(real);
}

static int create(struct analysis_input *input, void **state) {
  struct step_stability *stability = NULL;
  TRY(step_stability_create(input->study, &stability));
  *state = stability;
  return OK;
}

static void release(void *state) {
  step_stability_free(state);
}

const struct analysis step_stability_analysis = {.name = "stability",
                                                 .create = create,
                                                 .free = release,
                                                 .summary = summarize,
                                                 .findings = find,
                                                 .results = add_results};
