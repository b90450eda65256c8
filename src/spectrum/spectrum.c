#include "spectrum/spectrum.h"

#include <gsl/gsl_vector.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/rng.h"
#include "parallel/dist_matrix.h"
#include "spectrum/tangent_matrix.h"

/* ---- selection of the network and the points ---- */

static int choose_network(struct spectrum *spectrum) {
  const struct ensemble_spec *ensemble = &spectrum->problem->config->ensemble;
  const struct spectrum_options *options = &spectrum->options;
  int member = 0;
  char sizes[256] = "";
  for (int e = 0; e < ensemble->members; e++) {
    if (strlen(sizes) < sizeof sizes - 32) sprintf(sizes + strlen(sizes), " %lld", (long long)ensemble->n[e]);
    if (options->n > 0 ? ensemble->n[e] == options->n : ensemble->n[e] > ensemble->n[member]) member = e;
  }
  spectrum->n = ensemble->n[member];
  if (options->n > 0 && spectrum->n != options->n)
    return FAIL(USAGE, "the checkpoint has networks of n =%s, not of %lld", sizes, (long long)options->n);
  if (options->replica >= ensemble->replicas)
    return FAIL(USAGE, "the checkpoint has replicas 0 to %lld, received %lld", (long long)ensemble->replicas - 1,
                (long long)options->replica);
  spectrum->replica = options->replica;
  spectrum->network = member * ensemble->replicas + options->replica;
  return OK;
}

/* Sets the kind and number of points. */
static int choose_points(struct spectrum *spectrum) {
  const struct dataset *data = spectrum->problem->data;
  const struct spectrum_options *options = &spectrum->options;
  spectrum->kind = options->test ? SPECTRUM_TEST : data->samples > 0 ? SPECTRUM_TRAIN : SPECTRUM_FRESH;
  spectrum->of = options->test ? data->tests : data->samples;
  if (options->test && data->tests == 0) return FAIL(USAGE, "the run has no test points (data.test)");
  if (spectrum->kind == SPECTRUM_FRESH) {
    spectrum->P = options->points > 0 ? options->points : SPECTRUM_POINTS_FRESH;
    return OK;
  }
  if (options->points > spectrum->of)
    return FAIL(USAGE, "the run has %lld %s points, received %lld", (long long)spectrum->of,
                options->test ? "test" : "training", (long long)options->points);
  const int64_t most = spectrum->of < SPECTRUM_POINTS_SET ? spectrum->of : SPECTRUM_POINTS_SET;
  spectrum->P = options->points > 0 ? options->points : most;
  return OK;
}

static void take_points(struct spectrum *spectrum) {
  const struct dataset *data = spectrum->problem->data;
  const int64_t seed = spectrum->options.seed;
  const size_t row = sizeof(double) * (size_t)spectrum->d;
  const double *x = spectrum->kind == SPECTRUM_TEST ? data->test_x : data->x;
  const double *y = spectrum->kind == SPECTRUM_TEST ? data->test_y : data->y;
  if (spectrum->kind == SPECTRUM_FRESH) {
    struct dataset fresh = *data;
    if (seed >= 0) fresh.spec.seed = (uint64_t)seed;
    const struct batch_position position = {.network = network_key(spectrum->n, spectrum->replica),
                                            .step = spectrum->problem->info.step,
                                            .batch = spectrum->P};
    dataset_points(&fresh, &position, 0, (int)spectrum->P, spectrum->x, spectrum->y);
    return;
  }
  const struct rng rng = {.seed = seed >= 0 ? (uint64_t)seed : 1, .stream = RNG_DATA_ORDER};
  uint32_t *order = alloc_small(sizeof *order * (size_t)spectrum->of);
  rng_shuffle(&rng, 0, spectrum->of, order);
  for (int64_t p = 0; p < spectrum->P; p++) {
    const int64_t from = spectrum->P < spectrum->of ? order[p] : p;
    memcpy(spectrum->x + p * spectrum->d, x + from * spectrum->d, row);
    spectrum->y[p] = y[from];
  }
  free(order);
}

static int allocate(struct spectrum *spectrum) {
  const int64_t P = spectrum->P;
  if (spectrum->options.vectors > P) spectrum->options.vectors = (int)P;
  TRY(alloc_array((void **)&spectrum->x, P * spectrum->d, sizeof(double), "points"));
  TRY(alloc_array((void **)&spectrum->vector, P * spectrum->options.vectors + 1, sizeof(double), "eigenvectors"));
  double **const array[] = {&spectrum->y, &spectrum->f, &spectrum->lambda, &spectrum->fraction,
                            &spectrum->participation};
  for (size_t i = 0; i < sizeof array / sizeof *array; i++)
    TRY(alloc_array((void **)array[i], P, sizeof(double), "eigenvalues"));
  return OK;
}

/* Sets batch and dt to those of the next step of the run. */
static void describe_step(struct spectrum *spectrum) {
  const struct schedule *schedule = &spectrum->problem->config->schedule;
  const int stage = schedule_stage(schedule, spectrum->problem->info.step);
  spectrum->batch = schedule_batch(schedule, stage, spectrum->n, spectrum->problem->data->samples);
  spectrum->dt = schedule_network_dt(schedule->stage[stage].dt, schedule->stage[stage].dt_power, spectrum->n);
}

static int prepare(struct spectrum *spectrum) {
  TRY(choose_network(spectrum));
  TRY(choose_points(spectrum));
  if (spectrum->P > SPECTRUM_POINTS_MAX)
    return FAIL(USAGE, "expected at most %d points, received %lld", SPECTRUM_POINTS_MAX, (long long)spectrum->P);
  if (spectrum->problem->config->unit.train == 0)
    return FAIL(USAGE, "unit.train of the run is empty: without trained parameters there is no tangent kernel");
  TRY(allocate(spectrum));
  take_points(spectrum);
  describe_step(spectrum);
  return OK;
}

/* ---- losses ---- */

static int losses(struct spectrum *spectrum, const struct dist_grid *grid) {
  const struct particles *particles = spectrum->problem->particles;
  const struct dataset *data = spectrum->problem->data;
  TRY(readout_outputs(grid, particles, spectrum->network, NULL, spectrum->P, spectrum->x, spectrum->f));
  spectrum->loss = readout_loss(spectrum->P, spectrum->f, spectrum->y);
  const struct readout_set test = {data->tests, data->test_x, data->test_y};
  return readout_set_loss(grid, particles, spectrum->network, NULL, &test, &spectrum->test_loss);
}

/* ---- eigenvalues ---- */

/* Sets fraction and participation of all eigenvectors, in order of ascending eigenvalue, and the leading vectors, in
 * order of descending eigenvalue. */
static void examine(struct spectrum *spectrum, const struct dist_grid *grid, const struct dist_matrix *vectors) {
  const int P = (int)spectrum->P, count = spectrum->options.vectors;
  double *fraction = spectrum->fraction, *participation = spectrum->participation, norm2 = 0;
  memset(fraction, 0, sizeof *fraction * (size_t)P);
  memset(participation, 0, sizeof *participation * (size_t)P);
  for (int j = 0; j < vectors->local_columns; j++) {
    const int mode = dist_matrix_column(vectors, j);
    for (int i = 0; i < vectors->local_rows; i++) {
      const int p = dist_matrix_row(vectors, i);
      const double v = vectors->local[(int64_t)j * vectors->local_rows + i];
      fraction[mode] += v * (spectrum->f[p] - spectrum->y[p]);
      participation[mode] += v * v * v * v;
    }
  }
  dist_grid_sum(grid, P, fraction);
  dist_grid_sum(grid, P, participation);
  for (int p = 0; p < P; p++) norm2 += (spectrum->f[p] - spectrum->y[p]) * (spectrum->f[p] - spectrum->y[p]);
  for (int mode = 0; mode < P; mode++) {
    fraction[mode] = norm2 > 0 ? fraction[mode] * fraction[mode] / norm2 : NAN;
    participation[mode] = 1 / (P * participation[mode]);
  }
  for (int k = 0; k < count; k++) dist_matrix_get(vectors, P - 1 - k, 1, spectrum->vector + (int64_t)k * P);
}

static int decompose(struct spectrum *spectrum, const struct dist_grid *grid, struct dist_matrix *m) {
  const int64_t P = spectrum->P;
  struct dist_matrix *vectors;
  dist_matrix_diagonal(m, spectrum->lambda); /* lambda is work space here */
  for (int64_t p = 0; p < P; p++) spectrum->sup = fmax(spectrum->sup, spectrum->lambda[p]);
  dist_matrix_scale(m, 1 / (double)P);
  TRY(dist_matrix_create(grid, P, P, &vectors));
  int status = dist_matrix_eigen(m, spectrum->lambda, vectors);
  if (status == OK) examine(spectrum, grid, vectors);
  dist_matrix_free(vectors);
  double *const array[] = {spectrum->lambda, spectrum->fraction, spectrum->participation};
  for (int i = 0; i < 3; i++) {
    gsl_vector_view ascending = gsl_vector_view_array(array[i], (size_t)P);
    gsl_vector_reverse(&ascending.vector);
  }
  return status;
}

static void limits(struct spectrum *spectrum) {
  const double largest = spectrum->lambda[0], batch = (double)spectrum->batch;
  const struct problem *problem = spectrum->problem;
  spectrum->limit_gd = 2 / largest;
  spectrum->limit_sgd = NAN;
  if (problem->config->schedule.scheme == SCHEME_SGD &&
      (problem->data->samples == 0 || spectrum->batch < problem->data->samples))
    spectrum->limit_sgd = 2 / (largest * (1 - 1 / batch) + spectrum->sup / batch);
}

static int compute(struct spectrum *spectrum, const struct dist_grid *grid) {
  const struct problem *problem = spectrum->problem;
  const struct dataset *data = problem->data;
  struct dist_matrix *m;
  TRY(losses(spectrum, grid));
  TRY(tangent_matrix_form(grid, problem->particles, spectrum->network, problem->config->unit.train, spectrum->P,
                          spectrum->x, &m));
  const int status = decompose(spectrum, grid, m);
  dist_matrix_free(m);
  TRY(status);
  limits(spectrum);
  const struct readout_set train = {spectrum->P, spectrum->x, spectrum->y},
                           test = {data->tests, data->test_x, data->test_y};
  return readout_best(grid, problem->particles, spectrum->network, &train, &test, spectrum->options.ridge,
                      &spectrum->best);
}

static int check_theory(const struct problem *problem) {
  TRY(loss_needs_squared(&problem->config->data.loss, "spectrum"));
  TRY(update_needs_euler(&problem->config->schedule.update, "spectrum"));
  return dataset_refuse_rkhs(problem->data, "spectrum");
}

int spectrum_create(const struct comm *comm, const struct problem *problem, const struct spectrum_options *options,
                    struct spectrum **out) {
  const struct ensemble_spec *ensemble = &problem->config->ensemble;
  if (check_theory(problem) != OK)
    return FAIL(USAGE, "%s; history.h5 of the run has its largest eigenvalue and dt/limit in /ensemble/0/stability",
                error_text());
  if (ensemble->scale != 1 || ensemble->scale_power != 0)
    return FAIL(USAGE,
                "ensemble.scale: spectrum: expected 1, received %g n^%g; history.h5 of the run has its largest "
                "eigenvalue and dt/limit in /ensemble/0/stability",
                ensemble->scale, ensemble->scale_power);
  struct spectrum *spectrum = alloc_small(sizeof *spectrum);
  *spectrum = (struct spectrum){.problem = problem, .options = *options, .d = problem->data->d};
  int status = comm_agree(comm, prepare(spectrum));
  if (status == OK) {
    struct dist_grid grid;
    dist_grid_create(comm, &grid);
    status = compute(spectrum, &grid);
    dist_grid_free(&grid);
  }
  if (status != OK) {
    spectrum_free(spectrum);
    return status;
  }
  *out = spectrum;
  return OK;
}

void spectrum_free(struct spectrum *spectrum) {
  if (!spectrum) return;
  free(spectrum->x);
  free(spectrum->y);
  free(spectrum->f);
  free(spectrum->lambda);
  free(spectrum->fraction);
  free(spectrum->participation);
  free(spectrum->vector);
  free(spectrum);
}

int64_t spectrum_rank(const struct spectrum *spectrum) {
  const double floor = (double)spectrum->P * 0x1p-52 * spectrum->lambda[0];
  int64_t rank = 0;
  while (rank < spectrum->P && spectrum->lambda[rank] > floor) rank++;
  return rank;
}
