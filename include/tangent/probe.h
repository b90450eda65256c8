/* probe: points at which the tangent kernel is sampled.
 *
 * Fixed data: the training set, or so many of its rows, evenly spaced. Online data: points of the same law from a
 * stream of their own, with labels and their noise. A pure function of data and limit, the same on all ranks. */
#ifndef MCKEAN_TANGENT_PROBE_H
#define MCKEAN_TANGENT_PROBE_H

#include <stdint.h>

#include "data/dataset.h"
#include "particles/kernel.h"

struct probe {
  int count, d;
  double *x, *y; /* [count][d], [count] */
  struct points points;
};

/* Local. At most limit points; the arithmetic is that of unit and precision. FAILED: no memory. */
int probe_create(const struct dataset *data, const struct unit_spec *unit, enum precision precision, int limit,
                 struct probe **probe);
void probe_free(struct probe *probe); /* accepts NULL */

#endif
