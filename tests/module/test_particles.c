// ranks: 1 2 3 4
/* particles: every block has one owner, groups follow from the ownership, and no bit depends on the owner of a unit. */
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "parallel/rank_sum.h"
#include "particles/particles.h"

static const struct unit_spec sigmoid = {
    .type = UNIT_SIGMOID, .alpha = 1, .train = 7, .c = {0, 1}, .a = {0.5, 2}, .b = {-1, 1}};

static struct particles *create(const struct ensemble_spec *ensemble, const double *cost, enum precision precision) {
  struct particles *particles;
  assert_ok(particles_create(&world, ensemble, &sigmoid, 3, precision, cost, &particles));
  return particles;
}

static void check_ownership(const struct particles *particles, const char *name) {
  const int64_t *first = particles->first;
  expect(first[0] == 0 && first[world.size] == ensemble_blocks(&particles->ensemble), "%s", name);
  for (int r = 0; r < world.size; r++) expect(first[r] <= first[r + 1], "%s, rank %d", name, r);
  int64_t blocks = 0, units = 0, leads = 0;
  for (int s = 0; s < particles->locals; s++) {
    const struct local_network *local = &particles->local[s];
    blocks += local->blocks;
    units += local_network_units(local);
    leads += local->lead;
    expect((local->group != NULL) == (local->blocks < network_blocks(local->n)), "%s, local network %d", name, s);
    expect((s < particles->split) == (local->group != NULL), "%s, local network %d", name, s);
  }
  expect(blocks == first[world.rank + 1] - first[world.rank] && particles->split <= 2, "%s", name);
  assert_expected();
  int64_t all = 0;
  for (int e = 0; e < particles->ensemble.members; e++) all += particles->ensemble.n[e] * particles->ensemble.replicas;
  assert_all_for(comm_sum(&world, units) == all, "%s", name);
  assert_all_for(comm_sum(&world, leads) == ensemble_networks(&particles->ensemble), "%s", name);
  /* Every group contains all ranks that share its network, so a sum over the group counts all blocks. */
  for (int s = 0; s < particles->split; s++) {
    int64_t word = particles->local[s].blocks;
    rank_sum_now(particles->local[s].group, &word, 1);
    if (word != network_blocks(particles->local[s].n)) die("%s: a group lacks a rank", name);
  }
}

/* ensemble_ownership predicts the ownership without creating particles. */
static void check_planned_ownership(const struct particles *particles, const double *cost, const char *name) {
  struct ownership *owned = calloc((size_t)world.size, sizeof *owned);
  ensemble_ownership(&particles->ensemble, cost, world.size, owned);
  const struct ownership *own = &owned[world.rank];
  double units = 0;
  int64_t led = 0, split = 0;
  for (int s = 0; s < particles->locals; s++) {
    units += (double)particles->local[s].n;
    led += particles->local[s].lead;
    if (s < particles->split && particles->local[s].n > split) split = particles->local[s].n;
  }
  const int64_t *first = &particles->first[world.rank];
  expect(own->first == first[0] && own->blocks == first[1] - first[0], "%s", name);
  expect(own->tiles == particles->tile_count && own->networks == particles->locals && own->led == led, "%s", name);
  expect(own->split == split && own->units == units, "%s", name);
  assert_expected();
  free(owned);
}

static void every_block_has_one_owner(void **state) {
  (void)state;
  static const struct {
    const char *name;
    struct ensemble_spec ensemble;
  } cases[] = {
      {"empty ranks", {.members = 1, .n = {1}, .replicas = 1}},
      {"3 blocks", {.members = 1, .n = {600}, .replicas = 1}},
      {"one unit in the last block", {.members = 2, .n = {257, 513}, .replicas = 3}},
      {"one network over all ranks", {.members = 1, .n = {100000}, .replicas = 1}},
      {"ranks that share networks", {.members = 1, .n = {2000}, .replicas = 3}},
      {"four sizes", {.members = 4, .n = {17, 64, 1000, 3000}, .replicas = 3}},
      {"many small networks", {.members = 2, .n = {5, 7}, .replicas = 1000}},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const double cost[4] = {10, 20, 30, 40};
    struct particles *particles = create(&cases[i].ensemble, cost, PRECISION_SINGLE);
    check_ownership(particles, cases[i].name);
    check_planned_ownership(particles, cost, cases[i].name);
    particles_free(particles);
  }
}

/* Every block has BLOCK units, except that the last one has the remaining 1 to BLOCK units; tiles likewise. */
static void blocks_contain_all_units(void **state) {
  (void)state;
  for (int64_t n = 1; n <= 5 * BLOCK + 1; n++) {
    const int64_t blocks = network_blocks(n), full = n / BLOCK, rest = n % BLOCK;
    expect(blocks == full + (rest > 0), "n = %lld", (long long)n);
    expect(network_tiles(n) == n / TILE + (n % TILE > 0), "n = %lld", (long long)n);
    for (int64_t block = 0; block < blocks; block++)
      expect(block_units(n, block) == (block < full ? BLOCK : rest), "n = %lld, block %lld", (long long)n,
             (long long)block);
  }
  assert_expected();
  const int64_t many = (INT64_C(1) << 40) + 1; /* exceeds the range of int */
  assert_all(network_blocks(many) == many / BLOCK + 1);
  assert_all(block_units(many, 0) == BLOCK && block_units(many, many / BLOCK) == 1);
}

/* One network: no rank owns more than the mean number of blocks, rounded up. */
static void no_rank_owns_more_than_its_share(void **state) {
  (void)state;
  enum { RANKS = 1024 };
  static struct ownership owned[RANKS];
  for (int64_t n = 100; n < 2000000; n = n * 3 / 2 + 1)
    for (int ranks = 1; ranks <= RANKS; ranks = ranks * 5 / 3 + 1) {
      const struct ensemble_spec ensemble = {.members = 1, .n = {n}, .replicas = 1};
      const int64_t most = (network_blocks(n) + ranks - 1) / ranks;
      ensemble_ownership(&ensemble, (double[]){3}, ranks, owned);
      for (int r = 0; r < ranks; r++)
        expect(owned[r].blocks <= most, "n = %lld: rank %d of %d owns %lld blocks, expected at most %lld", (long long)n,
               r, ranks, (long long)owned[r].blocks, (long long)most);
    }
  assert_expected();
}

static void many_small_networks_are_not_split(void **state) {
  (void)state;
  const struct ensemble_spec ensemble = {.members = 1, .n = {1000}, .replicas = 120};
  struct particles *particles = create(&ensemble, (double[]){1}, PRECISION_SINGLE);
  assert_all(particles->split == 0 && abs(particles->locals - 120 / world.size) <= 2);
  particles_free(particles);
}

static void ownership_follows_the_costs(void **state) {
  (void)state;
  const struct ensemble_spec ensemble = {.members = 2, .n = {4096, 4096}, .replicas = 1};
  struct particles *particles = create(&ensemble, (double[]){1, 3}, PRECISION_SINGLE);
  if (world.size == 2) assert_all(particles->first[1] > 20 && particles->first[1] < 23); /* 16 + 16/3 blocks */
  particles_free(particles);
}

/* Returns a fingerprint of all units that does not depend on the ownership: each number has a weight that depends on
 * its unit. Collective over world. */
static int64_t fingerprint(const struct particles *particles) {
  int64_t sum = 0;
  const size_t size = precision_stored(particles->precision);
  for (int s = 0; s < particles->locals; s++) {
    const struct local_network *local = &particles->local[s];
    const int64_t units = local_network_units(local), d = particles->d;
    unsigned char *rows = calloc((size_t)units, size * (size_t)(d + 2));
    unsigned char *c = rows, *b = c + size * (size_t)units, *a = b + size * (size_t)units;
    local_network_get(particles, local, local_network_first_unit(local), units, c, a, b);
    for (int64_t i = 0; i < units; i++)
      for (size_t byte = 0; byte < size; byte++) {
        const int64_t weight = (local->network * 1000003 + local_network_first_unit(local) + i) * 8 + (int64_t)byte;
        int64_t value = c[(size_t)i * size + byte] + 256 * b[(size_t)i * size + byte];
        for (int64_t k = 0; k < d; k++) value = value * 31 + a[(size_t)(i * d + k) * size + byte];
        sum = (int64_t)((uint64_t)sum + (uint64_t)value * (uint64_t)(weight * weight + 1));
      }
    free(rows);
  }
  return comm_sum(&world, sum);
}

static void units_do_not_depend_on_their_owner(void **state) {
  (void)state;
  const struct ensemble_spec ensemble = {.members = 3, .n = {70, 5000, 300}, .replicas = 2};
  struct particles *particles = create(&ensemble, (double[]){1, 1, 1}, PRECISION_MIXED);
  particles_init(particles, 11);
  const int64_t before = fingerprint(particles);
  assert_ok(particles_balance(particles, (double[]){100, 1, 9}));
  check_ownership(particles, "three sizes after a change of the costs");
  assert_all(fingerprint(particles) == before);
  assert_ok(particles_balance(particles, (double[]){1, 50, 1}));
  assert_all(fingerprint(particles) == before);
  particles_init(particles, 12);
  assert_all(fingerprint(particles) != before);
  particles_free(particles);

  /* The same on one rank. */
  struct comm *alone = comm_split(&world, world.rank == 0 ? 0 : -1);
  int64_t single = before;
  if (alone) {
    if (particles_create(alone, &ensemble, &sigmoid, 3, PRECISION_MIXED, (double[]){1, 1, 1}, &particles) != OK)
      die("%s", error_text());
    particles_init(particles, 11);
  }
  single = comm_sum(&world, 0); /* waits for all ranks */
  if (alone) {
    const struct comm all = world;
    world = *alone;
    single = fingerprint(particles);
    world = all;
    particles_free(particles);
  }
  comm_bcast(&world, &single, sizeof single, 0);
  comm_free(alone);
  assert_all(single == before);
}

static void imbalance_is_that_of_the_busiest_rank(void **state) {
  (void)state;
  const struct ensemble_spec ensemble = {.members = 2, .n = {256, 768}, .replicas = 6};
  struct particles *particles = create(&ensemble, (double[]){1, 1}, PRECISION_SINGLE);
  const double cost[] = {7, 1}, total = 6 * 4 * 7 + 6 * 12;
  double own = 0;
  for (int s = 0; s < particles->locals; s++)
    own += (double)particles->local[s].blocks * 4 * cost[particles->local[s].member];
  const struct imbalance before = particles_imbalance(particles, cost);
  assert_near(before.current, comm_max(&world, own) * world.size / total, 1e-12);
  assert_all(world.size == 1 ? before.current == 1 && before.balanced == 1 : before.current > before.balanced);
  assert_ok(particles_balance(particles, cost));
  const struct imbalance after = particles_imbalance(particles, cost);
  assert_all(after.current == before.balanced && after.balanced == before.balanced);
  particles_free(particles);
}

static void rows_and_tiles_are_inverse(void **state) {
  (void)state;
  const struct ensemble_spec ensemble = {.members = 1, .n = {777}, .replicas = 1};
  for (int precision = 0; precision < PRECISIONS; precision++) {
    struct particles *particles = create(&ensemble, (double[]){1}, (enum precision)precision);
    particles_init(particles, 5);
    const int64_t before = fingerprint(particles);
    for (int s = 0; s < particles->locals; s++) {
      const struct local_network *local = &particles->local[s];
      const int64_t units = local_network_units(local), begin = local_network_first_unit(local);
      const size_t bytes = 8 * (size_t)units;
      char *c = malloc(bytes), *a = malloc(3 * bytes), *b = malloc(bytes);
      local_network_get(particles, local, begin, units, c, a, b);
      memset(particles->tiles, 0, (size_t)particles->tile_count * particles->tile_bytes);
      /* Writes the units back in pieces of 37. */
      const size_t size = precision_stored((enum precision)precision);
      for (int64_t at = 0; at < units;) {
        const int64_t count = units - at < 37 ? units - at : 37;
        local_network_set(particles, local, begin + at, count, c + size * (size_t)at, a + size * (size_t)(3 * at),
                          b + size * (size_t)at);
        at += count;
      }
      free(c);
      free(a);
      free(b);
    }
    assert_all_for(fingerprint(particles) == before, "%s", precision_names[precision]);
    particles_free(particles);
  }
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_block_has_one_owner),        cmocka_unit_test(blocks_contain_all_units),
      cmocka_unit_test(no_rank_owns_more_than_its_share), cmocka_unit_test(many_small_networks_are_not_split),
      cmocka_unit_test(ownership_follows_the_costs),      cmocka_unit_test(units_do_not_depend_on_their_owner),
      cmocka_unit_test(rows_and_tiles_are_inverse),       cmocka_unit_test(imbalance_is_that_of_the_busiest_rank),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
