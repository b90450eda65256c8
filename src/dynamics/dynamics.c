/* One step of all networks, in the order of the calls:
 *
 *   dynamics_step        evaluates this rank's networks: at the test points, if observed, then at the batch of the step
 *   process_networks     does the following for each network of this rank; split networks begin first and end last
 *   batch_of             selects the points: a whole fixed set, or a batch given by its position in the run
 *   outputs_begin        sums c_i phi(x_p, z_i) over this rank's units and starts the sum over ranks  outputs.c
 *   gradient_begin       pipelined batch: gradients over its first piece, during the second sum       gradient.c
 *   outputs_end          completes the sum over ranks: f_n(x_p); meanwhile draws points of the next step
 *   gradient_residuals   r_p = l'(f_n(x_p), y_p)                                                      gradient.c
 *   gradient_descend     sums r_p grad(c_i phi(x_p, z_i)) over the batch for each local tile          gradient.c
 *   update_tile          projects this gradient and applies the update rule to the tile               update.c
 *   update_means         completes the particle means by a sum over ranks, if observed                update.c
 *   outputs_finish       completes the exchange of points of the next step, if one was started
 *
 * The local networks of a rank are those with units on the rank; one is split if other ranks also have units of it.
 * Units are stored in tiles of 64; a block of at most 4 tiles gives one term of the sum over units. The threads of a
 * team compute one network (dynamics/team.h). Only outputs_*, gradient_begin and update_means communicate. */
#include "dynamics/dynamics.h"

#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "dynamics/second_moment.h"
#include "dynamics/team.h"
#include "dynamics_state.h"
#include "parallel/heartbeat.h"
#include "parallel/rank_gather.h"

/* ---- one step ---- */

/* What to compute for every network at a step. */
struct request {
  int64_t step;
  enum point_set set;              /* POINTS_BATCH: the batch of the step; the update follows */
  const struct update_move *move;  /* [members]: of the update that follows */
  struct observation *observation; /* [local networks] or NULL */
  double *f;                       /* [local networks][points of the set] or NULL */
  bool timed;                      /* measure the costs of tiles */
};

/* Returns the points at which a network is evaluated. */
static struct batch batch_of(const struct dynamics *dynamics, const struct local_network *local,
                             const struct request *request) {
  const struct dataset *data = dynamics->data;
  struct batch batch = {.count = data->tests, .whole = &dynamics->test, .y = data->test_y};
  if (request->set != POINTS_TEST)
    batch = (struct batch){.count = data->samples, .whole = &dynamics->train, .y = data->y};
  batch.gradient = request->set == POINTS_BATCH;
  if (batch.gradient) batch.count = schedule_batch(dynamics->schedule, dynamics->stage, local->n, data->samples);
  if (batch.gradient && batch.count != data->samples) {
    batch.whole = NULL;
    struct epoch_order *order = dynamics->orders.network[local - dynamics->particles->local];
    batch.ahead = local->group && data->spec.mode == DATA_ONLINE && request->move[local->member].dt > 0;
    batch.position = (struct batch_position){.network = network_key(local->n, local->replica),
                                             .step = request->step,
                                             .epoch_step = request->step - dynamics->order_start,
                                             .order = dynamics->order,
                                             .batch = batch.count};
    if (order) batch.position.rows = dataset_order(data, &batch.position, order);
  }
  batch_set_pieces(dynamics->particles, local, &batch);
  return batch;
}

/* Computes the residuals, of which gradient_begin has computed those of the first piece of a pipelined batch, then the
 * gradient of each local tile, and updates the tile. If the outputs are not finite, the network has diverged, and its
 * units are not moved. */
static void descend(struct dynamics *dynamics, const struct team *team, const struct local_network *local,
                    const struct batch *batch, const struct request *request, bool finite,
                    struct observation *observation) {
  struct particle_sums sums;
  struct update_move move = request->move[local->member];
  const int64_t first = batch->pipelined ? batch->piece : 0;
  if (!finite) move.dt = 0;
  gradient_residuals(dynamics->gradient, team, &dynamics->data->spec.loss, batch, first, batch->count - first);
  if (observation) memset(&sums, 0, sizeof sums);
  if (finite || observation)
    gradient_descend(dynamics->gradient, team, local, batch, &move, observation ? &sums : NULL);
  if (observation)
    update_means(local, ensemble_scale(&dynamics->particles->ensemble, local->member), &sums, observation);
#pragma omp atomic
  dynamics->pairs += (double)batch->count * (double)local_network_units(local);
}

/* Completes the outputs of a network and computes what depends on them: observables, residuals, gradient, update.
 * Threads may call it concurrently for different networks. */
static void complete_network(struct dynamics *dynamics, const struct team *team, const struct local_network *local,
                             const struct batch *batch, const struct request *request) {
  const struct loss_spec *loss = &dynamics->data->spec.loss;
  const int64_t s = local - dynamics->particles->local;
  struct observation *observation = request->observation ? &request->observation[s] : NULL;
  if (batch->pipelined) gradient_begin(dynamics->gradient, team, loss, local, batch);
  const bool finite = outputs_end(dynamics->outputs, team, local, batch);
  const double *f = outputs_f(dynamics->outputs, team), *y = outputs_labels(dynamics->outputs, team, batch);
  if (!finite) {
#pragma omp critical(nonfinite)
    nonfinite_note(&dynamics->nonfinite, request->step, local);
  }
  if (request->f) memcpy(request->f + s * batch->count, f, sizeof *f * (size_t)batch->count);
  if (observation) observables_points(loss, request->set, batch->count, f, y, observation);
  if (observation && request->set == POINTS_TEST) observation->test_loss = loss_mean(loss, batch->count, f, y);
  if (observation && request->set == POINTS_BATCH) observation->loss = loss_mean(loss, batch->count, f, y);
  if (request->set == POINTS_BATCH) descend(dynamics, team, local, batch, request, finite, observation);
}

/* Returns the seconds in which this rank did not wait for others, from a fixed time on; 0 if the step is not timed. */
static double working(const struct dynamics *dynamics, const struct request *request) {
  return request->timed ? comm_time() - outputs_waited(dynamics->outputs) : 0;
}

/* Adds the time of a network to the costs of its tiles. Teams with fewer threads compute several networks at a time. */
static void measure(struct dynamics *dynamics, const struct team *team, const struct local_network *local,
                    const struct request *request, double seconds) {
  if (request->timed)
    cost_meter_add(&dynamics->meter, local->member, network_tiles(local_network_units(local)),
                   seconds * team->threads / dynamics->threads);
}

/* Does all work for a network that is not split. */
static void process_network(struct dynamics *dynamics, int team_index, const struct local_network *local,
                            const struct request *request) {
  const double began = working(dynamics, request);
  const struct team team = team_of(team_index, dynamics->threads);
  const struct batch batch = batch_of(dynamics, local, request);
  outputs_begin(dynamics->outputs, &team, local, &batch);
  complete_network(dynamics, &team, local, &batch, request);
  measure(dynamics, &team, local, request, working(dynamics, request) - began);
}

/* Each thread computes small networks by itself. The last networks, usually the largest, begin first, so that no thread
 * computes a large one alone at the end. */
static void process_small_networks(struct dynamics *dynamics, const struct request *request) {
  const struct particles *particles = dynamics->particles;
  const int threads = dynamics->threads;
#pragma omp parallel for num_threads(threads) schedule(dynamic)
  for (int s = particles->locals - 1; s >= particles->split; s--) {
    if (!team_is_small(threads, &particles->local[s])) continue;
    process_network(dynamics, TEAM_SINGLE + omp_get_thread_num(), &particles->local[s], request);
    if (particles->split > 0 && omp_get_thread_num() == 0) rank_gather_progress();
  }
}

/* Computes all local networks. The split ones begin first and finish last, so that their sums over ranks proceed while
 * the rank computes the others: first the large networks, each with all threads; then the small ones, each with one
 * thread. The first loop sets the orders that networks share, so that threads only read them. */
static void process_networks(struct dynamics *dynamics, const struct request *request) {
  const struct particles *particles = dynamics->particles;
  const int threads = dynamics->threads, split = particles->split, end = particles->locals;
  const bool single = team_single_threads(particles, threads);
  struct batch batch[TEAM_LARGE];
  double seconds[TEAM_LARGE];
  for (int s = 0; s < end && dynamics->data->spec.shared; s++) (void)batch_of(dynamics, &particles->local[s], request);
  for (int s = 0; s < split; s++) {
    const double began = working(dynamics, request);
    const struct team team = team_of(TEAM_SPLIT + s, threads);
    batch[s] = batch_of(dynamics, &particles->local[s], request);
    outputs_begin(dynamics->outputs, &team, &particles->local[s], &batch[s]);
    seconds[s] = working(dynamics, request) - began;
  }
  for (int s = split; s < end; s++) {
    if (single && team_is_small(threads, &particles->local[s])) continue;
    process_network(dynamics, TEAM_LARGE, &particles->local[s], request);
    if (split > 0) rank_gather_progress();
  }
  if (single) process_small_networks(dynamics, request);
  for (int s = 0; s < split; s++) {
    const double began = working(dynamics, request);
    const struct team team = team_of(TEAM_SPLIT + s, threads);
    complete_network(dynamics, &team, &particles->local[s], &batch[s], request);
    measure(dynamics, &team, &particles->local[s], request, seconds[s] + working(dynamics, request) - began);
  }
  for (int s = 0; s < split; s++) outputs_finish(dynamics->outputs, TEAM_SPLIT + s);
}

/* The step with exact gradients: the gradient source computes them without points and updates the units. */
static void exact_step(struct dynamics *dynamics, const struct request *request) {
  const struct particles *particles = dynamics->particles;
  dynamics->source->step(dynamics->source_state, request->move, request->observation, &dynamics->nonfinite);
  for (int s = 0; s < particles->locals; s++)
    dynamics->pairs += (double)particles->local[s].n * (double)local_network_units(&particles->local[s]);
}

void dynamics_step(struct dynamics *dynamics, int64_t step, double dt, struct observation *observation) {
  struct update_move *move = dynamics->move;
  const struct particles *particles = dynamics->particles;
  const bool timed = dynamics->measures && !observation && dt > 0 && cost_meter_times(&dynamics->meter, step);
  const struct request batch = {.step = step,
                                .set = POINTS_BATCH,
                                .move = move,
                                .observation = observation,
                                .timed = timed},
                       test = {.step = step, .set = POINTS_TEST, .observation = observation};
  schedule_moves(dynamics->schedule, dynamics->stage, &particles->ensemble, step, dt, move);
  heartbeat_step(step);
  for (int s = 0; observation && s < particles->locals; s++)
    observation[s] = observation_empty(dynamics->data->scale.loss_0);
  if (observation && dynamics->data->tests > 0) process_networks(dynamics, &test);
  if (dynamics->birth_death && dt > 0) birth_death_begin(dynamics->birth_death, step);
  (dynamics->source ? exact_step : process_networks)(dynamics, &batch);
  if (dynamics->birth_death) birth_death_end(dynamics->birth_death, move);
}

void dynamics_set_last_dt(struct dynamics *dynamics, int member, double dt) {
  dynamics->move[member].dt = dt;
}

void dynamics_evaluate(struct dynamics *dynamics, int64_t step, enum point_set set, double *f) {
  process_networks(dynamics, &(struct request){.step = step, .set = set, .f = f});
}

void dynamics_moments(struct dynamics *dynamics, enum point_set set, double *mean) {
  const struct points *points = set == POINTS_TEST ? &dynamics->test : &dynamics->train;
  second_moment_means(dynamics->outputs, dynamics->particles, dynamics->update.kernel, dynamics->threads, points, mean);
}

int dynamics_check(const struct dynamics *dynamics, int64_t step, bool units) {
  return nonfinite_check(&dynamics->nonfinite, dynamics->particles, step, units);
}

struct outputs *dynamics_outputs(struct dynamics *dynamics) {
  return dynamics->outputs;
}

struct cost_meter *dynamics_cost_meter(struct dynamics *dynamics) {
  return &dynamics->meter;
}

double dynamics_pairs(const struct dynamics *dynamics) {
  return dynamics->pairs;
}

double dynamics_waited(const struct dynamics *dynamics) {
  return outputs_waited(dynamics->outputs) + (dynamics->source ? dynamics->source->waited(dynamics->source_state) : 0);
}
