/* How the results of clt/clt_fields.h are told: tables, verdicts, named arrays. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "clt/clt_fields.h"

enum { GROUPS_SHOWN = 8 };

static const char *const source_texts[CLT_SOURCES] = {
    "the exact covariance of the initial law", "the limit of n -> infinity for frozen features",
    "half of the replicas of the largest n, which is compared by its other half"};
static const char *const set_names[] = {"test", "training"};

/* ---- terminal ---- */

/* Quotients of replicas on their own values l_i are 1 by definition, and not shown. */
static bool is_own(const struct clt_size *size) {
  return !size->judgement.answer[CLT_QUOTIENTS].asked;
}

static void print_size(const struct clt_fields *fields, const struct clt_time *moment, int s, FILE *out) {
  const struct clt_size *size = &moment->size[s];
  const struct clt_judgement *judgement = &size->judgement;
  fprintf(out, "%10lld %8lld", (long long)fields->study->n[s], (long long)judgement->replicas);
  if (is_own(size))
    fprintf(out, "  %-8s %-34s", "-", "     -");
  else
    fprintf(out, "  %-8.4f", judgement->width);
  for (int i = 0; i < CLT_LEADING && !is_own(size); i++)
    if (i < moment->vectors)
      fprintf(out, " %6.3f", judgement->quotient[i]);
    else
      fprintf(out, " %6s", "");
  fprintf(out, "  %-10.3g  %-10.4g", judgement->answer[CLT_NORMALITY].value, size->trace);
  if (!is_own(size)) fprintf(out, "  %.4f", size->trace / moment->trace);
  if (!isnan(moment->trace_sd)) fprintf(out, " +- %.2g", clt_trace_limit(moment, judgement->replicas));
  fputc('\n', out);
}

static void print_group(const struct clt_size *size, int g, FILE *out) {
  char text[48] = "-";
  if (!is_own(size)) snprintf(text, sizeof text, "%.3f +- %.3f", size->group[g], size->group_limit[g]);
  fprintf(out, "  %-16s", text);
}

static void print_groups(const struct clt_fields *fields, const struct clt_time *moment, FILE *out) {
  const int groups = moment->groups < GROUPS_SHOWN ? moment->groups : GROUPS_SHOWN;
  fprintf(out, "sums over close eigenvalues, over those of the reference (+- 4.5 standard errors)\n%10s", "n");
  for (int g = 0; g < groups; g++) {
    char name[32];
    const int first = moment->first[g] + 1, last = moment->first[g + 1];
    snprintf(name, sizeof name, first == last ? "%d" : "%d-%d", first, last);
    fprintf(out, "  %-16s", name);
  }
  for (int s = 0; s < fields->study->sizes; s++) {
    fprintf(out, "\n%10lld", (long long)fields->study->n[s]);
    for (int g = 0; g < groups; g++) print_group(&moment->size[s], g, out);
  }
  fputc('\n', out);
}

static void print_sorted(const struct clt_fields *fields, const struct clt_time *moment, FILE *out) {
  fprintf(out, "sorted eigenvalues of the sample over l_i, and in %d samples of Gaussian fields (both are biased)\n",
          fields->options.nulls);
  for (int s = 0; s < fields->study->sizes; s++) {
    const struct clt_size *size = &moment->size[s];
    fprintf(out, "%10lld", (long long)fields->study->n[s]);
    for (int i = 0; i < moment->vectors && i < CLT_LEADING; i++)
      fprintf(out, "  %.3f (%.3f +- %.3f)", size->sorted[i] / moment->value[i], size->null_mean[i] / moment->value[i],
              size->null_sd[i] / moment->value[i]);
    fputc('\n', out);
  }
}

static void print_moment(const struct clt_fields *fields, const struct clt_time *moment, FILE *out) {
  fprintf(out, "\nCLT of the field at t = %g (step %lld), %d %s points, %d vectors; reference: %s\n",
          fields->study->time[moment->time], (long long)fields->study->step[moment->time], moment->points,
          set_names[moment->set], moment->vectors, source_texts[moment->source]);
  fprintf(out, "%10s %8s  %-8s %-34s  %-10s  %-10s  %s\n", "n", "replicas", "W", " quotients of the leading five",
          "normal: p", "n V_n", "over the reference's trace");
  for (int s = 0; s < fields->study->sizes; s++) print_size(fields, moment, s, out);
  print_groups(fields, moment, out);
  if (moment->size[0].sorted) print_sorted(fields, moment, out);
}

void clt_fields_print(const struct clt_fields *fields, FILE *out) {
  for (int i = 0; i < fields->moments; i++) print_moment(fields, &fields->moment[i], out);
}

/* "quotients within 7.8 % of 1 (limit 14 %)", ... of what was asked. */
static void print_answers(const struct clt_judgement *judgement, FILE *out) {
  const struct clt_answer *answer = judgement->answer;
  const int leading = judgement->vectors < CLT_LEADING ? judgement->vectors : CLT_LEADING;
  if (answer[CLT_QUOTIENTS].asked)
    fprintf(out, "%d quotients within %.2g %% of 1 (limit %.2g %%), ", leading, 100 * answer[CLT_QUOTIENTS].value,
            100 * answer[CLT_QUOTIENTS].limit);
  if (answer[CLT_WIDTH].asked) fprintf(out, "W = %.4f (1 +- %.2g), ", judgement->width, answer[CLT_WIDTH].limit);
  if (answer[CLT_MEAN].asked)
    fprintf(out, "R |mean y|^2 = %.3g (below %.3g), ", answer[CLT_MEAN].value, answer[CLT_MEAN].limit);
  if (answer[CLT_COSINE].asked)
    fprintf(out, "largest cosine %.3f (below %.3g), ", answer[CLT_COSINE].value, answer[CLT_COSINE].limit);
  const char *normal = answer[CLT_NORMALITY].passed  ? "normality not rejected"
                       : answer[CLT_NORMALITY].asked ? "normality REJECTED"
                                                     : "not yet Gaussian at this n";
  fprintf(out, "%s (family p = %.2g)", normal, answer[CLT_NORMALITY].value);
}

static void print_verdict(const struct clt_fields *fields, const struct clt_time *moment, int s, FILE *out) {
  const struct clt_size *size = &moment->size[s];
  const struct clt_judgement *judgement = &size->judgement;
  fprintf(out, "t = %-8g CLT at %s points, n = %lld: ", fields->study->time[moment->time], set_names[moment->set],
          (long long)fields->study->n[s]);
  print_answers(judgement, out);
  if (clt_size_passed(size)) {
    fprintf(out, "%s: consistent\n", is_own(size) ? "" : ", sums over close eigenvalues within their limits");
    return;
  }
  fprintf(out, ": NOT consistent:");
  for (int q = 0; q < CLT_QUESTIONS; q++)
    if (judgement->answer[q].asked && !judgement->answer[q].passed) fprintf(out, " %s", clt_question_names[q]);
  if (!size->sums) fprintf(out, " sums of close eigenvalues");
  fprintf(out, "%s\n",
          moment->source == CLT_INITIAL  ? ""
          : s < fields->study->sizes - 1 ? "; at t > 0 the law holds for n -> infinity, this n may be too small"
                                         : "");
}

void clt_fields_print_verdicts(const struct clt_fields *fields, FILE *out) {
  for (int i = 0; i < fields->moments; i++)
    for (int s = 0; s < fields->study->sizes; s++) print_verdict(fields, &fields->moment[i], s, out);
  if (fields->options.vectors > 0 && *fields->reason)
    fprintf(out, "CLT of the field: %s: %s\n", fields->moments ? "some questions not put" : "no questions put",
            fields->reason);
}

/* ---- expectations ---- */

bool clt_expect_is(const char *text) {
  return strcmp(text, "clt") == 0 || strncmp(text, "clt@", 4) == 0;
}

int clt_expect_parse(const char *text, double *time) {
  char *end = NULL;
  *time = NAN;
  if (text[3] == 0) return OK;
  *time = strtod(text + 4, &end);
  return end != text + 4 && *end == 0 && isfinite(*time)
             ? OK
             : FAIL(USAGE, "--expect: expected clt or clt@TIME, received \"%s\"", text);
}

static int expect_at(const struct clt_fields *fields, double time, FILE *out) {
  int unmet = 0, asked = 0;
  for (int i = 0; i < fields->moments; i++) {
    const struct clt_time *moment = &fields->moment[i];
    const double t = fields->study->time[moment->time];
    if (!isnan(time) && fabs(t - time) > 1e-9 * fmax(1, fabs(time))) continue;
    for (int s = 0; s < fields->study->sizes; s++, asked++) {
      const bool met = clt_size_passed(&moment->size[s]);
      fprintf(out, "%s clt: t = %g, n = %lld, expected a Gaussian field with the reference's covariance at %s points\n",
              met ? "met    " : "NOT MET", t, (long long)fields->study->n[s], set_names[moment->set]);
      unmet += !met;
    }
  }
  if (asked == 0 && *fields->reason)
    fprintf(out, "NOT MET clt: no questions put: %s\n", fields->reason);
  else if (asked == 0 && isnan(time))
    fprintf(out, "NOT MET clt: no questions put with --vectors 0\n");
  else if (asked == 0)
    fprintf(out, "NOT MET clt: no questions put at t = %g, see the times of the fields above\n", time);
  return asked == 0 ? 1 : unmet;
}

int clt_expect_print(const struct clt_fields *fields, bool alone, int count, const double *time, FILE *out) {
  int unmet = 0;
  if (alone && count > 0) fprintf(out, "\nexpectations at the limits of the CLT's questions\n");
  for (int i = 0; i < count; i++) unmet += expect_at(fields, time[i], out);
  return unmet;
}

/* ---- files ---- */

typedef double (*size_value)(const struct clt_size *size);

static double width_of(const struct clt_size *size) {
  return size->judgement.width;
}
static double width_limit_of(const struct clt_size *size) {
  return size->judgement.answer[CLT_WIDTH].limit;
}
static double quotient_limit_of(const struct clt_size *size) {
  return size->judgement.answer[CLT_QUOTIENTS].limit;
}
static double mean_of(const struct clt_size *size) {
  return size->judgement.answer[CLT_MEAN].value;
}
static double cosine_of(const struct clt_size *size) {
  return size->judgement.answer[CLT_COSINE].value;
}
static double normality_of(const struct clt_size *size) {
  return size->judgement.answer[CLT_NORMALITY].value;
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
    {"width_limit", "|W - 1| that a Gaussian field passes", width_limit_of},
    {"quotient_limit", "|quotient - 1| that a Gaussian field passes", quotient_limit_of},
    {"mean", "R |mean of y|^2", mean_of},
    {"cosine", "largest cosine of two replicas", cosine_of},
    {"normality", "family p of Anderson and Darling's tests", normality_of},
    {"trace", "n V_n", trace_of},
    {"passed", "1: all that was asked is as for a Gaussian field", passed_of},
};
enum { SIZE_NUMBERS = sizeof size_numbers / sizeof *size_numbers };

/* An array [sizes][count] from places in struct clt_size. */
static void add_rows(struct results *results, const struct clt_fields *fields, const struct clt_time *moment,
                     const char *group, const char *name, const char *description, int64_t count,
                     const double *(*row)(const struct clt_size *size)) {
  const int64_t sizes = fields->study->sizes, shape[] = {sizes, count};
  double *values = alloc_small(sizeof *values * (size_t)(sizes * count));
  char path[64];
  for (int64_t s = 0; s < sizes; s++) memcpy(values + s * count, row(&moment->size[s]), sizeof *values * (size_t)count);
  snprintf(path, sizeof path, "%s/%s", group, name);
  results_add(results, path, description, 2, shape, values);
  free(values);
}

static const double *quotient_row(const struct clt_size *size) {
  return size->judgement.quotient;
}
static const double *normality_row(const struct clt_size *size) {
  return size->judgement.normality;
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

static void add_size_numbers(struct results *results, const struct clt_fields *fields, const struct clt_time *moment,
                             const char *group) {
  const int64_t sizes = fields->study->sizes;
  double *values = alloc_small(sizeof *values * (size_t)sizes);
  char path[64];
  for (int number = 0; number < SIZE_NUMBERS; number++) {
    for (int64_t s = 0; s < sizes; s++) values[s] = size_numbers[number].value(&moment->size[s]);
    snprintf(path, sizeof path, "%s/%s", group, size_numbers[number].name);
    results_add(results, path, size_numbers[number].description, 1, &sizes, values);
  }
  free(values);
}

static void add_moment(struct results *results, const struct clt_fields *fields, int index) {
  const struct clt_time *moment = &fields->moment[index];
  const int64_t m = moment->vectors, groups = moment->groups;
  int64_t first[CLT_VECTORS_MAX];
  char group[32], path[64];
  for (int g = 0; g < moment->groups; g++) first[g] = moment->first[g];
  snprintf(group, sizeof group, "clt/%d", index);
  snprintf(path, sizeof path, "%s/time", group);
  results_add(results, path, NULL, 0, NULL, &fields->study->time[moment->time]);
  snprintf(path, sizeof path, "%s/points", group);
  results_words(results, path, 1, &set_names[moment->set]);
  snprintf(path, sizeof path, "%s/reference", group);
  results_words(results, path, 1, &clt_source_names[moment->source]);
  snprintf(path, sizeof path, "%s/values", group);
  results_add(results, path, "l_i: eigenvalues of the reference", 1, &m, moment->value);
  snprintf(path, sizeof path, "%s/group_first", group);
  results_integers(results, path, "the vector with which each group of close eigenvalues begins", groups, first);
  add_size_numbers(results, fields, moment, group);
  add_rows(results, fields, moment, group, "quotients", "u_i' C_n u_i / l_i of each n", m, quotient_row);
  add_rows(results, fields, moment, group, "p", "Anderson and Darling's p of each projection", m, normality_row);
  add_rows(results, fields, moment, group, "groups", "sums over groups, over those of l_i", groups, group_row);
  add_rows(results, fields, moment, group, "group_limit", "how far those may be from 1", groups, group_limit_row);
  add_rows(results, fields, moment, group, "quantiles", "of all y at probabilities Phi(z), z = -4, -3.9, ..., 4",
           CLT_QUANTILES, quantile_row);
  if (!moment->size[0].sorted) return;
  add_rows(results, fields, moment, group, "sorted", "eigenvalues of C_n (biased)", m, sorted_row);
  add_rows(results, fields, moment, group, "null_mean", "mean of those of Gaussian fields", m, null_mean_row);
  add_rows(results, fields, moment, group, "null_sd", "their standard deviation", m, null_sd_row);
}

void clt_fields_results(const struct clt_fields *fields, struct results *results) {
  for (int i = 0; i < fields->moments; i++) add_moment(results, fields, i);
}
