/* fresh_points: the random numbers of a step, for many points or units at a time: those of online data, and the noise
 * of an update rule.
 *
 * Generator: Philox4x32-10 (Salmon et al., SC11). It needs only 32-bit products, so vector instructions compute many
 * points at once. One block of Philox4x64-10 (base/rng.h) for (seed, stream, network, step) gives the key and half of
 * the counter of a stream; the other half of the counter holds the indices of the point and of the draw. Each random
 * number is thus a pure function of (rng, point, draw). It has the same bits on every machine, because the code uses
 * only basic IEEE operations and square roots, without contraction to FMA. All functions are local and pure. */
#ifndef MCKEAN_DATA_FRESH_POINTS_H
#define MCKEAN_DATA_FRESH_POINTS_H

#include <stdint.h>

#include "base/rng.h"
#include "data/target_kind.h" /* POINT_LANES */

struct fresh_stream {
  uint32_t key[2], nonce[2];
};

/* Returns the stream of (seed, stream, network, step). */
struct fresh_stream fresh_stream_of(const struct rng *rng);

/* out[0..3]: the block of a stream for one point and draw; id < 2^54, draw < 1024. Reference for the vector functions
 * below. */
void fresh_bits(const struct fresh_stream *stream, int64_t id, int draw, uint32_t out[4]);

/* z [count][POINT_LANES], 64-byte aligned: independent N(0,1) numbers with indices `from` to from + count - 1 of the
 * points first .. first + POINT_LANES - 1. A block of the generator gives two numbers in double precision, four in
 * single; `from` is a multiple of 2 or 4; from + count <= 2048 or 4096. In single precision |z| <= 6.7. */
void fresh_normal(const struct fresh_stream *stream, int64_t first, int from, int count, double *z);
void fresh_normal_single(const struct fresh_stream *stream, int64_t first, int from, int count, float *z);

/* x [d][POINT_LANES], 64-byte aligned: the points first .. first + POINT_LANES - 1, uniform on the sphere |x|^2 = d. */
void fresh_sphere(const struct fresh_stream *stream, int64_t first, int d, double *x);

#endif
