/* Takes the steps of a run. Records rows and fields in the history, and times in the summary. */
#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/error.h"
#include "dynamics/overlaps.h"
#include "simulation_state.h"

struct work simulation_work(const struct simulation *sim) {
  const struct dynamics *dynamics = sim->problem.dynamics;
  return (struct work){.seconds = comm_time(), .waited = dynamics_waited(dynamics), .pairs = dynamics_pairs(dynamics)};
}

void simulation_add_work(struct simulation *sim, enum summary_phase phase, const struct work *since) {
  const struct work now = simulation_work(sim);
  summary_add(&sim->summary, phase, since, &now);
}

/* Fills in f [locals][points] and column `set` of second_moments [locals][HISTORY_SECOND_MOMENTS]. f NULL: the set has
 * no points, and the column becomes NAN. */
static void evaluate(struct simulation *sim, enum point_set set, double *f, double *second_moments) {
  const int locals = sim->problem.particles->locals;
  double *mean = alloc_small(sizeof *mean * (size_t)locals);
  if (f) dynamics_evaluate(sim->problem.dynamics, sim->step, set, f);
  if (f) dynamics_moments(sim->problem.dynamics, set, mean);
  for (int s = 0; s < locals; s++) second_moments[s * HISTORY_SECOND_MOMENTS + (int)set] = f ? mean[s] : NAN;
  free(mean);
}

static int alloc_outputs(const struct simulation *sim, int64_t points, const char *name, double **f) {
  *f = NULL;
  if (points == 0) return OK;
  return alloc_array((void **)f, sim->problem.particles->locals * points, sizeof(double), name);
}

/* Collective. FAILED: no memory. */
static int record_overlaps(struct simulation *sim) {
  const struct problem *problem = &sim->problem;
  const struct particles *particles = problem->particles;
  if (!problem->config->overlaps) return OK;
  double *values;
  TRY(overlaps_compute(particles, problem->data->target, problem->config->threads, &values));
  history_overlaps(sim->history, sim->step, &sim->step_size.segment, particles, values);
  free(values);
  return OK;
}

int simulation_record_field(struct simulation *sim) {
  if (!history_field_due(sim->history, sim->step)) return OK;
  const struct work since = simulation_work(sim);
  const struct problem *problem = &sim->problem;
  double *f, *f_train = NULL;
  int status = alloc_outputs(sim, problem->data->tests, "f_n at the test points", &f);
  if (status == OK) status = alloc_outputs(sim, problem->data->samples, "f_n at the training points", &f_train);
  status = comm_agree(sim->comm, status);
  if (status == OK) {
    double *second_moments =
        alloc_small(sizeof *second_moments * (size_t)(problem->particles->locals * HISTORY_SECOND_MOMENTS));
    evaluate(sim, POINTS_TEST, f, second_moments);
    evaluate(sim, POINTS_TRAIN, f_train, second_moments);
    history_field(sim->history, sim->step, &sim->step_size.segment, problem->particles, f, f_train,
                  f || f_train ? second_moments : NULL);
    free(second_moments);
  }
  free(f);
  free(f_train);
  if (status == OK) status = record_overlaps(sim);
  simulation_add_work(sim, PHASE_FIELD, &since);
  return status;
}

void simulation_step(struct simulation *sim, double dt) {
  const struct work since = simulation_work(sim);
  const struct problem *problem = &sim->problem;
  if (!history_row_due(sim->history, sim->step)) {
    dynamics_step(problem->dynamics, sim->step, dt, NULL);
    simulation_add_work(sim, PHASE_STEP, &since);
    return;
  }
  const int locals = problem->particles->locals;
  struct observation *observation = alloc_small(sizeof *observation * (size_t)locals);
  dynamics_step(problem->dynamics, sim->step, dt, observation);
  history_row(sim->history, sim->step, &sim->step_size.segment, problem->particles, observation);
  divergence_monitor_row(&sim->monitor, problem->particles, observation);
  simulation_record_loss(sim, observation);
  free(observation);
  simulation_add_work(sim, PHASE_ROW, &since);
}
