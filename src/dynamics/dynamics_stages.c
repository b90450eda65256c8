/* Creates the state of the steps, and distributes the blocks over the ranks: at each stage, and when their costs are
 * known better. */
#include <stdlib.h>

#include "base/alloc.h"
#include "base/error.h"
#include "dynamics/unit_costs.h"
#include "dynamics_state.h"

static int create_local(struct dynamics *dynamics) {
  struct particles *particles = dynamics->particles;
  const struct dataset *data = dynamics->data;
  dynamics->source = gradient_source_find(&particles->unit, data);
  dynamics->measures = particles->comm->size > 1 && particles->ensemble.members > 1 && !dynamics->source;
  if (dynamics->source)
    TRY(dynamics->source->create(&dynamics->update, data, dynamics->threads, &dynamics->source_state));
  if (dynamics->update.spec.birth_death.rate > 0) dynamics->birth_death = birth_death_create(&dynamics->update);
  TRY(points_create(&dynamics->train, particles->precision, &particles->unit, (int)data->samples, data->d, data->x));
  TRY(points_create(&dynamics->test, particles->precision, &particles->unit, (int)data->tests, data->d, data->test_x));
  TRY(outputs_create(particles, data, dynamics->update.kernel, dynamics->threads, &dynamics->outputs));
  return gradient_create(dynamics->outputs, &dynamics->update, dynamics->threads, &dynamics->gradient);
}

int dynamics_create(struct particles *particles, const struct dataset *data, const struct schedule *schedule,
                    enum isa isa, int threads, struct dynamics **out) {
  struct dynamics *dynamics = alloc_small(sizeof *dynamics);
  *dynamics = (struct dynamics){.particles = particles,
                                .data = data,
                                .schedule = schedule,
                                .threads = threads,
                                .update = {.spec = schedule->update,
                                           .kernel = kernel_find(particles->unit.type, particles->precision, isa),
                                           .particles = particles},
                                .stage = -1};
  const int status = comm_agree(particles->comm, create_local(dynamics));
  if (status == OK)
    *out = dynamics;
  else
    dynamics_free(dynamics);
  return status;
}

void dynamics_free(struct dynamics *dynamics) {
  if (!dynamics) return;
  gradient_free(dynamics->gradient);
  outputs_free(dynamics->outputs);
  points_free(&dynamics->test);
  points_free(&dynamics->train);
  epoch_orders_free(&dynamics->orders);
  if (dynamics->source) dynamics->source->free(dynamics->source_state);
  birth_death_free(dynamics->birth_death);
  free(dynamics);
}

/* Allocates the work space that this rank's networks need in the current stage. */
static int reserve(struct dynamics *dynamics) {
  const struct particles *particles = dynamics->particles;
  const struct dataset *data = dynamics->data;
  int64_t batch = 1;
  for (int s = 0; s < particles->locals; s++) {
    const int64_t count = schedule_batch(dynamics->schedule, dynamics->stage, particles->local[s].n, data->samples);
    if (count > batch) batch = count;
  }
  const int64_t fixed = data->samples > data->tests ? data->samples : data->tests;
  if (dynamics->source) TRY(dynamics->source->reserve(dynamics->source_state));
  if (dynamics->birth_death) TRY(birth_death_reserve(dynamics->birth_death));
  TRY(epoch_orders_reserve(&dynamics->orders, particles, data, dynamics->schedule, dynamics->stage));
  TRY(outputs_reserve(dynamics->outputs, batch > fixed ? batch : fixed, dynamics->source ? 0 : batch));
  return gradient_reserve(dynamics->gradient, batch);
}

int dynamics_set_costs(struct dynamics *dynamics, const double *cost) {
  struct particles *particles = dynamics->particles;
  TRY(particles_balance(particles, cost));
  cost_meter_start(&dynamics->meter);
  return comm_agree(particles->comm, reserve(dynamics));
}

/* Few corrections, because the cost of a tile can depend on the owners: if a network is split, each rank draws its
 * points, and its activations may fit in the cache. Little memory, because a rank holds its old and its new tiles. */
int dynamics_correct_balance(struct dynamics *dynamics, double *excess) {
  enum { GAIN = 2 /* percent */, CORRECTIONS = 4, BYTES = 64 << 20 };
  const struct particles *particles = dynamics->particles;
  const size_t bytes = (size_t)particles->tile_count * particles->tile_bytes;
  double cost[ENSEMBLE_MAX];
  *excess = 0;
  if (!dynamics->measures || dynamics->corrections == CORRECTIONS) return OK;
  if (comm_max(particles->comm, (double)bytes * (1 + particles->fields.rule_fields)) > BYTES) return OK;
  if (!cost_meter_costs(&dynamics->meter, particles->comm, particles->ensemble.members, cost)) return OK;
  const struct imbalance found = particles_imbalance(particles, cost);
  if (100 * (found.current - found.balanced) < GAIN) return OK;
  dynamics->corrections++;
  *excess = found.current - 1;
  return dynamics_set_costs(dynamics, cost);
}

int dynamics_enter_stage(struct dynamics *dynamics, int stage) {
  if (stage == dynamics->stage) return OK;
  const struct schedule *schedule = dynamics->schedule;
  dynamics->stage = stage;
  dynamics->corrections = 0;
  dynamics->order = epoch_orders_changes(schedule, stage, &dynamics->order_start);
  double cost[ENSEMBLE_MAX];
  unit_costs(schedule, stage, &dynamics->particles->ensemble, dynamics->data, dynamics->update.kernel,
             dynamics->threads, cost);
  return dynamics_set_costs(dynamics, cost);
}
