#include "clt/clt_fields.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_sort_double.h>
#include <gsl/gsl_statistics_double.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "clt/covariance.h"
#include "clt/frozen_features.h"
#include "clt/initial_covariance.h"
#include "config/config.h"

#define SD 4.5 /* as in clt.c */

const char *const clt_source_names[CLT_SOURCES] = {"initial", "frozen", "half"};

/* What all moments need. */
struct work {
  const struct study *study;
  const struct clt_options *options;
  struct dist_grid grid;
  struct config *config;
  int d;
  double *x[2], *y[2];               /* per point_set */
  struct initial_covariance *law[2]; /* at the points used; NULL: none */
  char *refused;                     /* why there is no law, or NULL */
};

static int points_used(const struct study *study, enum point_set set) {
  const int64_t points = set == POINTS_TEST ? study->tests : study->samples;
  return (int)(points < CLT_POINTS_MAX ? points : CLT_POINTS_MAX);
}

/* ---- fields on their way from the file ---- */

struct outputs {
  const struct study *study;
  int size, time, columns; /* columns: points used */
  enum point_set set;
  int64_t first;
  double *all; /* [replicas][points], read at the first call */
};

static int read_rows(void *context, int64_t first, int64_t count, double *f) {
  struct outputs *outputs = context;
  const struct study *study = outputs->study;
  const int64_t points = outputs->set == POINTS_TEST ? study->tests : study->samples;
  if (!outputs->all) {
    TRY(alloc_array((void **)&outputs->all, study->replicas[outputs->size] * points, sizeof *f,
                    "outputs of all replicas"));
    TRY(study_field(study, outputs->size, outputs->time, outputs->set, outputs->all));
  }
  for (int64_t r = 0; r < count; r++)
    memcpy(f + r * outputs->columns, outputs->all + (outputs->first + first + r) * study->streams * points,
           sizeof *f * (size_t)outputs->columns);
  return OK;
}

/* Replicas first .. first+count-1 (initial conditions) of a size. */
static int read_covariance(const struct work *work, const struct clt_time *moment, int size, int64_t first,
                           int64_t count, struct covariance **covariance) {
  struct outputs outputs = {work->study, size, moment->time, moment->points, moment->set, first, NULL};
  const struct covariance_source source = {read_rows, &outputs};
  const int status = covariance_create(&work->grid, work->study->n[size], count, moment->points, &source, covariance);
  free(outputs.all);
  return status;
}

/* ---- references ---- */

/* What the replicas of a moment are compared with. */
struct reference {
  double *u;        /* [m][K] */
  double *centre;   /* [K], NULL: the replicas' own mean */
  double *spectrum; /* [K] all l_i where they are exact; else NULL */
};

static void set_values(struct clt_time *moment, const double *spectrum) {
  const int K = moment->points;
  double sum = 0, square = 0;
  for (int k = 0; k < K; k++) {
    sum += spectrum[k];
    square += spectrum[k] * spectrum[k];
  }
  moment->trace = sum;
  moment->trace_sd = sqrt(2 * square) / sum;
  while (moment->vectors > 1 && spectrum[moment->vectors - 1] < CLT_FLOOR * spectrum[0]) moment->vectors--;
  memcpy(moment->value, spectrum, sizeof *spectrum * (size_t)moment->vectors);
}

static int exact_operator(const struct work *work, const struct clt_time *moment, struct dist_matrix **C) {
  const struct initial_covariance *law = work->law[moment->set];
  if (moment->source == CLT_INITIAL)
    return initial_covariance_matrix(&work->grid, law, initial_covariance_between, 1.0 / moment->points, C);
  return frozen_features_covariance(&work->grid, law, work->y[moment->set], &work->config->schedule,
                                    work->study->step[moment->time], FROZEN_FEATURES_DRAWS, work->options->seed, C);
}

static int find_exact(const struct work *work, struct clt_time *moment, struct reference *reference) {
  const int K = moment->points;
  struct dist_matrix *C = NULL;
  reference->spectrum = alloc_small(sizeof(double) * (size_t)K);
  int status = exact_operator(work, moment, &C);
  if (status == OK) status = covariance_leading(C, moment->vectors, reference->spectrum, reference->u);
  if (status == OK) {
    set_values(moment, reference->spectrum);
    if (moment->source == CLT_INITIAL) {
      reference->centre = alloc_small(sizeof(double) * (size_t)K);
      for (int k = 0; k < K; k++) reference->centre[k] = initial_covariance_output(work->law[moment->set], k);
    }
  }
  dist_matrix_free(C);
  return status;
}

/* Quotients of the other half on the vectors of the first, both of the largest n. */
static int find_half(const struct work *work, struct clt_time *moment, struct reference *reference) {
  const int last = work->study->sizes - 1, K = moment->points, m = moment->vectors;
  const int64_t replicas = study_initials(work->study, last), half = replicas / 2;
  struct covariance *first, *second;
  struct dist_matrix *C;
  double *y = NULL, *spectrum = alloc_small(sizeof *spectrum * (size_t)K);
  int status = read_covariance(work, moment, last, 0, half, &first);
  if (status == OK) {
    status = covariance_operator(first, &C);
    if (status == OK) {
      status = covariance_leading(C, m, spectrum, reference->u);
      dist_matrix_free(C);
    }
    covariance_free(first);
  }
  free(spectrum);
  if (status == OK) status = read_covariance(work, moment, last, half, replicas - half, &second);
  if (status != OK) return status;
  moment->references = replicas - half;
  moment->trace = covariance_trace(second);
  moment->trace_sd = NAN;
  status = comm_agree(work->grid.comm, alloc_array((void **)&y, moment->references * m, sizeof *y, "projections"));
  if (status == OK) status = covariance_project(second, m, reference->u, NULL, y);
  for (int i = 0; i < m && status == OK; i++)
    moment->value[i] = gsl_stats_variance(y + i, (size_t)m, (size_t)moment->references);
  while (moment->vectors > 1 && moment->value[moment->vectors - 1] < CLT_FLOOR * moment->value[0]) moment->vectors--;
  free(y);
  covariance_free(second);
  return status;
}

static void find_groups(struct clt_time *moment) {
  for (int i = 0; i < moment->vectors; i++)
    if (i == 0 || moment->value[i] < CLT_GAP * moment->value[i - 1]) moment->first[moment->groups++] = i;
  moment->first[moment->groups] = moment->vectors;
}

/* ---- one size ---- */

static void ask(const struct clt_time *moment, bool largest, bool asked[CLT_QUESTIONS]) {
  const bool own = moment->source == CLT_HALF && largest; /* l_i are these replicas' own */
  asked[CLT_QUOTIENTS] = asked[CLT_WIDTH] = !own;
  asked[CLT_MEAN] = moment->source == CLT_INITIAL;
  asked[CLT_COSINE] = moment->vectors > 2; /* in a plane some of many are parallel by chance */
  asked[CLT_NORMALITY] = largest;
}

/* What one replica adds to the square of a relative error, with the reference's part. */
static double degrees(const struct clt_time *moment, int64_t replicas) {
  return 1 / (double)(replicas - 1) + (moment->references > 1 ? 1 / (double)(moment->references - 1) : 0);
}

/* A group's sum over replicas, and 4.5 standard errors of it: those of the replicas, as in (b), since small modes of
 * small networks have heavy tails. */
static void sum_group(const struct clt_time *moment, int g, const double *y, int64_t replicas, struct clt_size *size) {
  const int m = moment->vectors;
  double expected = 0, *part = calloc((size_t)replicas, sizeof *part);
  if (!part) die("no memory for %lld replicas", (long long)replicas);
  for (int i = moment->first[g]; i < moment->first[g + 1]; i++) {
    const double mean = gsl_stats_mean(y + i, (size_t)m, (size_t)replicas);
    for (int64_t r = 0; r < replicas; r++) part[r] += moment->value[i] * pow(y[r * m + i] - mean, 2);
    expected += moment->value[i];
  }
  const double sd = gsl_stats_sd(part, 1, (size_t)replicas) / expected;
  size->group[g] = gsl_stats_mean(part, 1, (size_t)replicas) / expected * (double)replicas / (double)(replicas - 1);
  size->group_limit[g] = SD * sd * sqrt(degrees(moment, replicas));
  free(part);
}

/* y is sorted in place. */
static void summarise(const struct clt_time *moment, double *y, int64_t replicas, struct clt_size *size) {
  const int m = moment->vectors;
  for (int g = 0; g < moment->groups; g++) sum_group(moment, g, y, replicas, size);
  gsl_sort(y, 1, (size_t)(replicas * m));
  for (int q = 0; q < CLT_QUANTILES; q++)
    size->quantile[q] =
        gsl_stats_quantile_from_sorted_data(y, 1, (size_t)(replicas * m), gsl_cdf_ugaussian_P(-4 + 0.1 * q));
}

/* Sums of replicas that are their own reference are 1 by definition. */
static void check_sums(const struct clt_time *moment, int64_t replicas, struct clt_size *size) {
  size->sums = true;
  for (int g = 0; g < moment->groups; g++) size->sums &= fabs(size->group[g] - 1) < size->group_limit[g];
  if (!isnan(moment->trace_sd)) size->sums &= fabs(size->trace / moment->trace - 1) < clt_trace_limit(moment, replicas);
}

bool clt_size_passed(const struct clt_size *size) {
  return clt_passed(&size->judgement) && size->sums;
}

/* Sorted eigenvalues of C_n and their null. */
static int sort_eigenvalues(const struct work *work, const struct clt_time *moment, const struct reference *reference,
                            const struct covariance *covariance, struct clt_size *size) {
  const int K = moment->points, m = moment->vectors, draws = work->options->nulls;
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

static int judge(const struct work *work, const struct clt_time *moment, const struct reference *reference, int size,
                 const struct covariance *covariance, struct clt_size *out) {
  const int m = moment->vectors;
  const int64_t replicas = covariance->replicas;
  double *y;
  TRY(comm_agree(work->grid.comm, alloc_array((void **)&y, replicas * m, sizeof *y, "projections")));
  int status = covariance_project(covariance, m, reference->u, reference->centre, y);
  if (status == OK) {
    bool asked[CLT_QUESTIONS];
    ask(moment, size == work->study->sizes - 1, asked);
    for (int64_t r = 0; r < replicas; r++)
      for (int i = 0; i < m; i++) y[r * m + i] /= sqrt(moment->value[i]);
    out->judgement = clt_judge(replicas, m, y, moment->references, asked);
    out->trace = covariance_trace(covariance);
    summarise(moment, y, replicas, out);
    check_sums(moment, replicas, out);
    if (reference->spectrum && work->options->nulls > 1)
      status = sort_eigenvalues(work, moment, reference, covariance, out);
  }
  free(y);
  return status;
}

static int judge_sizes(const struct work *work, struct clt_time *moment, const struct reference *reference) {
  const struct study *study = work->study;
  for (int s = 0; s < study->sizes; s++) {
    struct covariance *covariance;
    const int64_t replicas = study_initials(study, s);
    const int64_t first = moment->source == CLT_HALF && s == study->sizes - 1 ? replicas - moment->references : 0;
    TRY(read_covariance(work, moment, s, first, replicas - first, &covariance));
    const int status = judge(work, moment, reference, s, covariance, &moment->size[s]);
    covariance_free(covariance);
    TRY(status);
  }
  return OK;
}

static int fill_moment(const struct work *work, struct clt_time *moment) {
  const struct study *study = work->study;
  moment->points = points_used(study, moment->set);
  moment->vectors = work->options->vectors < moment->points ? work->options->vectors : moment->points;
  moment->size = calloc((size_t)study->sizes, sizeof *moment->size);
  if (!moment->size) die("no memory for %d sizes", study->sizes);
  struct reference reference = {0};
  int status = comm_agree(work->grid.comm, alloc_array((void **)&reference.u, (int64_t)moment->vectors * moment->points,
                                                       sizeof(double), "eigenvectors"));
  if (status == OK)
    status = moment->source == CLT_HALF ? find_half(work, moment, &reference) : find_exact(work, moment, &reference);
  if (status == OK) {
    find_groups(moment);
    status = judge_sizes(work, moment, &reference);
  }
  free(reference.u);
  free(reference.centre);
  free(reference.spectrum);
  return status;
}

/* ---- all moments ---- */

/* The law's steps are those of the input: it knows nothing of dt: auto. */
static bool is_frozen(const struct config *config, const struct study *study) {
  const struct schedule *schedule = &config->schedule;
  return config->unit.train == FIELD_BIT_C && config->data.mode == DATA_FIXED && schedule->scheme == SCHEME_GD &&
         !schedule_auto(schedule, schedule_steps(schedule)) && study->samples <= CLT_POINTS_MAX;
}

/* What there is to be asked at a time; without common data the replicas of t > 0 are not draws of one law given the
 * data. */
static void plan_time(struct clt_fields *fields, const struct work *work, int time) {
  const struct study *study = work->study;
  const double chosen = work->options->time;
  struct clt_time *next = fields->moment + fields->moments;
  if (!isnan(chosen) && fabs(study->time[time] - chosen) > 1e-9 * fmax(1, fabs(chosen))) return;
  if (study->step[time] == 0 && work->law[POINTS_TEST])
    *next++ = (struct clt_time){.time = time, .set = POINTS_TEST, .source = CLT_INITIAL};
  else if (study->step[time] > 0 && study->tests > 0 && study->common_data)
    *next++ = (struct clt_time){.time = time, .set = POINTS_TEST, .source = CLT_HALF};
  if (study->step[time] > 0 && work->law[POINTS_TRAIN])
    *next++ = (struct clt_time){.time = time, .set = POINTS_TRAIN, .source = CLT_FROZEN};
  fields->moments = (int)(next - fields->moment);
}

static void plan(struct clt_fields *fields, const struct work *work) {
  const struct study *study = work->study;
  int64_t fewest = INT64_MAX;
  for (int s = 0; s < study->sizes; s++)
    if (study_initials(study, s) < fewest) fewest = study_initials(study, s);
  const char *reason = "";
  if (!study->fields)
    reason = "the runs recorded no fields (output.fields)";
  else if (fewest < CLT_REPLICAS_MIN)
    reason = "they need more replicas: 64 at least, best 1000 or more";
  for (int time = 0; time < study->times && !*reason; time++) plan_time(fields, work, time);
  if (!*reason && fields->moments == 0)
    reason = "no field at this time, or no test points, or replicas with different data";
  snprintf(fields->reason, sizeof fields->reason, "%s", *reason || !work->refused ? reason : work->refused);
}

/* The law of units at the points of a set; one that cannot be computed is told, and not needed elsewhere. */
static void find_law(struct work *work, enum point_set set) {
  const int status = initial_covariance_create(&work->config->unit, work->d, points_used(work->study, set),
                                               work->x[set], &work->law[set]);
  if (status != OK && !work->refused) work->refused = strdup(error_text());
}

static int load(struct work *work) {
  const struct study *study = work->study;
  TRY(config_parse("the first run", study->config, &work->config));
  for (int set = 0; set < 2; set++)
    if ((set == POINTS_TEST ? study->tests : study->samples) > 0)
      TRY(study_points(study, (enum point_set)set, &work->d, &work->x[set], &work->y[set]));
  if (study->tests > 0) find_law(work, POINTS_TEST);
  if (is_frozen(work->config, study)) find_law(work, POINTS_TRAIN);
  return OK;
}

static void close_work(struct work *work) {
  for (int set = 0; set < 2; set++) {
    free(work->x[set]);
    free(work->y[set]);
    initial_covariance_free(work->law[set]);
  }
  free(work->refused);
  config_free(work->config);
  dist_grid_free(&work->grid);
}

int clt_fields_create(const struct comm *comm, const struct study *study, const struct clt_options *options,
                      struct clt_fields **out) {
  struct clt_fields *fields = calloc(1, sizeof *fields);
  if (!fields) die("no memory for the CLT's questions");
  *fields = (struct clt_fields){.study = study, .options = *options};
  fields->moment = calloc((size_t)study->times * 2, sizeof *fields->moment);
  if (!fields->moment) die("no memory for %d times", study->times);
  *out = fields;
  if (options->vectors < 1) return OK;
  struct work work = {.study = study, .options = options};
  dist_grid_create(comm, &work.grid);
  int status = comm_agree(comm, load(&work));
  if (status == OK) plan(fields, &work);
  for (int i = 0; i < fields->moments && status == OK; i++) status = fill_moment(&work, &fields->moment[i]);
  close_work(&work);
  return status;
}

void clt_fields_free(struct clt_fields *fields) {
  if (!fields) return;
  for (int i = 0; i < fields->moments; i++) {
    for (int s = 0; s < fields->study->sizes && fields->moment[i].size; s++) {
      free(fields->moment[i].size[s].sorted);
      free(fields->moment[i].size[s].null_mean);
      free(fields->moment[i].size[s].null_sd);
    }
    free(fields->moment[i].size);
  }
  free(fields->moment);
  free(fields);
}

double clt_trace_limit(const struct clt_time *moment, int64_t replicas) {
  return SD * moment->trace_sd * sqrt(degrees(moment, replicas));
}
