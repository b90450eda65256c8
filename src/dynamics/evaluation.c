#include "dynamics/evaluation.h"

#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "dynamics/outputs.h"
#include "dynamics/team.h"

/* Fixed points: no batch is drawn. */
static const struct dataset NO_DATA = {.spec = {.mode = DATA_FIXED}};

struct evaluation {
  const struct particles *particles;
  int threads;
  struct outputs *outputs;
  struct points points;
};

static int create_local(struct evaluation *evaluation, enum isa isa, int64_t capacity) {
  const struct particles *particles = evaluation->particles;
  const struct kernel *kernel = kernel_find(particles->unit.type, particles->precision, isa);
  TRY(points_alloc(&evaluation->points, particles->precision, capacity, particles->d));
  TRY(outputs_create(particles, &NO_DATA, kernel, evaluation->threads, &evaluation->outputs));
  return outputs_reserve(evaluation->outputs, capacity, 0);
}

int evaluation_create(const struct particles *particles, enum isa isa, int threads, int64_t capacity,
                      struct evaluation **out) {
  struct evaluation *evaluation = alloc_small(sizeof *evaluation);
  *evaluation = (struct evaluation){.particles = particles, .threads = threads};
  const int status = comm_agree(particles->comm, create_local(evaluation, isa, capacity));
  if (status == OK)
    *out = evaluation;
  else
    evaluation_free(evaluation);
  return status;
}

void evaluation_free(struct evaluation *evaluation) {
  if (!evaluation) return;
  outputs_free(evaluation->outputs);
  points_free(&evaluation->points);
  free(evaluation);
}

static struct batch batch_of(const struct evaluation *evaluation, const struct local_network *local) {
  struct batch batch = {.count = evaluation->points.count, .whole = &evaluation->points};
  batch_set_pieces(evaluation->particles, local, &batch);
  return batch;
}

static void begin(struct evaluation *evaluation, int team_index, const struct local_network *local) {
  const struct team team = team_of(team_index, evaluation->threads);
  const struct batch batch = batch_of(evaluation, local);
  outputs_begin(evaluation->outputs, &team, local, &batch);
}

static void end(struct evaluation *evaluation, int team_index, const struct local_network *local, double *f) {
  const struct team team = team_of(team_index, evaluation->threads);
  const struct batch batch = batch_of(evaluation, local);
  const int64_t s = local - evaluation->particles->local;
  outputs_end(evaluation->outputs, &team, local, &batch);
  memcpy(f + s * batch.count, outputs_f(evaluation->outputs, &team), sizeof *f * (size_t)batch.count);
}

/* The order of process_networks (dynamics.c): the split networks begin first and end last; small networks are computed
 * by one thread each. */
void evaluation_outputs(struct evaluation *evaluation, const bool *chosen, int64_t count, const double *x, double *f) {
  const struct particles *particles = evaluation->particles;
  const struct local_network *local = particles->local;
  const int threads = evaluation->threads, split = particles->split, locals = particles->locals;
  const bool single = team_single_threads(particles, threads);
  points_set(&evaluation->points, particles->precision, &particles->unit, (int)count, particles->d, x);
  for (int s = 0; s < split; s++)
    if (chosen[local[s].network]) begin(evaluation, TEAM_SPLIT + s, &local[s]);
  for (int s = split; s < locals; s++) {
    if (!chosen[local[s].network] || (single && team_is_small(threads, &local[s]))) continue;
    begin(evaluation, TEAM_LARGE, &local[s]);
    end(evaluation, TEAM_LARGE, &local[s], f);
  }
#pragma omp parallel for num_threads(threads) schedule(dynamic) if (single)
  for (int s = split; s < (single ? locals : split); s++) {
    if (!chosen[local[s].network] || !team_is_small(threads, &local[s])) continue;
    begin(evaluation, TEAM_SINGLE + omp_get_thread_num(), &local[s]);
    end(evaluation, TEAM_SINGLE + omp_get_thread_num(), &local[s], f);
  }
  for (int s = 0; s < split; s++)
    if (chosen[local[s].network]) end(evaluation, TEAM_SPLIT + s, &local[s], f);
}
