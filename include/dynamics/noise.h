/* noise: the thermal noise of an update rule.
 *
 * xi (xi_k of step k in dynamics/update.h): independent N(0,1) numbers, one for each parameter of each unit: a pure
 * function of (seed, network, unit, parameter, step). The network includes the replica, so networks of different data
 * streams have different noise. Number r of a unit belongs to row r of a tile (particles/fields.h): 0 is c, 1 is b, 2 +
 * j is a_j. The generator is that of data/fresh_points.h. The numbers do not depend on the number of ranks or threads,
 * or on the ISA level.
 *
 *   block    Philox4x64-10, key (seed, RNG_THERMAL = 19), counter (2^64 - 1, step, n 2^24 + replica, 2^64 - 1); the low
 *            32 bits of its words 0 and 1 are the key, those of 2 and 3 the nonce of
 *   words    Philox4x32-10, counter (unit, (unit / 2^32) 2^10 + draw, nonce 0, nonce 1); the low 32 bits of each entry
 *   double   draw r/2: u = 1 - U/2^52, t = T/2^52; U = (w0 2^20 xor w1 / 2^12) mod 2^52, T likewise from w2 and w3
 *   single   draw r/4, (w, w') = (w0, w1) if r mod 4 < 2, otherwise (w2, w3): u = (w + 1)/2^32 rounded, t = w'/2^32;
 *            used unless the run is in double precision
 *   xi       sqrt(-2 log u) cos(2 pi t) for even r, sin for odd r
 *
 * tests/program/reference_langevin.py implements this table independently. */
#ifndef MCKEAN_DYNAMICS_NOISE_H
#define MCKEAN_DYNAMICS_NOISE_H

#include <stdint.h>

#include "particles/particles.h"

/* The noise of the units of one tile. */
struct noise {
  uint64_t seed, network;   /* network: network_key */
  int64_t step, first_unit; /* first_unit: the index of the tile's first unit in its network */
  int d;
  unsigned fields; /* the parameters that have noise (FIELD_BIT_*) */
  enum precision precision;
};

/* Local. Adds amplitude * xi to value [tile_rows(d)][TILE], for the parameters that have noise. Cost: `mckean
 * bench --only noise` measures it; tools/performance.md. */
void noise_add(const struct noise *noise, double amplitude, double *value);

#endif
