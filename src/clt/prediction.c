#include "clt/prediction.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "parallel/heartbeat.h"
#include "tangent/draws.h"

/* ---- the input of the references ---- */

static int refuse(const char *key, const char *expected, const char *received) {
  return FAIL(USAGE, "%s: predict: expected %s, received %s, for which McKean implements no theory of fluctuations",
              key, expected, received);
}

/* Checks that the steps of the run are those of gradient descent. */
static int check_steps(const struct config *config) {
  const struct schedule *schedule = &config->schedule;
  TRY(update_needs_euler(&schedule->update, "predict"));
  for (int s = 0; s < schedule->stages; s++)
    if (schedule->stage[s].dt_power != 0) return refuse("dynamics.stages[].dt_power", "0", "another value");
  if (schedule_auto(schedule, schedule_steps(schedule))) return refuse("dynamics.stages[].dt", "a number", "auto");
  return OK;
}

static int check(const struct study *study, const struct config *config) {
  const struct unit *unit = &unit_table[config->unit.type];
  if (config->data.mode != DATA_FIXED && config->data.mode != DATA_POPULATION)
    return refuse("data.mode", "fixed or population", dataset_mode_names[config->data.mode]);
  if (!study->all_points) return refuse("dynamics.scheme", "gd, all points in each step", "mini-batches");
  if (config->data.loss.type != LOSS_SQUARED) return refuse("loss.type", "squared", loss_row(&config->data.loss)->name);
  if (!unit->ddh) return refuse("unit.type", "a unit with a second derivative", unit->name);
  if (*config->unit.import.path) return refuse("unit.init.path", "units drawn from the initial laws", "a file");
  if (config->ensemble.scale_power != 0) return refuse("ensemble.scale_power", "0", "another value");
  return check_steps(config);
}

static int configure(const struct study *study, const struct prediction_request *request, struct config **out) {
  TRY(config_parse(request->run, study->config, out));
  struct config *config = *out;
  if (!study->fields)
    return FAIL(USAGE,
                "%s: predict: expected a run with fields (output.fields, for example [0, 10, 100]), received one "
                "without; set output.fields and run it again",
                request->run);
  if (check(study, config) != OK)
    return FAIL(USAGE, "%s; without a prediction, replicas (ensemble.replicas) and `mckean analyze` measure n V_n",
                error_text());
  if (config->unit.mirror && request->units % 2 != 0)
    return FAIL(USAGE, "--units: expected an even number, because unit.init.mirror is true, received %lld",
                (long long)request->units);
  config->ensemble.members = 1;
  config->ensemble.n[0] = request->units;
  config->ensemble.replicas = config->initial_conditions = request->references;
  config->ensemble.streams = 1;
  return OK;
}

/* ---- create ---- */

/* The work of one rank. */
struct work {
  struct prediction *prediction;
  int threads; /* threads that take the steps of different networks; each uses all threads of the rank if this is 1 */
  int draws;   /* M/J */
  struct probe *training; /* the points of gradient descent, or fresh points of the population */
  struct draws **carried; /* [locals] */
  struct points set[PREDICTION_SETS];
  double *g, *f; /* [M/J][points of the larger set], [points of the larger set] */
  bool diverged;
};

static int64_t larger(const struct prediction *prediction) {
  const int64_t *points = prediction->points;
  return points[POINTS_TEST] > points[POINTS_TRAIN] ? points[POINTS_TEST] : points[POINTS_TRAIN];
}

static int create_work(struct work *work) {
  struct prediction *prediction = work->prediction;
  const struct problem *problem = &prediction->problem;
  const struct particles *particles = problem->particles;
  const struct dataset *data = problem->data;
  const struct unit_spec *unit = &particles->unit;
  const double *x[PREDICTION_SETS] = {data->test_x, data->x};
  work->carried = alloc_small(sizeof(struct draws *) * (size_t)(particles->locals + 1));
  memset(work->carried, 0, sizeof(struct draws *) * (size_t)(particles->locals + 1));
  for (int s = 0; s < PREDICTION_SETS; s++)
    TRY(points_create(&work->set[s], particles->precision, unit, (int)prediction->points[s], particles->d, x[s]));
  TRY(alloc_copy((void **)&work->g, larger(prediction) * work->draws, sizeof *work->g, "draws at the points"));
  TRY(alloc_copy((void **)&work->f, larger(prediction), sizeof *work->f, "outputs at the points"));
  const struct kernel *kernel = kernel_find(unit->type, particles->precision, problem->isa);
  const int threads = problem->config->threads,
            count = data->samples > 0 ? (int)data->samples : prediction->request->points;
  TRY(probe_create(data, unit, particles->precision, count, PROBE_EVEN, &work->training));
  work->threads = particles->split == 0 && particles->locals >= threads ? threads : 1;
  for (int l = 0; l < particles->locals; l++)
    TRY(draws_create(particles, l, kernel, work->training, work->draws, threads / work->threads, &work->carried[l]));
  return OK;
}

static void free_work(struct work *work) {
  for (int l = 0; work->carried && l < work->prediction->problem.particles->locals; l++) draws_free(work->carried[l]);
  for (int s = 0; s < PREDICTION_SETS; s++) points_free(&work->set[s]);
  probe_free(work->training);
  free(work->carried);
  free(work->g);
  free(work->f);
}

static int create_results(const struct comm *comm, const struct study *study, struct prediction *prediction) {
  const int64_t T = prediction->times = study->times, M = prediction->request->draws,
                J = prediction->request->references;
  const struct dataset *data = prediction->problem.data;
  const int64_t K = prediction->points[POINTS_TEST] = data->tests;
  prediction->points[POINTS_TRAIN] = data->samples;
  prediction->step = alloc_small(sizeof(int64_t) * (size_t)T);
  prediction->time = alloc_small(sizeof(double) * (size_t)T);
  memcpy(prediction->step, study->step, sizeof(int64_t) * (size_t)T);
  memcpy(prediction->time, study->time, sizeof(double) * (size_t)T);
  if (comm->rank != 0) return OK;
  for (int s = 0; s < PREDICTION_SETS; s++)
    TRY(alloc_copy((void **)&prediction->square[s], T * M, sizeof(double), "mean squares of the draws"));
  TRY(alloc_copy((void **)&prediction->g, T * M * K, sizeof(float), "draws at the test points"));
  return alloc_copy((void **)&prediction->f, T * J * K, sizeof(double), "outputs at the test points");
}

/* ---- recording ---- */

/* What the leading rank of a network sends to rank 0, as doubles: square of both sets [M/J] each, f [K], g [M/J][K],
 * and the number of the network. */
static int64_t message_size(const struct work *work) {
  const int64_t K = work->prediction->points[POINTS_TEST];
  return (2 + K) * work->draws + K + 1;
}

static void write_message(struct work *work, int l, double *message) {
  const struct prediction *prediction = work->prediction;
  const int64_t m = work->draws, K = prediction->points[POINTS_TEST];
  message[message_size(work) - 1] = (double)prediction->problem.particles->local[l].network;
  for (int s = 0; s < PREDICTION_SETS; s++) {
    const int64_t points = prediction->points[s];
    double *square = message + s * m;
    memset(square, 0, sizeof *square * (size_t)m);
    if (points == 0) continue;
    if (!draws_outputs(work->carried[l], &work->set[s], work->f, work->g)) work->diverged = true;
    for (int64_t k = 0; k < m; k++)
      for (int64_t p = 0; p < points; p++)
        square[k] += work->g[k * points + p] * work->g[k * points + p] / (double)points;
    if (s != POINTS_TEST) continue;
    memcpy(message + 2 * m, work->f, sizeof *work->f * (size_t)K);
    memcpy(message + 2 * m + K, work->g, sizeof *work->g * (size_t)(m * K));
  }
}

static void read_message(const struct work *work, int time, const double *message) {
  struct prediction *prediction = work->prediction;
  const int64_t m = work->draws, K = prediction->points[POINTS_TEST], M = prediction->request->draws,
                J = prediction->request->references, network = (int64_t)message[message_size(work) - 1],
                first = time * M + network * m;
  for (int s = 0; s < PREDICTION_SETS; s++)
    memcpy(prediction->square[s] + first, message + s * m, sizeof(double) * (size_t)m);
  memcpy(prediction->f + (time * J + network) * K, message + 2 * m, sizeof(double) * (size_t)K);
  for (int64_t i = 0; i < m * K; i++) prediction->g[first * K + i] = (float)message[2 * m + K + i];
}

/* Collective. Rank 0 receives the state at a time. */
static int record(struct work *work, int time) {
  const struct problem *problem = &work->prediction->problem;
  const struct particles *particles = problem->particles;
  const int64_t size = message_size(work);
  double *own = NULL, *all = NULL;
  int64_t leads = 0;
  int status =
      alloc_copy((void **)&own, size * (particles->locals + 1), sizeof *own, "draws of the networks of a rank");
  TRY(comm_agree(problem->comm, status));
  for (int l = 0; l < particles->locals; l++) {
    write_message(work, l, own + leads * size);
    leads += particles->local[l].lead;
  }
  comm_gather(problem->comm, own, leads * size * (int64_t)sizeof *own, (void **)&all, NULL);
  for (int64_t j = 0; j < work->prediction->request->references && problem->comm->rank == 0; j++)
    read_message(work, time, all + j * size);
  free(own);
  free(all);
  return OK;
}

/* ---- the steps ---- */

static int stop_if_diverged(const struct work *work, int64_t step) {
  const struct problem *problem = &work->prediction->problem;
  TRY(dynamics_check(problem->dynamics, step, false));
  if (!comm_any(problem->comm, work->diverged)) return OK;
  return FAIL(FAILED, "predict: step %lld: a reference network has diverged; use a smaller dt", (long long)step);
}

/* Advances the references from *step to a recorded time, and the draws with them if `carry`. */
static int advance(struct work *work, int time, bool carry, int64_t *step) {
  const struct prediction *prediction = work->prediction;
  const struct problem *problem = &prediction->problem;
  const struct schedule *schedule = &problem->config->schedule;
  const struct particles *particles = problem->particles;
  for (; *step < prediction->step[time]; ++*step) {
    TRY(dynamics_enter_stage(problem->dynamics, schedule_stage(schedule, *step)));
    const double dt = schedule_segment(schedule, &problem->config->ensemble, *step).dt;
    bool diverged = false;
#pragma omp parallel for num_threads(work->threads) schedule(dynamic) reduction(|| : diverged)
    for (int l = 0; l < particles->locals; l++) diverged = (carry && !draws_step(work->carried[l], dt)) || diverged;
    work->diverged = work->diverged || diverged;
    dynamics_step(problem->dynamics, *step, dt, NULL);
  }
  return stop_if_diverged(work, *step);
}

/* Starts the draws. Runs the references once without draws to find the directions for draws_match. Then matches the
 * draws and sets the references back to t = 0. */
static int start_draws(struct work *work) {
  const struct prediction *prediction = work->prediction;
  const int locals = prediction->problem.particles->locals;
  int64_t step = 0;
  for (int l = 0; l < locals; l++) draws_start(work->carried[l], prediction->request->seed);
  for (int time = 0; time < prediction->times; time++) {
    TRY(advance(work, time, false, &step));
    for (int l = 0; l < locals; l++) draws_sketch(work->carried[l], prediction->request->seed, time);
  }
  for (int l = 0; l < locals; l++) draws_match(work->carried[l]);
  return problem_initialize(&work->prediction->problem);
}

static int take_steps(struct work *work, prediction_progress progress) {
  struct prediction *prediction = work->prediction;
  int64_t step = 0;
  for (int time = 0; time < prediction->times; time++) {
    TRY(advance(work, time, true, &step));
    TRY(record(work, time));
    TRY(stop_if_diverged(work, step));
    if (progress && prediction->problem.comm->rank == 0) progress(prediction, time + 1);
  }
  return OK;
}

static int compute(struct work *work, const struct study *study, prediction_progress progress) {
  struct prediction *prediction = work->prediction;
  const struct problem *problem = &prediction->problem;
  TRY(comm_agree(problem->comm, create_results(problem->comm, study, prediction)));
  TRY(comm_agree(problem->comm, create_work(work)));
  heartbeat_activity("predicting the fluctuations");
  TRY(start_draws(work));
  return take_steps(work, progress);
}

int prediction_create(const struct comm *comm, const struct study *study, const struct prediction_request *request,
                      prediction_progress progress, struct prediction **out) {
  struct prediction *prediction = alloc_small(sizeof *prediction);
  struct config *config = NULL;
  *prediction = (struct prediction){.request = request};
  struct work work = {.prediction = prediction, .draws = request->draws / request->references};
  int status = configure(study, request, &config);
  if (status == OK)
    status = problem_create(comm, config, &prediction->problem);
  else
    config_free(config);
  if (status == OK) {
    status = compute(&work, study, progress);
    free_work(&work);
  }
  if (status != OK) {
    prediction_free(prediction);
    return status;
  }
  *out = prediction;
  return OK;
}

void prediction_free(struct prediction *prediction) {
  if (!prediction) return;
  problem_free(&prediction->problem);
  for (int s = 0; s < PREDICTION_SETS; s++) free(prediction->square[s]);
  free(prediction->step);
  free(prediction->time);
  free(prediction->g);
  free(prediction->f);
  free(prediction);
}

struct predicted_variance predicted_variance(int draws, int references, const double *square) {
  const int m = draws / references;
  double mean = 0, spread = 0;
  for (int i = 0; i < draws; i++) mean += square[i] / draws;
  for (int j = 0; j < references; j++) {
    double own = 0;
    for (int k = 0; k < m; k++) own += square[j * m + k] / m;
    spread += (own - mean) * (own - mean);
  }
  return (struct predicted_variance){mean, sqrt(spread / (references - 1) / references)};
}
