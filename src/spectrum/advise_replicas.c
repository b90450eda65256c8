#include "advise_replicas.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "fluctuations/fluctuations.h"
#include "tangent/jacobian.h"
#include "tangent/probe.h"

enum { SEED = 1, BOOTSTRAP = 2000 }; /* as `analyze` without options */
static const double LEVEL = 0.99;

/* The outputs of one network, as sent to rank 0. */
struct record {
  int64_t member, replica;
  double f[ADVISE_POINTS]; /* NAN: the network has diverged */
};

/* The points at which outputs are compared. */
static int set_points(const struct problem *problem, struct points *points, int *count) {
  const struct dataset *data = problem->data;
  const struct particles *particles = problem->particles;
  struct probe *probe = NULL;
  if (data->tests == 0)
    TRY(probe_create(data, &particles->unit, particles->precision, ADVISE_POINTS, PROBE_EVEN, &probe));
  const int64_t most = data->tests > 0 ? data->tests : probe->count;
  *count = (int)(most < ADVISE_POINTS ? most : ADVISE_POINTS);
  const int status =
      points_create(points, particles->precision, &particles->unit, *count, data->d, probe ? probe->x : data->test_x);
  probe_free(probe);
  return status;
}

/* Collective. Returns the records of all ranks on rank 0, *records of them; the caller frees them. */
static struct record *gather(const struct particles *particles, struct jacobian *jacobian, int count,
                             int64_t *records) {
  const struct comm *comm = particles->comm;
  struct record *own = alloc_small(sizeof *own * (size_t)(particles->locals + 1));
  int64_t owned = 0, *bytes = alloc_small(sizeof *bytes * (size_t)comm->size);
  void *all;
  for (int s = 0; s < particles->locals; s++) {
    const struct local_network *local = &particles->local[s];
    if (local->replica >= ADVISE_NETWORKS) continue;
    struct record *record = &own[owned];
    *record = (struct record){.member = local->member, .replica = local->replica};
    if (!jacobian_outputs(jacobian, local, TEAM_LARGE, record->f))
      for (int p = 0; p < count; p++) record->f[p] = NAN;
    owned += local->lead;
  }
  comm_gather(comm, own, (int64_t)sizeof *own * owned, &all, bytes);
  *records = 0;
  for (int rank = 0; rank < comm->size && all; rank++) *records += bytes[rank] / (int64_t)sizeof *own;
  free(bytes);
  free(own);
  return all;
}

/* Sets the variances of one size from f [initials][streams][points]. */
static int estimate(int64_t n, int64_t initials, int64_t streams, int points, double *f,
                    struct advise_variances *variances) {
  enum { TERMS = 3, B = BOOTSTRAP };
  double *resampled, *weight;
  TRY(alloc_array((void **)&resampled, TERMS * B, sizeof *resampled, "bootstrap values"));
  struct fluctuations_terms terms = {.init = NAN,
                                     .sgd = NAN,
                                     .total_resampled = resampled,
                                     .init_resampled = resampled + B,
                                     .sgd_resampled = resampled + 2 * B};
  int status = alloc_array((void **)&weight, B * initials, sizeof *weight, "bootstrap weights");
  if (status == OK) {
    fluctuations_weights(SEED, n, B, initials, weight);
    status = streams > 1 ? fluctuations_split(initials, streams, points, f, B, weight, &terms)
                         : fluctuations_variance(initials, points, f, B, weight, &terms.total, resampled);
  }
  if (status == OK) {
    const enum interval_kind kind = INTERVAL_POSITIVE;
    variances->total = fluctuations_interval(kind, terms.total, B, terms.total_resampled, initials, LEVEL);
    if (streams > 1) {
      variances->init = fluctuations_interval(kind, terms.init, B, terms.init_resampled, initials, LEVEL);
      variances->sgd = fluctuations_interval(kind, terms.sgd, B, terms.sgd_resampled, initials, LEVEL);
    }
  }
  free(weight);
  free(resampled);
  return status;
}

/* Local, on rank 0. */
static int estimate_all(const struct problem *problem, int points, int64_t records, const struct record *record,
                        struct advise_variances *variances) {
  const struct ensemble_spec *ensemble = &problem->config->ensemble;
  const int64_t streams = ensemble->streams,
                networks = ensemble->replicas < ADVISE_NETWORKS ? ensemble->replicas : ADVISE_NETWORKS;
  const int64_t initials = networks / streams;
  double *f;
  TRY(alloc_array((void **)&f, networks * points, sizeof *f, "outputs of the replicas"));
  int status = OK;
  for (int e = 0; e < ensemble->members && status == OK; e++) {
    bool finite = true;
    variances[e] = (struct advise_variances){ESTIMATE_NONE, ESTIMATE_NONE, ESTIMATE_NONE};
    for (int64_t i = 0; i < records; i++) {
      if (record[i].member != e) continue;
      finite &= isfinite(record[i].f[0]);
      memcpy(f + record[i].replica * points, record[i].f, sizeof *f * (size_t)points);
    }
    if (initials > 1 && finite) status = estimate(ensemble->n[e], initials, streams, points, f, &variances[e]);
  }
  free(f);
  return status;
}

int advise_replicas(const struct problem *problem, struct advise_variances *variances) {
  const struct particles *particles = problem->particles;
  const struct kernel *kernel = kernel_find(particles->unit.type, particles->precision, problem->isa);
  struct points points = {0};
  struct jacobian *jacobian = NULL;
  int count = 0;
  int64_t records;
  int status = set_points(problem, &points, &count);
  if (status == OK) status = jacobian_create(particles, kernel, &points, problem->config->threads, &jacobian);
  status = comm_agree(particles->comm, status);
  if (status == OK) {
    struct record *record = gather(particles, jacobian, count, &records);
    if (record) status = estimate_all(problem, count, records, record, variances);
    free(record);
    status = comm_agree(particles->comm, status);
  }
  jacobian_free(jacobian);
  points_free(&points);
  return status;
}
