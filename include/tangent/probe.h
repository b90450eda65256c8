/* probe: the points at which the tangent kernel is evaluated.
 *
 * Fixed data: the training set or, if it has more than `limit` points, `limit` points of it. Other data: `limit` points
 * drawn from the law of x with a separate random stream, with noisy labels. The points are a pure function of data,
 * limit and order, and the same on all ranks. */
#ifndef MCKEAN_TANGENT_PROBE_H
#define MCKEAN_TANGENT_PROBE_H

#include <stdint.h>

#include "data/dataset.h"
#include "particles/kernel.h"

/* The order of fixed data. EVEN: ascending, with evenly spaced indices. SPREAD: the first N points are spread over the
 * training set for every N. */
enum probe_order { PROBE_EVEN, PROBE_SPREAD };

struct probe {
  int count, d;
  double *x, *y;        /* [count][d], [count]: points and labels */
  struct points points; /* the same points in kernel form */
};

/* Local. Creates a probe of at most `limit` points, in kernel form for this unit type and precision. FAILED: no
 * memory. */
int probe_create(const struct dataset *data, const struct unit_spec *unit, enum precision precision, int limit,
                 enum probe_order order, struct probe **probe);
void probe_free(struct probe *probe); /* accepts NULL */

#endif
