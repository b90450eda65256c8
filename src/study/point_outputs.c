#include "study/point_outputs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "data/points_file.h"
#include "dynamics/evaluation.h"
#include "io/sandbox.h"

/* The state of one computation. Only rank 0 has the file. */
struct work {
  struct point_outputs *outputs;
  const struct point_outputs_sink *sink;
  struct h5 *opened;
  struct points_file file;
  int64_t chunk;
  bool *chosen;   /* [networks of the checkpoint] */
  double *x, *y;  /* [chunk][d], [chunk] */
  double *f;      /* [local networks][chunk] */
  double *record; /* [led networks][1 + chunk]: index of the chosen network, f */
  double *table;  /* rank 0: [networks][chunk] */
  double *sum;    /* rank 0: [networks]: sums of losses */
  double *moment; /* rank 0: [members][2]: sums of f and of the variances over replicas */
};

/* ---- the networks ---- */

static int choose(const struct problem *problem, struct point_outputs *outputs) {
  const struct ensemble_spec *ensemble = &problem->config->ensemble;
  const struct point_outputs_request *request = outputs->request;
  char sizes[512] = "";
  for (int e = 0; e < ensemble->members; e++) {
    const size_t used = strlen(sizes);
    if (used < sizeof sizes - 32) snprintf(sizes + used, sizeof sizes - used, " %lld", (long long)ensemble->n[e]);
    if (request->n == 0 || ensemble->n[e] == request->n) outputs->member[outputs->members++] = e;
  }
  if (outputs->members == 0)
    return FAIL(USAGE, "--n: the checkpoint has networks of n =%s, received %lld", sizes, (long long)request->n);
  if (request->replica >= ensemble->replicas)
    return FAIL(USAGE, "--replica: the checkpoint has replicas 0 to %lld, received %lld",
                (long long)ensemble->replicas - 1, (long long)request->replica);
  outputs->first_replica = request->replica < 0 ? 0 : request->replica;
  outputs->replicas = request->replica < 0 ? ensemble->replicas : 1;
  outputs->networks = outputs->members * outputs->replicas;
  return OK;
}

/* Returns the index of network g among the chosen ones, or -1. */
static int64_t index_of(const struct point_outputs *outputs, int64_t g) {
  const int64_t all = outputs->problem->config->ensemble.replicas, replica = g % all - outputs->first_replica;
  if (replica < 0 || replica >= outputs->replicas) return -1;
  for (int i = 0; i < outputs->members; i++)
    if (outputs->member[i] == g / all) return i * outputs->replicas + replica;
  return -1;
}

/* ---- the points ---- */

static int open_points(struct work *work) {
  const struct point_outputs_request *request = work->outputs->request;
  const struct points_request find = {.path = request->points,
                                      .group = request->group,
                                      .x = "x",
                                      .y = "y",
                                      .d = work->outputs->d,
                                      .d_from = "the checkpoint"};
  TRY(points_file_open(request->points, &work->opened));
  return points_file_find(work->opened, &find, &work->file);
}

/* Reads all points in a child process. */
static int try_points(void *context) {
  struct work *work = context;
  TRY(open_points(work));
  for (int64_t first = 0; first < work->file.count; first += POINT_OUTPUTS_CHUNK) {
    const int64_t left = work->file.count - first, count = left < POINT_OUTPUTS_CHUNK ? left : POINT_OUTPUTS_CHUNK;
    double *x = alloc_small(sizeof *x * (size_t)(count * (work->file.d + 1)));
    const int status = points_file_read(&work->file, first, count, x, x + count * work->file.d);
    free(x);
    TRY(status);
  }
  return OK;
}

static int find_points(struct work *work) {
  TRY(sandbox_run(work->outputs->request->points, try_points, work));
  return open_points(work);
}

/* Opens the points on rank 0, and broadcasts their number. */
static int share_points(const struct comm *comm, struct work *work) {
  struct point_outputs *outputs = work->outputs;
  TRY(comm_agree(comm, comm->rank == 0 ? find_points(work) : OK));
  int64_t facts[] = {work->file.count, work->file.y_rank > 0};
  comm_bcast(comm, facts, sizeof facts, 0);
  outputs->points = facts[0];
  outputs->labels = facts[1];
  work->chunk = POINT_OUTPUTS_NUMBERS / outputs->networks;
  if (work->chunk > POINT_OUTPUTS_CHUNK) work->chunk = POINT_OUTPUTS_CHUNK;
  if (work->chunk < 64) work->chunk = 64;
  if (work->chunk > outputs->points) work->chunk = outputs->points;
  return OK;
}

/* ---- memory ---- */

static int allocate(const struct problem *problem, struct work *work) {
  struct point_outputs *outputs = work->outputs;
  const int64_t locals = problem->particles->locals, all = ensemble_networks(&problem->config->ensemble);
  const bool root = problem->comm->rank == 0, listed = outputs->points <= POINT_OUTPUTS_LISTED;
  const int64_t shown = root && listed ? outputs->points : 0;
  const struct {
    double **array;
    int64_t count;
  } array[] = {{&work->x, work->chunk * outputs->d},
               {&work->y, work->chunk},
               {&work->f, locals * work->chunk},
               {&work->record, locals * (1 + work->chunk)},
               {&work->table, root ? outputs->networks * work->chunk : 0},
               {&work->sum, outputs->networks},
               {&work->moment, 2 * outputs->members},
               {&outputs->loss, outputs->networks},
               {&outputs->listed, outputs->networks * shown},
               {&outputs->listed_y, shown}};
  TRY(alloc_array((void **)&work->chosen, all, sizeof *work->chosen, "a list of networks"));
  for (int64_t g = 0; g < all; g++) work->chosen[g] = index_of(outputs, g) >= 0;
  for (size_t i = 0; i < sizeof array / sizeof *array; i++)
    TRY(alloc_array((void **)array[i].array, array[i].count + 1, sizeof(double), "outputs at points"));
  memset(work->sum, 0, sizeof *work->sum * (size_t)outputs->networks);
  memset(work->moment, 0, sizeof *work->moment * 2 * (size_t)outputs->members);
  for (int i = 0; i < outputs->members; i++)
    outputs->size[i] = (struct point_outputs_size){.least = INFINITY, .largest = -INFINITY};
  return OK;
}

static void free_work(struct work *work) {
  void *owned[] = {work->chosen, work->x, work->y, work->f, work->record, work->table, work->sum, work->moment};
  for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) free(owned[i]);
  h5_close(work->opened);
}

void point_outputs_free(struct point_outputs *outputs) {
  free(outputs->loss);
  free(outputs->listed);
  free(outputs->listed_y);
}

/* ---- one chunk ---- */

/* Collects f of all chosen networks in the table of rank 0. Collective. */
static void gather(const struct problem *problem, struct work *work, int64_t count) {
  const struct particles *particles = problem->particles;
  const size_t length = (size_t)(1 + count);
  int64_t records = 0;
  for (int s = 0; s < particles->locals; s++) {
    const struct local_network *local = &particles->local[s];
    if (!local->lead || !work->chosen[local->network]) continue;
    double *record = work->record + (size_t)records++ * length;
    record[0] = (double)index_of(work->outputs, local->network);
    memcpy(record + 1, work->f + (int64_t)s * count, sizeof *record * (size_t)count);
  }
  void *all;
  comm_gather(problem->comm, work->record, records * (int64_t)(length * sizeof(double)), &all, NULL);
  for (int64_t i = 0; all && i < work->outputs->networks; i++) {
    const double *record = (const double *)all + (size_t)i * length;
    memcpy(work->table + (int64_t)record[0] * count, record + 1, sizeof *record * (size_t)count);
  }
  free(all);
}

/* Adds the values of one size at one point, f[0], f[count], ..., to its statistics. */
static void add_point(const struct point_outputs *outputs, struct point_outputs_size *size, int64_t count,
                      const double *f, double moment[2]) {
  const int64_t R = outputs->replicas;
  double sum = 0, squares = 0;
  for (int64_t r = 0; r < R; r++) {
    const double value = f[r * count];
    size->invalid += !isfinite(value);
    size->least = fmin(size->least, value);
    size->largest = fmax(size->largest, value);
    sum += value;
  }
  for (int64_t r = 0; r < R; r++) squares += (f[r * count] - sum / (double)R) * (f[r * count] - sum / (double)R);
  moment[0] += sum / (double)R;
  moment[1] += R > 1 ? squares / (double)(R - 1) : NAN;
}

static int take_chunk(struct work *work, int64_t first, int64_t count) {
  struct point_outputs *outputs = work->outputs;
  const struct loss_spec *spec = &outputs->problem->config->data.loss;
  for (int i = 0; i < outputs->members; i++)
    for (int64_t p = 0; p < count; p++)
      add_point(outputs, &outputs->size[i], count, work->table + i * outputs->replicas * count + p,
                work->moment + 2 * i);
  for (int64_t i = 0; i < outputs->networks && outputs->labels; i++)
    work->sum[i] = loss_row(spec)->sum(spec, count, work->table + i * count, work->y, work->sum[i]);
  if (outputs->points <= POINT_OUTPUTS_LISTED) { /* a single chunk */
    memcpy(outputs->listed, work->table, sizeof(double) * (size_t)(outputs->networks * count));
    if (outputs->labels) memcpy(outputs->listed_y, work->y, sizeof(double) * (size_t)count);
  }
  return work->sink ? work->sink->chunk(work->sink->context, first, count, work->table) : OK;
}

static int check_labels(const struct work *work, int64_t first, int64_t count) {
  const struct loss *loss = loss_row(&work->outputs->problem->config->data.loss);
  for (int64_t p = 0; p < count && work->outputs->labels && loss->label; p++)
    if (!loss->label(work->y[p]))
      return FAIL(USAGE, "%s: %s: row %lld is %g: the loss %s of the run expects labels %s", work->file.path,
                  work->file.y, (long long)(first + p), work->y[p], loss->name, loss->labels);
  return OK;
}

static int read_chunk(const struct work *work, int64_t first, int64_t count) {
  TRY(points_file_read(&work->file, first, count, work->x, work->y));
  return check_labels(work, first, count);
}

static int all_chunks(const struct problem *problem, struct work *work, struct evaluation *evaluation) {
  const struct comm *comm = problem->comm;
  const bool root = comm->rank == 0;
  const struct point_outputs *outputs = work->outputs;
  for (int64_t first = 0; first < outputs->points; first += work->chunk) {
    const int64_t left = outputs->points - first, count = left < work->chunk ? left : work->chunk;
    TRY(comm_agree(comm, root ? read_chunk(work, first, count) : OK));
    comm_bcast(comm, work->x, count * outputs->d * (int64_t)sizeof(double), 0);
    evaluation_outputs(evaluation, work->chosen, count, work->x, work->f);
    gather(problem, work, count);
    TRY(comm_agree(comm, root ? take_chunk(work, first, count) : OK));
  }
  return OK;
}

/* ---- all ---- */

/* Sets the statistics over all points. Rank 0. */
static void finish(struct work *work) {
  struct point_outputs *outputs = work->outputs;
  const double P = (double)outputs->points;
  for (int i = 0; i < outputs->members; i++) {
    outputs->size[i].mean = work->moment[2 * i] / P;
    outputs->size[i].spread = sqrt(work->moment[2 * i + 1] / P);
  }
  for (int64_t i = 0; i < outputs->networks; i++) outputs->loss[i] = outputs->labels ? work->sum[i] / P : NAN;
}

static int compute(const struct problem *problem, struct work *work) {
  const struct comm *comm = problem->comm;
  struct point_outputs *outputs = work->outputs;
  struct evaluation *evaluation = NULL;
  TRY(choose(problem, outputs)); /* the same on all ranks */
  TRY(share_points(comm, work));
  TRY(comm_agree(comm, allocate(problem, work)));
  TRY(comm_agree(comm, comm->rank == 0 && work->sink ? work->sink->start(work->sink->context, outputs) : OK));
  TRY(evaluation_create(problem->particles, problem->isa, problem->config->threads, work->chunk, &evaluation));
  const int status = all_chunks(problem, work, evaluation);
  evaluation_free(evaluation);
  if (status == OK && comm->rank == 0) finish(work);
  return status;
}

int point_outputs_compute(const struct problem *problem, const struct point_outputs_request *request,
                          const struct point_outputs_sink *sink, struct point_outputs *outputs) {
  *outputs = (struct point_outputs){.problem = problem, .request = request, .d = problem->particles->d};
  struct work work = {.outputs = outputs, .sink = sink};
  const int status = compute(problem, &work);
  free_work(&work);
  return status;
}
