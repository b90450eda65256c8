#include "dry_run_memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "dynamics/activations.h"
#include "dynamics/birth_death.h"
#include "dynamics/epoch_orders.h"
#include "dynamics/gradient.h"
#include "dynamics/overlaps.h"
#include "dynamics/team.h"
#include "dynamics/unit_costs.h"
#include "store/checkpoint.h"
#include "store/history.h"
#include "tangent/potential_hessian.h"

static double max(double a, double b) {
  return a > b ? a : b;
}

/* Determines which rank owns which units in stage 0 and in the remaining stages. Every run first distributes the units
 * for stage 0, even if it resumes in a later stage. owned [ranks]: the result for the last stage. tiles [ranks],
 * initially zeros: the largest number of tiles that a rank holds at a time; while blocks change owners, a rank holds
 * both its old and its new tiles. */
static void follow_owners(const struct dry_run *plan, const struct dataset *data, struct ownership *owned,
                          double *tiles) {
  const struct config *config = plan->config;
  struct ownership *next = alloc_small(sizeof *next * (size_t)plan->ranks);
  const struct kernel *kernel = kernel_find(config->unit.type, (enum precision)config->precision, ISA_portable);
  double cost[ENSEMBLE_MAX];
  for (int s = 0; s < config->schedule.stages; s++) {
    const int64_t end = schedule_first(&config->schedule, s) + config->schedule.stage[s].steps;
    if (s > 0 && end <= plan->first_step) continue;
    unit_costs(&config->schedule, s, &config->ensemble, data, kernel, config->threads, cost);
    ensemble_ownership(&config->ensemble, cost, plan->ranks, next);
    bool moved = s > 0;
    if (s > 0) moved = memcmp(next, owned, sizeof *next * (size_t)plan->ranks) != 0;
    for (int r = 0; r < plan->ranks; r++) {
      tiles[r] = max(tiles[r], (double)(next[r].tiles + (moved ? owned[r].tiles : 0)));
      owned[r] = next[r];
    }
  }
  free(next);
}

/* Returns the largest number of remaining fields in any `between` consecutive steps. */
static double most_fields(const struct dry_run *plan, double between) {
  const struct steps *fields = &plan->config->fields;
  int most = 0;
  for (int first = 0, i = 0; i < fields->count; i++) {
    while (fields->step[first] < plan->first_step || (double)(fields->step[i] - fields->step[first]) >= between) {
      if (first == i) break;
      first++;
    }
    if (fields->step[i] >= plan->first_step && i - first + 1 > most) most = i - first + 1;
  }
  return most;
}

/* Returns the bytes of the history rows and fields of a rank between two checkpoints. The ranks that lead networks keep
 * them in memory; history_write then gathers them on rank 0: for one network size at a time, the rows, then each kind
 * of field. */
static double rows_bytes(const struct dry_run *plan, const struct dataset *data, const struct ownership *owned,
                         int rank) {
  const struct config *config = plan->config;
  const double steps = (double)(plan->steps - plan->first_step), replicas = (double)config->ensemble.replicas;
  double between = steps;
  if (config->checkpoint_every > 0) between = fmin(between, (double)config->checkpoint_every);
  if (plan->save_seconds > 0 && plan->loop_seconds > 0)
    between = fmin(between, steps * plan->save_seconds / plan->loop_seconds);
  const double rows = (double)plan->rows * (steps > 0 ? between / steps : 1);
  const double fields = most_fields(plan, between);
  const double numbers[] = {rows * column_count, fields * (double)data->tests, fields * (double)data->samples,
                            fields * HISTORY_SECOND_MOMENTS,
                            config->overlaps ? fields * (double)overlaps_width(&config->ensemble, data->target) : 0};
  const double led = (double)owned->led, of_size = fmin(led, replicas);
  double kept = 0, tables = 0, moving = 0;
  for (size_t kind = 0; kind < sizeof numbers / sizeof *numbers; kind++) {
    kept += led * numbers[kind];
    if (rank == 0) tables += replicas * numbers[kind];
    moving = fmax(moving, rank == 0 ? tables + replicas * numbers[kind] : of_size * numbers[kind]);
  }
  return sizeof(double) * (kept + moving);
}

/* Returns the bytes of activations that the teams of a rank keep (dynamics/activations.h, dynamics/team.h), at most,
 * over all stages and network sizes. Each of up to two split networks has a team, the large networks together have one,
 * and each thread has one for small networks. owned: uses tiles, networks and split. ensemble: the sizes. */
static double kept_bytes(const struct config *config, const struct dataset *data, const struct ensemble_spec *ensemble,
                         const struct ownership *owned, int64_t largest_batch) {
  const struct kernel *kernel = kernel_find(config->unit.type, (enum precision)config->precision, ISA_portable);
  const int threads = config->threads;
  const bool many = threads > 1 && owned->networks >= threads; /* if most are small, threads compute them alone */
  double split = 0, large = 0, small = 0;
  for (int e = 0; e < ensemble->members; e++)
    for (int s = 0; s < config->schedule.stages; s++) {
      const int64_t n = ensemble->n[e], all = network_tiles(n),
                    batch = schedule_batch(&config->schedule, s, n, data->samples);
      const double bytes = activations_bytes(kernel, all < owned->tiles ? all : owned->tiles,
                                             batch < largest_batch ? batch : largest_batch);
      const bool alone = many && team_small(threads, network_blocks(n)), together = !alone || ensemble->members > 1;
      if (alone && bytes <= activations_limit(1)) small = max(small, bytes);
      if (bytes > activations_limit(threads)) continue;
      if (together && (owned->networks > 1 || owned->split == 0)) large = max(large, bytes);
      if (n <= owned->split) split = max(split, bytes);
    }
  return small * threads + large + split * (owned->networks > 1 ? 2 : 1);
}

/* Returns what kept_bytes is for the scaled-down problem of the pilot run, whose network sizes are those of the run
 * multiplied by one factor, but not below one block per rank (forecast/pilot_run.h). */
static double pilot_kept_bytes(const struct dry_run *plan, const struct dataset *data) {
  const struct config *config = plan->config;
  const double networks = plan->pilot.networks / plan->ranks; /* of a rank */
  const double factor = (double)plan->pilot.n / (double)ensemble_largest_n(&config->ensemble);
  const int64_t least = BLOCK * (int64_t)plan->ranks;
  struct ensemble_spec reduced = config->ensemble;
  for (int e = 0; e < reduced.members; e++) {
    const int64_t n = (int64_t)((double)reduced.n[e] * factor);
    if (reduced.n[e] > least) reduced.n[e] = n > least ? n : least;
  }
  const struct ownership owned = {.tiles = (int64_t)((double)network_tiles(plan->pilot.n) * fmin(1, networks)),
                                  .networks = networks < 1 ? 1 : (int64_t)networks,
                                  .split = networks < 1 ? plan->pilot.n : 0};
  return kept_bytes(config, data, &reduced, &owned, plan->pilot.batch);
}

/* Returns the bytes of the orders of the training points of a rank with `networks` networks (dynamics/epoch_orders.h),
 * maximum over stages. */
static double order_bytes(const struct config *config, const struct dataset *data, double networks) {
  double most = 0;
  for (int s = 0; s < config->schedule.stages; s++)
    most = fmax(most, epoch_orders_bytes(data, &config->schedule, s, &config->ensemble, networks));
  return most;
}

/* Returns the bytes of a rank without units and history rows: `base_memory` bytes, as measured after the pilot run, and
 * the arrays that the pilot run may not have needed, or may have needed at a smaller size. */
static double work_bytes(const struct dry_run *plan, const struct dataset *data, const struct ownership *owned,
                         int rank, double base_memory) {
  const struct config *config = plan->config;
  const enum precision precision = (enum precision)config->precision;
  const double tile = (double)particles_tile_bytes(data->d, precision);
  /* CRCS: bytes of the checksums of one block. BUFFERS: bytes of the buffers for checkpoints. */
  enum { CRCS = FIELD_SET_MAX * sizeof(uint32_t), BUFFERS = 3 << 20 };
  double bytes =
      base_memory + BUFFERS + CRCS * (double)(owned->blocks + (rank == 0 ? ensemble_blocks(&config->ensemble) : 0));
  if (config->schedule.update.birth_death.rate > 0)
    bytes += birth_death_bytes(&config->unit, data->d, precision, owned->tiles,
                               fmin(owned->units, (double)ensemble_largest_n(&config->ensemble)));
  if (data->spec.mode == DATA_RKHS)
    bytes += potential_hessian_bytes(data->d, config->threads, owned->units, ensemble_largest_n(&config->ensemble));
  if (dataset_exact(data->spec.mode))
    return bytes + owned->units * (data->d + 1) * sizeof(double) + (double)network_tiles(owned->split) * tile;
  const int64_t batch = schedule_largest_batch(&config->schedule, &config->ensemble, data->samples);
  if (batch != data->samples) bytes += gradient_bytes(data->d, precision, batch, owned->tiles);
  if (!plan->pilot.whole) {
    const double networks = plan->pilot.networks / plan->ranks;
    bytes += fmax(0, kept_bytes(config, data, &config->ensemble, owned, INT64_MAX) - pilot_kept_bytes(plan, data));
    bytes += fmax(0, order_bytes(config, data, (double)owned->networks) -
                         order_bytes(config, data, data->spec.shared ? fmin(1, networks) : networks));
  }
  enum { POINT = 56 }; /* bytes per point: f, y, r and the sums (dynamics/outputs.h) */
  if (batch > plan->pilot.batch) bytes += POINT * (double)(batch - plan->pilot.batch);
  return bytes;
}

/* Counts the nodes by name and finds the node with the least memory to spare (available minus predicted). */
static void predict_nodes(struct dry_run *plan, const struct dry_run_rank *ranks) {
  double *needs = calloc((size_t)plan->ranks, sizeof *needs);
  if (!needs) die("no memory for %d ranks", plan->ranks);
  plan->node_available = INFINITY;
  for (int r = 0; r < plan->ranks; r++) {
    int first = 0;
    while (strcmp(ranks[first].node, ranks[r].node) != 0) first++;
    plan->nodes += first == r;
    needs[first] += ranks[r].memory;
  }
  for (int r = 0; r < plan->ranks; r++)
    if (needs[r] > 0 && ranks[r].free_memory - needs[r] < plan->node_available - plan->node_memory) {
      plan->node_memory = needs[r];
      plan->node_available = ranks[r].free_memory;
    }
  free(needs);
}

void dry_run_memory(struct dry_run *plan, const struct dataset *data, struct dry_run_rank *ranks) {
  const struct config *config = plan->config;
  struct ownership *owned = alloc_small(sizeof *owned * (size_t)plan->ranks);
  double *tiles = calloc((size_t)plan->ranks, sizeof *tiles);
  if (!tiles) die("no memory for %d ranks", plan->ranks);
  follow_owners(plan, data, owned, tiles);
  const double tile =
      (double)particles_tile_bytes(data->d, (enum precision)config->precision) * (1 + config->unit.rule_fields);
  for (int r = 0; r < plan->ranks; r++) {
    const double units = tiles[r] * tile, rows = rows_bytes(plan, data, &owned[r], r),
                 work = work_bytes(plan, data, &owned[r], r, ranks[r].base_memory);
    rank_range_add(&plan->units, r, plan->ranks, units);
    ranks[r].memory = units + rows + work;
    rank_range_add(&plan->memory, r, plan->ranks, ranks[r].memory);
    plan->work_memory = max(plan->work_memory, work);
    plan->history_memory = max(plan->history_memory, rows);
  }
  free(tiles);
  free(owned);
  predict_nodes(plan, ranks);
}
