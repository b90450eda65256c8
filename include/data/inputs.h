/* inputs: the table of the probability laws from which points x are drawn, for targets that do not read x from a file.
 * inputs.c has the table and explains how to add a law. */
#ifndef MCKEAN_DATA_INPUTS_H
#define MCKEAN_DATA_INPUTS_H

#include <stdint.h>

#include "base/rng.h"
#include "data/fresh_points.h"

enum inputs_type { INPUTS_SPHERE, INPUTS_GAUSSIAN, INPUTS_RADEMACHER, INPUTS_TYPES };

struct inputs {
  const char *name;

  /* Computes x [d], point number `id` of the random stream rng. Local and pure; the bits are the same on every
   * machine. */
  void (*draw)(const struct rng *rng, uint64_t id, int d, double *x);

  /* x [d][POINT_LANES]: points first .. first + POINT_LANES - 1 of a stream of online data (data/fresh_points.h). Local
   * and pure; the bits are the same on every machine. */
  void (*draw_lanes)(const struct fresh_stream *stream, int64_t first, int d, double *x);

  const char *description;
  const char *in_words; /* after "500 points drawn with seed 1"; empty for the sphere */
};

extern const struct inputs inputs_table[INPUTS_TYPES]; /* indexed by enum inputs_type */

#endif
