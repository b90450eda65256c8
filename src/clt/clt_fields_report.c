/* Tables, verdicts, conditions and named arrays of clt/clt_fields.h. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "clt/clt_fields.h"

enum { GROUPS_SHOWN = 8 };

static const char *const reference_texts[CLT_REFERENCES] = {
    "the exact covariance of the initial distribution", "the limit of n -> infinity for frozen features",
    "eigenvectors of half of the replicas of the largest n, eigenvalues of its other half (the row of this n)",
    "a prediction: eigenvectors of half of its references, eigenvalues of the other half"};
static const char *const set_names[] = {"test", "training"};

/* ---- tables ---- */

/* Returns whether the l_i were computed from these same replicas. All quotients are then 1 by definition and are not
 * printed. */
static bool is_own(const struct clt_size *size) {
  return !size->tests.outcome[CLT_QUOTIENTS].applies;
}

static void print_size(const struct clt_fields *fields, const struct clt_time *time, int s, FILE *out) {
  const struct clt_size *size = &time->size[s];
  const struct clt_tests *tests = &size->tests;
  fprintf(out, "%10lld %8lld", (long long)fields->study->n[s], (long long)tests->replicas);
  if (is_own(size))
    fprintf(out, "  %-8s %-34s", "-", "     -");
  else
    fprintf(out, "  %-8.4f", tests->width);
  for (int i = 0; i < CLT_LEADING && !is_own(size); i++)
    if (i < time->vectors)
      fprintf(out, " %6.3f", tests->quotient[i]);
    else
      fprintf(out, " %6s", "");
  fprintf(out, "  %-10.3g  %-10.4g", tests->outcome[CLT_NORMALITY].value, size->trace);
  if (!is_own(size)) fprintf(out, "  %.4f", size->trace / time->reference_trace);
  if (!isnan(time->trace_sd)) fprintf(out, " +- %.2g", clt_trace_limit(time, tests->replicas));
  fputc('\n', out);
}

static void print_group(const struct clt_size *size, int g, FILE *out) {
  char text[48] = "-";
  if (!is_own(size)) snprintf(text, sizeof text, "%.3f +- %.3f", size->group[g], size->group_limit[g]);
  fprintf(out, "  %-16s", text);
}

static void print_groups(const struct clt_fields *fields, const struct clt_time *time, FILE *out) {
  const int groups = time->groups < GROUPS_SHOWN ? time->groups : GROUPS_SHOWN;
  fprintf(out, "sums over close eigenvalues, divided by those of the reference (+- 4.5 standard errors)\n%10s", "n");
  for (int g = 0; g < groups; g++) {
    char name[32];
    const int first = time->first[g] + 1, last = time->first[g + 1];
    snprintf(name, sizeof name, first == last ? "%d" : "%d-%d", first, last);
    fprintf(out, "  %-16s", name);
  }
  for (int s = 0; s < fields->study->sizes; s++) {
    fprintf(out, "\n%10lld", (long long)fields->study->n[s]);
    for (int g = 0; g < groups; g++) print_group(&time->size[s], g, out);
  }
  fputc('\n', out);
}

static void print_sorted(const struct clt_fields *fields, const struct clt_time *time, FILE *out) {
  fprintf(out,
          "sorted eigenvalues of the sample divided by l_i, and of %d samples of Gaussian fields (both are biased)\n",
          fields->options.clt_nulls);
  for (int s = 0; s < fields->study->sizes; s++) {
    const struct clt_size *size = &time->size[s];
    fprintf(out, "%10lld", (long long)fields->study->n[s]);
    for (int i = 0; i < time->vectors && i < CLT_LEADING; i++)
      fprintf(out, "  %.3f (%.3f +- %.3f)", size->sorted[i] / time->reference_value[i],
              size->null_mean[i] / time->reference_value[i], size->null_sd[i] / time->reference_value[i]);
    fputc('\n', out);
  }
}

static void print_time(const struct clt_fields *fields, const struct clt_time *time, FILE *out) {
  fprintf(out, "\nCLT of the field at t = %g (step %lld), %d %s points, %d vectors; reference: %s\n",
          fields->study->time[time->index], (long long)fields->study->step[time->index], time->points,
          set_names[time->set], time->vectors, reference_texts[time->reference]);
  fprintf(out, "%10s %8s  %-8s %-34s  %-10s  %-10s  %s\n", "n", "replicas", "W", " quotients of the leading five",
          "normal: p", "n V_n", "divided by the trace of the reference");
  for (int s = 0; s < fields->study->sizes; s++) print_size(fields, time, s, out);
  print_groups(fields, time, out);
  if (time->size[0].sorted) print_sorted(fields, time, out);
}

static void print(const void *state, FILE *out) {
  const struct clt_fields *fields = state;
  for (int i = 0; i < fields->times; i++) print_time(fields, &fields->time[i], out);
}

/* ---- verdicts ---- */

/* Prints the outcomes of the tests that apply, except the width: "; 5 quotients within 20 % of 1 (limit 52 %)" and so
 * on. Prints the outcome of the normality test even if it does not apply. */
static void describe_outcomes(const struct clt_tests *tests, FILE *out) {
  const struct clt_outcome *outcome = tests->outcome;
  const int leading = tests->vectors < CLT_LEADING ? tests->vectors : CLT_LEADING;
  if (outcome[CLT_QUOTIENTS].applies)
    fprintf(out, "; %d quotients within %.2g %% of 1 (limit %.2g %%)", leading, 100 * outcome[CLT_QUOTIENTS].value,
            100 * outcome[CLT_QUOTIENTS].limit);
  if (outcome[CLT_MEAN].applies)
    fprintf(out, "; R |mean y|^2 = %.3g (below %.3g)", outcome[CLT_MEAN].value, outcome[CLT_MEAN].limit);
  if (outcome[CLT_COSINE].applies)
    fprintf(out, "; largest cosine %.3f (below %.3g)", outcome[CLT_COSINE].value, outcome[CLT_COSINE].limit);
  const char *normal = outcome[CLT_NORMALITY].passed    ? "normality not rejected"
                       : outcome[CLT_NORMALITY].applies ? "normality REJECTED"
                                                        : "not yet Gaussian at this n";
  fprintf(out, "; %s (family p = %.2g, limit %.2g)", normal, outcome[CLT_NORMALITY].value,
          outcome[CLT_NORMALITY].limit);
}

/* Returns the verdict as a sentence, which the caller frees. */
static char *reason_of(const struct clt_fields *fields, const struct clt_time *time, int s) {
  const struct clt_size *size = &time->size[s];
  char *reason = NULL;
  size_t bytes = 0;
  FILE *out = open_memstream(&reason, &bytes);
  if (!out) die("no memory for a verdict");
  if (clt_size_passed(size))
    fprintf(out, "consistent%s", is_own(size) ? "" : ", sums over close eigenvalues within their limits");
  else
    fputs("NOT consistent:", out);
  for (int q = 0; q < CLT_TESTS; q++)
    if (size->tests.outcome[q].applies && !size->tests.outcome[q].passed) fprintf(out, " %s", clt_test_names[q]);
  if (!size->sums) fputs(" sums of close eigenvalues", out);
  describe_outcomes(&size->tests, out);
  if (!clt_size_passed(size) && time->reference != CLT_INITIAL && s < fields->study->sizes - 1)
    fputs("; at t > 0 the CLT holds for n -> infinity; this n may be too small", out);
  if (fclose(out) != 0) die("no memory for a verdict");
  return reason;
}

/* Returns `finding` with n, t and confidence set and, if the test of W applies, W and the interval W +- its limit. */
static struct finding size_finding(const struct clt_fields *fields, const struct clt_time *time, int s,
                                   struct finding finding) {
  const struct clt_size *size = &time->size[s];
  const struct clt_outcome *width = &size->tests.outcome[CLT_WIDTH];
  finding.n = fields->study->n[s];
  finding.t = fields->study->time[time->index];
  finding.confidence = 1 - CLT_RARE;
  if (!width->applies) return finding;
  finding.expected = 1;
  finding.estimate.value = size->tests.width;
  finding.estimate.low = size->tests.width - width->limit;
  finding.estimate.high = size->tests.width + width->limit;
  return finding;
}

static void find(const void *state, struct findings *findings) {
  const struct clt_fields *fields = state;
  for (int i = 0; i < fields->times; i++)
    for (int s = 0; s < fields->study->sizes; s++) {
      const struct clt_time *time = &fields->time[i];
      char subject[64], *reason = reason_of(fields, time, s);
      snprintf(subject, sizeof subject, "CLT at %s points%s", set_names[time->set],
               is_own(&time->size[s]) ? "" : ", W");
      struct finding finding = size_finding(fields, time, s, FINDING(FINDING_VERDICT, "clt", subject));
      finding.verdict = clt_size_passed(&time->size[s]) ? VERDICT_WITHIN : VERDICT_OUTSIDE;
      findings_add(findings, finding, "%s", reason);
      free(reason);
    }
  if (fields->options.clt_vectors > 0 && *fields->reason)
    findings_limit(findings, "clt", "CLT of the field: %s: %s", fields->times ? "some tests skipped" : "tests skipped",
                   fields->reason);
}

/* ---- summary ---- */

/* Names the n at which some test failed, and at how many times. */
static void summarize(const void *state, const struct findings *findings, struct digest *digest) {
  const struct clt_fields *fields = state;
  const int sizes = fields->study->sizes;
  char counts[DIGEST_COUNTS], *failed = NULL;
  size_t bytes = 0;
  if (!digest_counts(findings, "clt", "tests (n and t)", counts)) return;
  FILE *out = open_memstream(&failed, &bytes);
  if (!out) die("no memory for a summary");
  for (int s = 0; s < sizes; s++) {
    int outside = 0;
    for (int i = 0; i < fields->times; i++) outside += !clt_size_passed(&fields->time[i].size[s]);
    if (outside > 0)
      fprintf(out, "%s%lld (%d)", ftell(out) > 0 ? ", " : "; n: ", (long long)fields->study->n[s], outside);
  }
  if (fclose(out) != 0) die("no memory for a summary");
  digest_add(digest, "CLT", "%s%s", counts, failed);
  free(failed);
}

/* ---- conditions ---- */

static void judge(const void *state, const struct condition *condition, struct findings *findings) {
  const struct clt_fields *fields = state;
  int tested = 0;
  for (int i = 0; i < fields->times; i++) {
    const struct clt_time *time = &fields->time[i];
    const double t = fields->study->time[time->index];
    if (!isnan(condition->time) && !study_same_time(t, condition->time)) continue;
    for (int s = 0; s < fields->study->sizes; s++, tested++) {
      const struct finding finding = condition_finding(condition, clt_size_passed(&time->size[s]));
      findings_add(findings, size_finding(fields, time, s, finding),
                   "expected a Gaussian field with the covariance of the reference at %s points%s",
                   set_names[time->set], is_own(&time->size[s]) ? "" : ", W within its interval of 1");
    }
  }
  if (tested > 0) return;
  const struct finding unmet = condition_finding(condition, false);
  if (*fields->reason)
    findings_add(findings, unmet, "tests skipped: %s", fields->reason);
  else if (isnan(condition->time))
    findings_add(findings, unmet, "tests skipped with --vectors 0");
  else
    findings_add(findings, unmet, "no test at t = %g; the tables above list the times of the fields", condition->time);
}

static const struct condition_kind kinds[] = {
    {"clt", "clt[@T]", condition_read_time, NULL, judge},
};

/* ---- named arrays ---- */

typedef double (*size_value)(const struct clt_size *size);

static double width_of(const struct clt_size *size) {
  return size->tests.width;
}
static double width_limit_of(const struct clt_size *size) {
  return size->tests.outcome[CLT_WIDTH].limit;
}
static double quotient_limit_of(const struct clt_size *size) {
  return size->tests.outcome[CLT_QUOTIENTS].limit;
}
static double mean_of(const struct clt_size *size) {
  return size->tests.outcome[CLT_MEAN].value;
}
static double cosine_of(const struct clt_size *size) {
  return size->tests.outcome[CLT_COSINE].value;
}
static double normality_of(const struct clt_size *size) {
  return size->tests.outcome[CLT_NORMALITY].value;
}
static double trace_of(const struct clt_size *size) {
  return size->trace;
}
static double passed_of(const struct clt_size *size) {
  return clt_size_passed(size);
}

static const struct {
  const char *name, *description;
  size_value value;
} size_numbers[] = {
    {"width", "W: mean of |y|^2 / m over replicas, of each n", width_of},
    {"width_limit", "largest |W - 1| accepted as Gaussian", width_limit_of},
    {"quotient_limit", "largest |quotient - 1| accepted as Gaussian", quotient_limit_of},
    {"mean", "R |mean of y|^2", mean_of},
    {"cosine", "largest cosine of two replicas", cosine_of},
    {"normality", "family p of Anderson and Darling's tests", normality_of},
    {"trace", "n V_n", trace_of},
    {"passed", "1: all tests that apply are passed", passed_of},
};
enum { SIZE_NUMBERS = sizeof size_numbers / sizeof *size_numbers };

/* Adds an array [sizes][count]. row() returns the `count` numbers of one size. */
static void add_rows(struct results *results, const struct clt_fields *fields, const struct clt_time *time,
                     const char *name, const char *description, const char *dimension, int64_t count,
                     const double *(*row)(const struct clt_size *size)) {
  const int64_t sizes = fields->study->sizes, shape[] = {sizes, count};
  results_dimensions(results, "n", dimension);
  double *values = alloc_small(sizeof *values * (size_t)(sizes * count));
  for (int64_t s = 0; s < sizes; s++) memcpy(values + s * count, row(&time->size[s]), sizeof *values * (size_t)count);
  results_add(results, name, description, 2, shape, values);
  free(values);
}

static const double *quotient_row(const struct clt_size *size) {
  return size->tests.quotient;
}
static const double *normality_row(const struct clt_size *size) {
  return size->tests.normality;
}
static const double *group_row(const struct clt_size *size) {
  return size->group;
}
static const double *group_limit_row(const struct clt_size *size) {
  return size->group_limit;
}
static const double *quantile_row(const struct clt_size *size) {
  return size->quantile;
}
static const double *sorted_row(const struct clt_size *size) {
  return size->sorted;
}
static const double *null_mean_row(const struct clt_size *size) {
  return size->null_mean;
}
static const double *null_sd_row(const struct clt_size *size) {
  return size->null_sd;
}

static void add_size_numbers(struct results *results, const struct clt_fields *fields, const struct clt_time *time) {
  const int64_t sizes = fields->study->sizes;
  results_dimensions(results, "n", NULL);
  double *values = alloc_small(sizeof *values * (size_t)sizes);
  for (int number = 0; number < SIZE_NUMBERS; number++) {
    for (int64_t s = 0; s < sizes; s++) values[s] = size_numbers[number].value(&time->size[s]);
    results_add(results, size_numbers[number].name, size_numbers[number].description, 1, &sizes, values);
  }
  free(values);
}

static void add_time(struct results *results, const struct clt_fields *fields, int index) {
  const struct clt_time *time = &fields->time[index];
  const int64_t m = time->vectors, groups = time->groups;
  int64_t first[CLT_VECTORS_MAX];
  for (int g = 0; g < time->groups; g++) first[g] = time->first[g];
  results_group(results, "clt/%d", index);
  results_add(results, "time", NULL, 0, NULL, &fields->study->time[time->index]);
  results_words(results, "points", 1, &set_names[time->set]);
  results_words(results, "reference", 1, &clt_reference_names[time->reference]);
  results_dimensions(results, "vector", NULL);
  results_add(results, "values", "l_i: eigenvalues of the reference", 1, &m, time->reference_value);
  results_dimensions(results, "group", NULL);
  results_integers(results, "group_first", "first vector of each group of close eigenvalues", groups, first);
  add_size_numbers(results, fields, time);
  add_rows(results, fields, time, "quotients", "u_i' C_n u_i / l_i of each n", "vector", m, quotient_row);
  add_rows(results, fields, time, "p", "Anderson and Darling's p of each projection", "vector", m, normality_row);
  add_rows(results, fields, time, "groups", "sums over groups, divided by those of l_i", "group", groups, group_row);
  add_rows(results, fields, time, "group_limit", "largest distance of these quotients from 1 accepted as Gaussian",
           "group", groups, group_limit_row);
  add_rows(results, fields, time, "quantiles", "of all y at probabilities Phi(z), z = -4, -3.9, ..., 4", "quantile",
           CLT_QUANTILES, quantile_row);
  if (!time->size[0].sorted) return;
  add_rows(results, fields, time, "sorted", "eigenvalues of C_n (biased)", "vector", m, sorted_row);
  add_rows(results, fields, time, "null_mean", "mean of the eigenvalues of Gaussian samples", "vector", m,
           null_mean_row);
  add_rows(results, fields, time, "null_sd", "their standard deviation", "vector", m, null_sd_row);
}

static void add_results(const void *state, struct results *results) {
  const struct clt_fields *fields = state;
  for (int i = 0; i < fields->times; i++) add_time(results, fields, i);
}

/* ---- the analysis ---- */

static int create(struct analysis_input *input, void **state) {
  struct clt_fields *fields = NULL;
  const int status = clt_fields_create(input->comm, input->study, input->options, &fields);
  *state = fields;
  return status;
}

static void release(void *state) {
  clt_fields_free(state);
}

const struct analysis clt_fields_analysis = {
    .name = "clt",
    .collective = true,
    .create = create,
    .free = release,
    .print = print,
    .summary = summarize,
    .findings = find,
    .results = add_results,
    .kinds = sizeof kinds / sizeof *kinds,
    .kind = kinds,
};
