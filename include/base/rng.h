/* rng: random numbers as a pure function of where they are used.
 *
 * Philox4x64-10 (Salmon et al., SC11; Random123): key = (seed, stream), counter = (id, step, network, draw). The
 * generator has no state: any rank can compute any random number of any network at any step, so trajectories do not
 * depend on the rank count, and checkpoints store no generator state. The functions use only basic IEEE operations and
 * square roots (not libm, whose results differ between processors), so the numbers have the same bits on every machine.
 * All functions are local and pure. */
#ifndef MCKEAN_BASE_RNG_H
#define MCKEAN_BASE_RNG_H

#include <stdint.h>

/* One stream for each use, so that no two uses share numbers. Append new streams at the end, because the value of a
 * stream is part of the key. */
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
  RNG_LANCZOS,
  RNG_SUBSET,
  RNG_TEST_ROWS,
  RNG_THERMAL,
  RNG_BIRTH_DEATH,
  RNG_DRAWS
};

struct rng {
  uint64_t seed;
  enum rng_stream stream;
  uint64_t network; /* network_key (particles/particles.h); 0 for numbers that all networks share; RNG_BOOTSTRAP and
                       RNG_WISHART: the number of replicas */
  uint64_t step;
};

/* out[0..3]: four independent 64-bit words for (rng, id, draw). */
void rng_bits(const struct rng *rng, uint64_t id, uint64_t draw, uint64_t out[4]);

/* out[0..count-1]: independent N(0,1) numbers for (rng, id), by the Box-Muller transform; four numbers per draw. */
void rng_normal(const struct rng *rng, uint64_t id, int count, double *out);

/* out[0..count-1]: independent uniform numbers in [0,1) for (rng, id), multiples of 2^-52; four numbers per draw. */
void rng_uniform(const struct rng *rng, uint64_t id, int count, double *out);

/* x[0..d-1]: a random point, uniform on the sphere |x|^2 = d, for (rng, id). */
void rng_sphere(const struct rng *rng, uint64_t id, int d, double *x);

/* order[0..count-1]: a uniform random permutation of 0..count-1 for (rng, id), by the Fisher-Yates shuffle without
 * bias. 1 <= count < 2^32. Cost: one swap and half of a random 64-bit word per element. */
void rng_shuffle(const struct rng *rng, uint64_t id, int64_t count, uint32_t *order);

/* Draws a random subset of `size` of the numbers 0 .. total-1: a pure function of rng, with all subsets equally likely.
 * index [count] = its elements first .. first+count-1 in ascending order. 0 <= first, first + count <= size <= total.
 * Cost: about 10 ns for each number up to the last element returned. */
void rng_subset(const struct rng *rng, int64_t total, int64_t size, int64_t first, int64_t count, int64_t *index);

#endif
