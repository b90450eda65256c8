#include "clt/clt_fields.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_sort_double.h>
#include <gsl/gsl_statistics_double.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "clt_fields_reference.h"

const char *const clt_reference_names[CLT_REFERENCES] = {"initial", "frozen", "half", "predicted"};

static int points_used(const struct study *study, enum point_set set) {
  const int64_t points = study_set_points(study, set);
  return (int)(points < CLT_POINTS_MAX ? points : CLT_POINTS_MAX);
}

/* ---- one size ---- */

static void choose_tests(const struct clt_time *time, bool largest, bool applies[CLT_TESTS]) {
  const bool own = time->reference == CLT_HALF && largest;                     /* the l_i come from these replicas */
  const bool alone = time->reference == CLT_PREDICTED && time->references < 2; /* their spread is unknown */
  applies[CLT_QUOTIENTS] = applies[CLT_WIDTH] = !own && !alone;
  applies[CLT_MEAN] = time->reference == CLT_INITIAL;
  applies[CLT_COSINE] = time->vectors > 2; /* in a plane, some pairs of many replicas are nearly parallel */
  applies[CLT_NORMALITY] = largest;
}

/* Returns the relative variance of the sum over the vectors first .. last - 1 of the l_i or, if `scaled`, of the ratios
 * of estimated to exact l_i, from the spread over the references of a prediction. Because there are few of them, it is
 * increased so that CLT_SD standard errors are exceeded with the probability CLT_RARE under Student's distribution.
 * INFINITY for one reference. */
static double share_variance(const struct clt_time *time, int first, int last, bool scaled) {
  const int J = time->references, m = time->vectors;
  if (J < 2) return J == 0 ? 0 : INFINITY;
  double *sum = alloc_small(sizeof *sum * (size_t)J);
  for (int j = 0; j < J; j++) {
    sum[j] = 0;
    for (int i = first; i < last; i++) sum[j] += time->share[j * m + i] / (scaled ? time->reference_value[i] : 1);
  }
  const double error = gsl_stats_sd(sum, 1, (size_t)J) / gsl_stats_mean(sum, 1, (size_t)J) / sqrt(J),
               student = gsl_cdf_tdist_Qinv(CLT_RARE / 2, J - 1) / CLT_SD;
  free(sum);
  return pow(student * error, 2);
}

/* Returns the variance of a mean of squared deviations over replicas, if each square has variance 1, plus that of the
 * reference. */
static double relative_variance(const struct clt_time *time, int64_t replicas) {
  return 1 / (double)(replicas - 1) + (time->reference_replicas > 1 ? 1 / (double)(time->reference_replicas - 1) : 0);
}

/* Sets size->group[g] and its limit from y [replicas][m]. The standard error is estimated from the replicas, as in test
 * (b) of clt/clt.h, because the projections of small networks on vectors with small l_i have heavy tails. */
static void sum_group(const struct clt_time *time, int g, const double *y, int64_t replicas, struct clt_size *size) {
  const int m = time->vectors;
  double expected = 0, *square = calloc((size_t)replicas, sizeof *square);
  if (!square) die("no memory for %lld replicas", (long long)replicas);
  for (int i = time->first[g]; i < time->first[g + 1]; i++) {
    const double mean = gsl_stats_mean(y + i, (size_t)m, (size_t)replicas);
    for (int64_t r = 0; r < replicas; r++) square[r] += time->reference_value[i] * pow(y[r * m + i] - mean, 2);
    expected += time->reference_value[i];
  }
  const double sd = gsl_stats_sd(square, 1, (size_t)replicas) / expected;
  size->group[g] = gsl_stats_mean(square, 1, (size_t)replicas) / expected * (double)replicas / (double)(replicas - 1);
  size->group_limit[g] = CLT_SD * sqrt(sd * sd * relative_variance(time, replicas) +
                                       share_variance(time, time->first[g], time->first[g + 1], false));
  free(square);
}

/* Computes the sums over groups, and the quantiles, from y [replicas][m]. Overwrites y with its sorted values. */
static void summarize(const struct clt_time *time, double *y, int64_t replicas, struct clt_size *size) {
  const int m = time->vectors;
  for (int g = 0; g < time->groups; g++) sum_group(time, g, y, replicas, size);
  gsl_sort(y, 1, (size_t)(replicas * m));
  for (int q = 0; q < CLT_QUANTILES; q++)
    size->quantile[q] =
        gsl_stats_quantile_from_sorted_data(y, 1, (size_t)(replicas * m), gsl_cdf_ugaussian_P(-4 + 0.1 * q));
}

/* Sets size->sums. If the l_i come from these same replicas, the group sums are 1 by definition, so they pass. */
static void check_sums(const struct clt_time *time, int64_t replicas, struct clt_size *size) {
  size->sums = true;
  for (int g = 0; g < time->groups; g++) size->sums &= fabs(size->group[g] - 1) < size->group_limit[g];
  if (!isnan(time->trace_sd))
    size->sums &= fabs(size->trace / time->reference_trace - 1) < clt_trace_limit(time, replicas);
}

bool clt_size_passed(const struct clt_size *size) {
  return clt_passed(&size->tests) && size->sums;
}

/* Collective. Computes the sorted eigenvalues of C_n. For comparison, draws Gaussian fields with the spectrum of the
 * reference, and computes the mean and standard deviation of their sorted eigenvalues. */
static int sort_eigenvalues(const struct clt_fields_work *work, const struct clt_time *time,
                            const struct clt_fields_comparison *reference, const struct covariance *covariance,
                            struct clt_size *size) {
  const int K = time->points, m = time->vectors, draws = work->options->clt_nulls;
  struct dist_matrix *C;
  double *values = alloc_small(sizeof *values * (size_t)K);
  size->sorted = calloc((size_t)m, sizeof(double));
  size->null_mean = calloc((size_t)m, sizeof(double));
  size->null_sd = calloc((size_t)m, sizeof(double));
  if (!size->sorted || !size->null_mean || !size->null_sd) die("no memory for %d eigenvalues", m);
  int status = covariance_operator(covariance, &C);
  if (status == OK) {
    status = covariance_leading(C, 0, values, NULL);
    dist_matrix_free(C);
    memcpy(size->sorted, values, sizeof *values * (size_t)m);
  }
  for (int draw = 0; draw < draws && status == OK; draw++) {
    status = covariance_wishart(&work->grid, K, reference->spectrum, covariance->replicas, work->options->seed,
                                (uint64_t)draw, values);
    for (int i = 0; i < m; i++) {
      const double before = size->null_mean[i];
      size->null_mean[i] += (values[i] - before) / (draw + 1);
      size->null_sd[i] += (values[i] - before) * (values[i] - size->null_mean[i]);
    }
  }
  for (int i = 0; i < m; i++) size->null_sd[i] = sqrt(size->null_sd[i] / (draws - 1));
  free(values);
  return status;
}

/* quotient [m]: work space. */
static struct clt_error error_of(const struct clt_time *time, double *quotient) {
  if (time->references == 0) return (struct clt_error){.replicas = time->reference_replicas};
  for (int i = 0; i < time->vectors; i++) quotient[i] = share_variance(time, i, i + 1, false);
  return (struct clt_error){.quotient = quotient, .width = share_variance(time, 0, time->vectors, true)};
}

static int judge(const struct clt_fields_work *work, const struct clt_time *time,
                 const struct clt_fields_comparison *reference, int size, const struct covariance *covariance,
                 struct clt_size *out) {
  const int m = time->vectors;
  const int64_t replicas = covariance->replicas;
  double *y;
  TRY(comm_agree(work->grid.comm, alloc_array((void **)&y, replicas * m, sizeof *y, "projections")));
  int status = covariance_project(covariance, m, reference->u, reference->center, y);
  if (status == OK) {
    bool applies[CLT_TESTS];
    double quotient[CLT_VECTORS_MAX];
    choose_tests(time, size == work->study->sizes - 1, applies);
    for (int64_t r = 0; r < replicas; r++)
      for (int i = 0; i < m; i++) y[r * m + i] /= sqrt(time->reference_value[i]);
    out->tests = clt_run_tests(replicas, m, y, error_of(time, quotient), applies);
    out->trace = covariance_trace(covariance);
    summarize(time, y, replicas, out);
    check_sums(time, replicas, out);
    if (reference->spectrum && work->options->clt_nulls > 1)
      status = sort_eigenvalues(work, time, reference, covariance, out);
  }
  free(y);
  return status;
}

static int judge_sizes(const struct clt_fields_work *work, struct clt_time *time,
                       const struct clt_fields_comparison *reference) {
  const struct study *study = work->study;
  for (int s = 0; s < study->sizes; s++) {
    struct covariance *covariance;
    const int64_t replicas = study_initials(study, s);
    const int64_t first =
        time->reference == CLT_HALF && s == study->sizes - 1 ? replicas - time->reference_replicas : 0;
    TRY(clt_fields_covariance(work, time, s, first, replicas - first, &covariance));
    const int status = judge(work, time, reference, s, covariance, &time->size[s]);
    covariance_free(covariance);
    TRY(status);
  }
  return OK;
}

static int fill_time(const struct clt_fields_work *work, struct clt_time *time) {
  const struct study *study = work->study;
  time->points = points_used(study, time->set);
  time->vectors = work->options->clt_vectors < time->points ? work->options->clt_vectors : time->points;
  time->size = calloc((size_t)study->sizes, sizeof *time->size);
  if (!time->size) die("no memory for %d sizes", study->sizes);
  struct clt_fields_comparison reference = {0};
  int status = clt_fields_compare(work, time, &reference);
  if (status == OK) status = judge_sizes(work, time, &reference);
  free(reference.u);
  free(reference.center);
  free(reference.spectrum);
  return status;
}

/* ---- all times ---- */

/* Returns whether the law of frozen features applies: only c is trained, by gradient descent on at most CLT_POINTS_MAX
 * fixed points with the squared loss, in Euler steps without ridge and noise whose dt is known from the input (not
 * auto). */
static bool is_frozen(const struct config *config, const struct study *study) {
  const struct schedule *schedule = &config->schedule;
  return config->unit.train == FIELD_BIT_C && config->data.mode == DATA_FIXED && schedule->scheme == SCHEME_GD &&
         loss_is_squared(&config->data.loss) && update_is_descent(&schedule->update) &&
         !schedule_auto(schedule, schedule_steps(schedule)) &&
         !schedule_dt_varies(schedule, schedule_steps(schedule)) && study->train_points <= CLT_POINTS_MAX;
}

static void add_test(struct clt_fields *fields, int index, enum point_set set, enum clt_reference reference) {
  fields->time[fields->times++] = (struct clt_time){.index = index, .set = set, .reference = reference};
}

/* Returns whether the law of sqrt n (f_n - f_t) at t > 0 differs between sizes because the temperature depends on n. */
static bool differ_in_law(const struct study *study) { return study->heat_varies && study->sizes > 1; }

/* Adds to fields->time the tests that are possible at a time of the study. At t > 0 replicas are independent draws of
 * one law only if they share their data. */
static void plan_time(struct clt_fields *fields, const struct clt_fields_work *work, int index) {
  const struct study *study = work->study;
  const double chosen = work->options->clt_time;
  if (isnan(study->time[index]) || (!isnan(chosen) && !study_same_time(study->time[index], chosen))) return;
  if (study->step[index] == 0 && work->initial[POINTS_TEST])
    add_test(fields, index, POINTS_TEST, CLT_INITIAL);
  else if (study->step[index] > 0 && study->test_points > 0 && study->common_data && !differ_in_law(study))
    add_test(fields, index, POINTS_TEST, CLT_HALF);
  if (study->step[index] > 0 && work->initial[POINTS_TRAIN]) add_test(fields, index, POINTS_TRAIN, CLT_FROZEN);
  if (work->prediction && study->test_points > 0 && predicted_time(work->prediction, study->time[index]) >= 0)
    add_test(fields, index, POINTS_TEST, CLT_PREDICTED);
}

static void plan(struct clt_fields *fields, const struct clt_fields_work *work) {
  const struct study *study = work->study;
  const char *reason = "", *refused = work->refused ? work->refused : "";
  if (!study->fields)
    reason = "the runs recorded no fields (output.fields)";
  else if (study_fewest_initials(study) < CLT_REPLICAS_MIN)
    reason = "at least 64 replicas are needed; 1000 or more are better";
  else if (study->scale_power != 0)
    reason = "with ensemble.scale_power the covariance of sqrt n (f_n - f_t) depends on n";
  for (int index = 0; index < study->times && !*reason; index++) plan_time(fields, work, index);
  if (!*reason && study->own_times && isnan(study->time[study->times - 1]))
    reason = "dt_power gives the sizes different t";
  if (!*reason && differ_in_law(study)) reason = "temperature_power gives the sizes different covariances at t > 0";
  if (!*reason && fields->times == 0)
    reason = "no field at this time, or no test points, or replicas with different data";
  snprintf(fields->reason, sizeof fields->reason, "%s%s%s", reason, *reason && *refused ? "; " : "", refused);
}

/* Computes the initial law at the points of a set. If that fails, records the reason; the tests that need the law are
 * then skipped. */
static void find_initial(struct clt_fields_work *work, enum point_set set) {
  const struct ensemble_spec *ensemble = &work->config->ensemble;
  int status = OK;
  if (ensemble->scale != 1 || ensemble->scale_power != 0)
    status = FAIL(FAILED, "the covariance at step 0 is known for ensemble.scale: 1 only");
  if (status == OK)
    status = initial_covariance_create(&work->config->unit, work->d, points_used(work->study, set), work->x[set],
                                       &work->initial[set]);
  if (status != OK && !work->refused) work->refused = strdup(error_text());
}

static int load(struct clt_fields_work *work) {
  const struct study *study = work->study;
  TRY(config_parse("the first run", study->config, &work->config));
  if (work->options->predicted) TRY(prediction_file_read(work->options->predicted, &work->prediction));
  for (int set = 0; set < 2; set++)
    if ((set == POINTS_TEST ? study->test_points : study->train_points) > 0)
      TRY(study_points(study, (enum point_set)set, &work->d, &work->x[set], &work->y[set]));
  if (study->test_points > 0) find_initial(work, POINTS_TEST);
  if (is_frozen(work->config, study)) find_initial(work, POINTS_TRAIN);
  return OK;
}

static void close_work(struct clt_fields_work *work) {
  for (int set = 0; set < 2; set++) {
    free(work->x[set]);
    free(work->y[set]);
    initial_covariance_free(work->initial[set]);
  }
  free(work->refused);
  config_free(work->config);
  prediction_file_free(work->prediction);
  dist_grid_free(&work->grid);
}

int clt_fields_create(const struct comm *comm, const struct study *study, const struct analysis_options *options,
                      struct clt_fields **out) {
  struct clt_fields *fields = calloc(1, sizeof *fields);
  if (!fields) die("no memory for the tests of the CLT");
  *fields = (struct clt_fields){.study = study, .options = *options};
  fields->time = calloc((size_t)study->times * CLT_REFERENCES, sizeof *fields->time);
  if (!fields->time) die("no memory for %d times", study->times);
  *out = fields;
  if (options->clt_vectors < 1) return OK;
  struct clt_fields_work work = {.study = study, .options = options};
  dist_grid_create(comm, &work.grid);
  int status = comm_agree(comm, load(&work));
  if (status == OK) plan(fields, &work);
  for (int i = 0; i < fields->times && status == OK; i++) status = fill_time(&work, &fields->time[i]);
  close_work(&work);
  return status;
}

void clt_fields_free(struct clt_fields *fields) {
  if (!fields) return;
  for (int i = 0; i < fields->times; i++) {
    for (int s = 0; s < fields->study->sizes && fields->time[i].size; s++) {
      free(fields->time[i].size[s].sorted);
      free(fields->time[i].size[s].null_mean);
      free(fields->time[i].size[s].null_sd);
    }
    free(fields->time[i].size);
    free(fields->time[i].share);
  }
  free(fields->time);
  free(fields);
}

double clt_trace_limit(const struct clt_time *time, int64_t replicas) {
  return CLT_SD * time->trace_sd * sqrt(relative_variance(time, replicas));
}
