/* noise: the thermal noise of an update rule.
 *
 * xi_i is a vector of independent N(0,1) numbers, one for each parameter of unit i: a pure function of (seed, network,
 * unit, parameter, step). The network includes the replica, so networks of different data streams have different noise.
 * Number k of a unit belongs to row k of a tile (particles/fields.h): 0 is c, 1 is b, 2 + j is a_j. The generator is
 * that of data/fresh_points.h, with the stream RNG_THERMAL and the unit as the point; numbers are drawn in single
 * precision unless the run is in double precision. They do not depend on the number of ranks and threads or on the ISA
 * level. */
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

/* Local. Adds amplitude * xi to value [tile_rows(d)][TILE], for the parameters that have noise. Cost: about 1.3 ns for
 * each number in single and mixed, 3 ns in double precision. */
void noise_add(const struct noise *noise, double amplitude, double *value);

#endif
