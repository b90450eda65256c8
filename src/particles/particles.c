#include "particles/particles.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/rng.h"
#include "particles/number.h"

/* A cut between ranks moves to the nearest boundary between networks if the work between the two is at most this
 * fraction of the mean work of a rank. Ranks that share no network do not wait for each other at every step, which is
 * worth this imbalance. */
static const double SNAP = 0.01;

uint64_t network_key(int64_t n, int64_t replica) {
  return (uint64_t)n << 24 | (uint64_t)replica; /* config verifies replicas < 2^24 and n <= NETWORK_UNITS_MAX */
}

double ensemble_scale(const struct ensemble_spec *ensemble, int member) {
  if (!(ensemble->scale > 0)) return 1;
  const long double n = (long double)ensemble->n[member];
  return ensemble->scale_power == 0 ? ensemble->scale
                                    : ensemble->scale * (double)powl(n, (long double)ensemble->scale_power);
}

int64_t ensemble_networks(const struct ensemble_spec *ensemble) {
  return ensemble->members * ensemble->replicas;
}

int64_t network_blocks(int64_t n) {
  return (n + BLOCK - 1) / BLOCK;
}

int64_t network_tiles(int64_t n) {
  return (n + TILE - 1) / TILE;
}

int block_units(int64_t n, int64_t block) {
  const int64_t left = n - block * BLOCK;
  return (int)(left < BLOCK ? left : BLOCK);
}

int64_t ensemble_blocks(const struct ensemble_spec *ensemble) {
  return ensemble_first_block(ensemble, ensemble_networks(ensemble));
}

void ensemble_extremes(const struct ensemble_spec *ensemble, int *smallest, int *largest) {
  *smallest = *largest = 0;
  for (int e = 1; e < ensemble->members; e++) {
    if (ensemble->n[e] < ensemble->n[*smallest]) *smallest = e;
    if (ensemble->n[e] > ensemble->n[*largest]) *largest = e;
  }
}

int64_t ensemble_largest_n(const struct ensemble_spec *ensemble) {
  int smallest, largest;
  ensemble_extremes(ensemble, &smallest, &largest);
  return ensemble->n[largest];
}

int64_t ensemble_first_block(const struct ensemble_spec *ensemble, int64_t network) {
  int64_t blocks = 0;
  for (int e = 0; e < ensemble->members && network > 0; e++, network -= ensemble->replicas)
    blocks += network_blocks(ensemble->n[e]) * (network < ensemble->replicas ? network : ensemble->replicas);
  return blocks;
}

/* Returns the network that contains a block. block: index among all blocks; *inside = index within the network. */
static int64_t block_network(const struct ensemble_spec *ensemble, int64_t block, int64_t *inside) {
  for (int e = 0; e < ensemble->members; e++) {
    const int64_t blocks = network_blocks(ensemble->n[e]);
    if (block < blocks * ensemble->replicas) {
      *inside = block % blocks;
      return e * ensemble->replicas + block / blocks;
    }
    block -= blocks * ensemble->replicas;
  }
  *inside = 0;
  return ensemble_networks(ensemble);
}

/* Returns the number of tiles before a block in the sequence of all blocks. */
static int64_t block_first_tile(const struct ensemble_spec *ensemble, int64_t block) {
  int64_t inside, tiles = 0;
  int64_t network = block_network(ensemble, block, &inside);
  for (int e = 0; e < ensemble->members && network > 0; e++, network -= ensemble->replicas)
    tiles += network_tiles(ensemble->n[e]) * (network < ensemble->replicas ? network : ensemble->replicas);
  return tiles + inside * BLOCK_TILES;
}

/* Returns the block boundary nearest to `position`, or the nearest boundary between networks if it is at most `slack`
 * away. position: a cumulative cost, from 0 to the total; slack: a cost. Inside a network all blocks count equally,
 * although the last one may have fewer tiles. So if there is one network, no rank gets more than the mean number of
 * blocks, rounded up. */
static int64_t cut_at(const struct ensemble_spec *ensemble, const double *cost, double position, double slack) {
  int64_t first = 0;
  for (int e = 0; e < ensemble->members; e++) {
    const int64_t blocks = network_blocks(ensemble->n[e]);
    const double network_cost = (double)network_tiles(ensemble->n[e]) * cost[e];
    const double member_cost = network_cost * (double)ensemble->replicas;
    if (position >= member_cost) {
      position -= member_cost;
      first += blocks * ensemble->replicas;
      continue;
    }
    const int64_t replica = (int64_t)(position / network_cost);
    const double inside = position - (double)replica * network_cost, left = network_cost - inside;
    first += replica * blocks;
    if (inside <= slack || left <= slack) return first + (left < inside ? blocks : 0);
    const int64_t block = (int64_t)(inside / network_cost * (double)blocks + 0.5);
    return first + (block < blocks ? block : blocks);
  }
  return first;
}

/* Divides the sequence of all blocks into ranges of nearly equal cost: rank r gets blocks first[r] .. first[r+1]-1. */
static void partition(const struct ensemble_spec *ensemble, const double *cost, int ranks, int64_t *first) {
  double total = 0;
  for (int e = 0; e < ensemble->members; e++)
    total += (double)network_tiles(ensemble->n[e]) * cost[e] * (double)ensemble->replicas;
  first[0] = 0;
  for (int r = 1; r < ranks; r++) {
    const int64_t cut = cut_at(ensemble, cost, total * r / ranks, SNAP * total / ranks);
    first[r] = cut > first[r - 1] ? cut : first[r - 1];
  }
  first[ranks] = ensemble_blocks(ensemble);
}

/* Returns the cost of the blocks before a block in the sequence of all blocks. */
static double cost_before(const struct ensemble_spec *ensemble, const double *cost, int64_t block) {
  int64_t inside;
  int64_t network = block_network(ensemble, block, &inside);
  double sum = 0;
  for (int e = 0; e < ensemble->members; e++, network -= ensemble->replicas) {
    const int64_t whole = network < ensemble->replicas ? network : ensemble->replicas;
    if (whole > 0) sum += (double)(network_tiles(ensemble->n[e]) * whole) * cost[e];
    if (network >= 0 && network < ensemble->replicas) sum += (double)(inside * BLOCK_TILES) * cost[e];
  }
  return sum;
}

/* Returns the largest cost of a rank divided by the mean, if rank r owns blocks first[r] .. first[r+1]-1. */
static double imbalance_of(const struct ensemble_spec *ensemble, const double *cost, int ranks, const int64_t *first) {
  double largest = 0;
  for (int r = 0; r < ranks; r++) {
    const double own = cost_before(ensemble, cost, first[r + 1]) - cost_before(ensemble, cost, first[r]);
    if (own > largest) largest = own;
  }
  return largest * ranks / cost_before(ensemble, cost, first[ranks]);
}

void ensemble_ownership(const struct ensemble_spec *ensemble, const double *cost, int ranks, struct ownership *owned) {
  int64_t *first = alloc_small(sizeof *first * (size_t)(ranks + 1)), inside;
  partition(ensemble, cost, ranks, first);
  for (int r = 0; r < ranks; r++) {
    const int64_t low = first[r], high = first[r + 1];
    owned[r] = (struct ownership){.first = low, .blocks = high - low};
    if (low == high) continue;
    owned[r].tiles = block_first_tile(ensemble, high) - block_first_tile(ensemble, low);
    const int64_t last = block_network(ensemble, high - 1, &inside), begin = block_network(ensemble, low, &inside);
    owned[r].networks = last - begin + 1;
    owned[r].led = owned[r].networks - (inside > 0);
    if (inside > 0) owned[r].split = ensemble->n[begin / ensemble->replicas];
    if (high < ensemble_first_block(ensemble, last + 1) && ensemble->n[last / ensemble->replicas] > owned[r].split)
      owned[r].split = ensemble->n[last / ensemble->replicas];
    for (int e = 0; e < ensemble->members; e++) {
      const int64_t from = e * ensemble->replicas > begin ? e * ensemble->replicas : begin,
                    end = (e + 1) * ensemble->replicas < last + 1 ? (e + 1) * ensemble->replicas : last + 1;
      if (from < end) owned[r].units += (double)(end - from) * (double)ensemble->n[e];
    }
  }
  free(first);
}

/* Returns whether a rank owns some of the blocks low .. high-1. */
static bool owns_some(const int64_t *first, int rank, int64_t low, int64_t high) {
  return first[rank] < first[rank + 1] && first[rank] < high && first[rank + 1] > low;
}

/* Collective. Creates the groups of ranks that share networks. group_network [2]: the networks of this rank's groups;
 * -1: no group. A group is a contiguous range of ranks, without those that own no blocks, and only its first and last
 * rank can belong to other groups. Therefore even-numbered groups are disjoint, and so are odd-numbered groups: two
 * calls of comm_split create all groups. */
static void make_groups(struct particles *particles, int64_t *group_network) {
  const struct ensemble_spec *ensemble = &particles->ensemble;
  const int64_t *first = particles->first;
  int color[2] = {-1, -1}, count = 0;
  int64_t last = -1;
  group_network[0] = group_network[1] = -1;
  for (int r = 1; r < particles->comm->size; r++) {
    int64_t inside;
    const int64_t network = block_network(ensemble, first[r], &inside);
    if (inside == 0 || network == last) continue;
    last = network;
    const int64_t low = ensemble_first_block(ensemble, network), high = ensemble_first_block(ensemble, network + 1);
    if (owns_some(first, particles->comm->rank, low, high)) {
      color[count % 2] = count;
      group_network[count % 2] = network;
    }
    count++;
  }
  for (int k = 0; k < 2; k++) particles->group[k] = comm_split(particles->comm, color[k]);
}

static void add_local(struct particles *particles, int64_t network, const struct comm *group) {
  const struct ensemble_spec *ensemble = &particles->ensemble;
  const int64_t own_low = particles->first[particles->comm->rank],
                own_high = particles->first[particles->comm->rank + 1];
  const int64_t low = ensemble_first_block(ensemble, network), high = ensemble_first_block(ensemble, network + 1);
  const int64_t from = low > own_low ? low : own_low, to = high < own_high ? high : own_high;
  const int member = (int)(network / ensemble->replicas);
  particles->local[particles->locals++] = (struct local_network){
      .network = network,
      .member = member,
      .replica = network % ensemble->replicas,
      .n = ensemble->n[member],
      .first_block = from - low,
      .blocks = to - from,
      .tile = block_first_tile(ensemble, from) - block_first_tile(ensemble, own_low),
      .group = group,
      .lead = from == low,
  };
}

/* Collective. Lists the networks of this rank according to particles->first, split networks first. Creates the groups
 * of ranks that share networks. */
static void make_locals(struct particles *particles) {
  const struct ensemble_spec *ensemble = &particles->ensemble;
  const int64_t low = particles->first[particles->comm->rank], high = particles->first[particles->comm->rank + 1];
  int64_t group_network[2], inside;
  make_groups(particles, group_network);
  particles->tile_count = block_first_tile(ensemble, high) - block_first_tile(ensemble, low);
  particles->locals = particles->split = 0;
  const int64_t begin = block_network(ensemble, low, &inside);
  const int64_t end = low < high ? block_network(ensemble, high - 1, &inside) + 1 : begin;
  free(particles->local);
  particles->local = alloc_small(sizeof *particles->local * (size_t)(end - begin));
  for (int k = 0; k < 2; k++)
    if (particles->group[k]) add_local(particles, group_network[k], particles->group[k]);
  particles->split = particles->locals;
  for (int64_t network = begin; network < end; network++)
    if (network != group_network[0] && network != group_network[1]) add_local(particles, network, NULL);
}

static int alloc_tiles(const struct particles *particles, int64_t tiles, void **memory) {
  TRY(alloc_array(memory, tiles, particles->tile_bytes, "particles"));
  memset(*memory, 0, (size_t)tiles * particles->tile_bytes);
  return OK;
}

/* Collective. Allocates zeroed arrays of `tiles` tiles: *parameters and rule_tiles [fields.rule_fields]. The caller
 * frees them, also after an error. */
static int alloc_arrays(const struct particles *particles, int64_t tiles, void **parameters, void **rule_tiles) {
  int status = alloc_tiles(particles, tiles, parameters);
  for (int k = 0; k < particles->fields.rule_fields && status == OK; k++)
    status = alloc_tiles(particles, tiles, &rule_tiles[k]);
  return comm_agree(particles->comm, status);
}

size_t particles_tile_bytes(int d, enum precision precision) {
  return tile_numbers(d) * precision_stored(precision);
}

int particles_create(const struct comm *comm, const struct ensemble_spec *ensemble, const struct unit_spec *unit, int d,
                     enum precision precision, const double *cost, struct particles **out) {
  struct particles *particles = alloc_small(sizeof *particles);
  *particles = (struct particles){.comm = comm, .ensemble = *ensemble, .unit = *unit, .d = d, .precision = precision};
  particles->tile_bytes = particles_tile_bytes(d, precision);
  particles->first = alloc_small(sizeof(int64_t) * (size_t)(comm->size + 1));
  partition(ensemble, cost, comm->size, particles->first);
  make_locals(particles);
  particles->fields = field_set(unit_manifold(unit->type)->fields, unit->train, unit->rule_fields);
  const int status = alloc_arrays(particles, particles->tile_count, &particles->tiles, particles->rule_tiles);
  if (status != OK) {
    particles_free(particles);
    return status;
  }
  *out = particles;
  return OK;
}

static void free_groups(struct particles *particles) {
  for (int k = 0; k < 2; k++) {
    comm_free(particles->group[k]);
    particles->group[k] = NULL;
  }
}

void particles_free(struct particles *particles) {
  if (!particles) return;
  free_groups(particles);
  free(particles->local);
  free(particles->first);
  free(particles->tiles);
  for (int k = 0; k < RULE_FIELDS_MAX; k++) free(particles->rule_tiles[k]);
  free(particles);
}

void *local_network_tile(const struct particles *particles, const struct local_network *local, int64_t t,
                         int rule_field) {
  char *tiles = rule_field == 0 ? particles->tiles : particles->rule_tiles[rule_field - 1];
  return tiles + (size_t)(local->tile + t) * particles->tile_bytes;
}

void *local_network_block(const struct particles *particles, const struct local_network *local, int64_t block) {
  return local_network_tile(particles, local, block * BLOCK_TILES, 0);
}

int64_t local_network_first_unit(const struct local_network *local) {
  return local->first_block * BLOCK;
}

int64_t local_network_units(const struct local_network *local) {
  const int64_t end = (local->first_block + local->blocks) * BLOCK;
  return (end < local->n ? end : local->n) - local_network_first_unit(local);
}

static void put(const struct particles *particles, void *tile, int row, int lane, double value) {
  number_put(precision_stored(particles->precision), tile, (size_t)(row * TILE + lane), value);
}

/* Draws the parameters of a unit. step: 0 for the initial condition. */
static void init_unit(const struct particles *particles, uint64_t seed, uint64_t network, int64_t step, int64_t unit,
                      void *tile, int lane, double *a) {
  const struct unit_spec *spec = &particles->unit;
  const struct manifold *manifold = unit_manifold(spec->type);
  const uint64_t at = (uint64_t)step;
  const struct rng rng_c = {seed, RNG_INIT_C, network, at}, rng_b = {seed, RNG_INIT_B, network, at},
                   rng_a = {seed, RNG_INIT_A, network, at};
  const bool opposite = spec->mirror && unit % 2 == 1;
  double c, b;
  if (opposite) unit--;
  rng_normal(&rng_c, (uint64_t)unit, 1, &c);
  c = spec->c.mean + spec->c.std * c;
  put(particles, tile, ROW_C, lane, opposite ? -c : c);
  manifold->draw(&rng_a, (uint64_t)unit, particles->d, &spec->a, a);
  for (int k = 0; k < particles->d; k++) put(particles, tile, ROW_A + k, lane, a[k]);
  if (!(manifold->fields & FIELD_BIT_B)) return;
  rng_normal(&rng_b, (uint64_t)unit, 1, &b);
  put(particles, tile, ROW_B, lane, spec->b.mean + spec->b.std * b);
}

void particles_init(struct particles *particles, uint64_t seed) {
  double *a = alloc_small(sizeof(double) * (size_t)particles->d);
  for (int s = 0; s < particles->locals; s++) {
    const struct local_network *local = &particles->local[s];
    const int64_t streams = particles->ensemble.streams > 1 ? particles->ensemble.streams : 1;
    const uint64_t network = network_key(local->n, local->replica / streams);
    for (int64_t i = 0; i < local_network_units(local); i++) {
      void *tile = local_network_tile(particles, local, i / TILE, 0);
      init_unit(particles, seed, network, 0, local_network_first_unit(local) + i, tile, (int)(i % TILE), a);
    }
  }
  free(a);
}

void particles_redraw(struct particles *particles, const struct local_network *local, int64_t unit, uint64_t seed,
                      int64_t step) {
  const int64_t i = unit - local_network_first_unit(local);
  const uint64_t network = network_key(local->n, local->replica);
  double *a = alloc_small(sizeof(double) * (size_t)particles->d);
  init_unit(particles, seed, network, step, unit, local_network_tile(particles, local, i / TILE, 0), (int)(i % TILE),
            a);
  for (int k = 1; k <= particles->fields.rule_fields; k++)
    for (int row = 0; row < tile_rows(particles->d); row++)
      put(particles, local_network_tile(particles, local, i / TILE, k), row, (int)(i % TILE), 0);
  free(a);
}

static int64_t block_offset(const void *context, int64_t block) {
  const struct particles *particles = context;
  return block_first_tile(&particles->ensemble, block) * (int64_t)particles->tile_bytes;
}

struct imbalance particles_imbalance(const struct particles *particles, const double *cost) {
  const struct ensemble_spec *ensemble = &particles->ensemble;
  const int ranks = particles->comm->size;
  int64_t *first = alloc_small(sizeof *first * (size_t)(ranks + 1));
  partition(ensemble, cost, ranks, first);
  const struct imbalance found = {imbalance_of(ensemble, cost, ranks, particles->first),
                                  imbalance_of(ensemble, cost, ranks, first)};
  free(first);
  return found;
}

int particles_balance(struct particles *particles, const double *cost) {
  const struct comm *comm = particles->comm;
  const size_t bytes = sizeof(int64_t) * (size_t)(comm->size + 1);
  int64_t *first = alloc_small(bytes);
  partition(&particles->ensemble, cost, comm->size, first);
  if (memcmp(first, particles->first, bytes) == 0) {
    free(first);
    return OK;
  }
  const int64_t tiles = block_first_tile(&particles->ensemble, first[comm->rank + 1]) -
                        block_first_tile(&particles->ensemble, first[comm->rank]);
  void *moved, *rule_tiles[RULE_FIELDS_MAX] = {NULL};
  const int status = alloc_arrays(particles, tiles, &moved, rule_tiles);
  if (status != OK) {
    free(first);
    free(moved);
    for (int k = 0; k < RULE_FIELDS_MAX; k++) free(rule_tiles[k]);
    return status;
  }
  comm_redistribute(comm, particles->first, first, block_offset, particles, particles->tiles, moved);
  free(particles->tiles);
  for (int k = 0; k < particles->fields.rule_fields; k++) {
    comm_redistribute(comm, particles->first, first, block_offset, particles, particles->rule_tiles[k], rule_tiles[k]);
    free(particles->rule_tiles[k]);
    particles->rule_tiles[k] = rule_tiles[k];
  }
  free(particles->first);
  particles->tiles = moved;
  particles->first = first;
  free_groups(particles);
  make_locals(particles);
  return OK;
}

/* Copies count numbers of `size` bytes (4 or 8) between arrays. The strides are in numbers. */
static void copy_strided(size_t size, int64_t count, const void *from, int64_t from_stride, void *to,
                         int64_t to_stride) {
  if (size == sizeof(uint32_t))
    for (int64_t i = 0; i < count; i++) ((uint32_t *)to)[i * to_stride] = ((const uint32_t *)from)[i * from_stride];
  else
    for (int64_t i = 0; i < count; i++) ((uint64_t *)to)[i * to_stride] = ((const uint64_t *)from)[i * from_stride];
}

/* Copies one field of units first .. first+count-1 between their tiles and values [count][width of the field]. */
static void copy_field(const struct particles *particles, const struct local_network *local, struct unit_field field,
                       int64_t first, int64_t count, void *values, bool from_tiles) {
  const size_t size = precision_stored(particles->precision);
  const int width = field_width(field.id, particles->d), row = field_table[field.id].row;
  for (int64_t done = 0; done < count;) {
    const int64_t i = first - local_network_first_unit(local) + done;
    const int lane = (int)(i % TILE);
    const int64_t lanes = count - done < TILE - lane ? count - done : TILE - lane;
    char *tile = local_network_tile(particles, local, i / TILE, field.rule_field);
    for (int k = 0; k < width; k++) {
      char *in_tile = tile + size * (size_t)((row + k) * TILE + lane);
      char *value = (char *)values + size * (size_t)(done * width + k);
      if (from_tiles)
        copy_strided(size, lanes, in_tile, 1, value, width);
      else
        copy_strided(size, lanes, value, width, in_tile, 1);
    }
    done += lanes;
  }
}

void local_network_get_field(const struct particles *particles, const struct local_network *local,
                             struct unit_field field, int64_t first, int64_t count, void *values) {
  copy_field(particles, local, field, first, count, values, true);
}

void local_network_set_field(struct particles *particles, const struct local_network *local, struct unit_field field,
                             int64_t first, int64_t count, const void *values) {
  copy_field(particles, local, field, first, count, (void *)values, false);
}

void local_network_get(const struct particles *particles, const struct local_network *local, int64_t first,
                       int64_t count, void *c, void *a, void *b) {
  void *const values[FIELDS] = {[FIELD_C] = c, [FIELD_A] = a, [FIELD_B] = b};
  for (int id = 0; id < FIELDS; id++)
    if (values[id])
      local_network_get_field(particles, local, (struct unit_field){(enum field_id)id, 0}, first, count, values[id]);
}

void local_network_set(struct particles *particles, const struct local_network *local, int64_t first, int64_t count,
                       const void *c, const void *a, const void *b) {
  const void *const values[FIELDS] = {[FIELD_C] = c, [FIELD_A] = a, [FIELD_B] = b};
  for (int id = 0; id < FIELDS; id++)
    if (values[id])
      local_network_set_field(particles, local, (struct unit_field){(enum field_id)id, 0}, first, count, values[id]);
}
