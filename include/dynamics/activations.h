/* activations: h, and for some unit types h', of the units of a network at the points of a batch. The computation of
 * the outputs keeps them for the gradient.
 *
 * The sums over units and the gradient need the same linear forms and activations. A network whose activations fit in
 * the cache keeps them; a larger one computes them twice. Results have the same bits in both cases
 * (particles/kernel.h), so this choice may differ between ranks and machines. All functions are local. */
#ifndef MCKEAN_DYNAMICS_ACTIVATIONS_H
#define MCKEAN_DYNAMICS_ACTIVATIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "particles/kernel.h"

/* The store of one team (dynamics/team.h). */
struct activations {
  char *values;    /* for each piece (dynamics/batch.h) and local tile: real [TILE * points * kernel->kept] */
  size_t capacity; /* bytes */
  int64_t tiles;   /* local tiles of the network whose activations are kept; 0: none are kept */
};

/* Returns the bytes of activations of a network with `tiles` local tiles at `count` points. */
double activations_bytes(const struct kernel *kernel, int64_t tiles, int64_t count);

/* Bytes per thread: beyond this size, keeping activations saves less than 20 % of the time. */
enum { ACTIVATIONS_MAX = 16 << 20 };

/* Returns the largest number of bytes that a team of `threads` threads keeps: the share of the cache that these threads
 * have, at most ACTIVATIONS_MAX per thread. */
double activations_limit(int threads);

/* Allocates the store of a team of `threads` threads for networks with up to `tiles` local tiles and batches of up to
 * `count` points. FAILED: no memory. The caller calls activations_free, also after an error. */
int activations_reserve(struct activations *activations, const struct kernel *kernel, int threads, int64_t tiles,
                        int64_t count);
void activations_free(struct activations *activations);

/* Decides whether the outputs keep the activations of a network with `tiles` local tiles at a batch of `count` points.
 * They do if `wanted` is true and the activations fit in the store. */
void activations_begin(struct activations *activations, const struct kernel *kernel, bool wanted, int64_t tiles,
                       int64_t count);

/* Returns the activations of local tile t, and of the tiles that follow it, at the `count` points of the piece that
 * starts at point `first` of the batch; NULL if they are not kept. */
void *activations_at(const struct activations *activations, const struct kernel *kernel, int64_t t, int64_t first,
                     int count);

#endif
