/* rng: random numbers as a pure function of where they are used.
 *
 * Philox4x64-10 (Salmon et al., SC11; Random123): key = (seed, stream), counter = (id, step, network, draw).
 * No state: any rank computes any number of any network at any step, hence trajectories do not depend on the rank
 * count and nothing has to be saved. All functions are local and pure; they use only IEEE basic operations and square
 * roots (no libm, whose results differ between processors), so the numbers are the same bits on every machine. */
#ifndef MCKEAN_BASE_RNG_H
#define MCKEAN_BASE_RNG_H

#include <stdint.h>

/* One stream per use, so that no two uses can share numbers. Append only: the values enter the key. */
enum rng_stream {
  RNG_INIT_C = 1,
  RNG_INIT_B,
  RNG_INIT_A,
  RNG_TARGET,
  RNG_TEACHER,
  RNG_DATA_FIXED,
  RNG_DATA_ONLINE,
  RNG_DATA_TEST,
  RNG_DATA_ORDER,
  RNG_NOISE,
  RNG_BOOTSTRAP,
  RNG_WISHART,
  RNG_FEATURES,
  RNG_OBSERVABLES,
  RNG_PROBE,
  RNG_LANCZOS
};

struct rng {
  uint64_t seed;
  enum rng_stream stream;
  uint64_t network; /* network_key of particles/particles.h; 0 where all networks share */
  uint64_t step;
};

/* out[0..3]: four independent words for (rng, id, draw). */
void rng_bits(const struct rng *rng, uint64_t id, uint64_t draw, uint64_t out[4]);

/* out[0..count-1]: independent N(0,1) numbers of id (Box-Muller; four per draw). */
void rng_normal(const struct rng *rng, uint64_t id, int count, double *out);

/* out[0..count-1]: independent numbers uniform in [0,1), multiples of 2^-52. */
void rng_uniform(const struct rng *rng, uint64_t id, int count, double *out);

/* x[0..d-1]: uniform on the sphere |x|^2 = d. */
void rng_sphere(const struct rng *rng, uint64_t id, int d, double *x);

/* Image of position (0 <= position < count) under a permutation of 0..count-1 chosen by (rng, id): a Feistel network
 * with cycle walking, so that one element costs O(1) and no table is kept. count < 2^62. */
int64_t rng_permute(const struct rng *rng, uint64_t id, int64_t count, int64_t position);

#endif
