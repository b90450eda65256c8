/* inputs: the table of laws of the points x that are drawn, not read from a file. The table is in inputs.c, which
 * explains how to add a law. */
#ifndef MCKEAN_DATA_INPUTS_H
#define MCKEAN_DATA_INPUTS_H

#include <stdint.h>

#include "base/rng.h"

enum inputs_type { INPUTS_SPHERE, INPUTS_TYPES };

struct inputs {
  const char *name;

  /* x[0..d-1]: the point `id` of the stream rng. Local, pure, the same bits on every machine. */
  void (*draw)(const struct rng *rng, uint64_t id, int d, double *x);

  const char *description;
};

extern const struct inputs inputs_table[INPUTS_TYPES]; /* indexed by enum inputs_type */

#endif
