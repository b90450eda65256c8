/* epoch_orders: the orders in which this rank's networks visit a fixed set in mini-batches (data/dataset.h). With
 * data.shared, networks with the same batch size have the same order, which this rank keeps once. All functions are
 * local. */
#ifndef MCKEAN_DYNAMICS_EPOCH_ORDERS_H
#define MCKEAN_DYNAMICS_EPOCH_ORDERS_H

#include "data/dataset.h"
#include "dynamics/schedule.h"
#include "particles/particles.h"

struct epoch_orders {
  int count;
  struct epoch_order *order;    /* [count] */
  struct epoch_order **network; /* [local networks]: NULL if the network visits no fixed set in mini-batches */
};

/* Returns how often the batch size has changed up to a stage. *step: the step of the last change, 0 if there is none.
 * Each change starts a new order. */
int epoch_orders_changes(const struct schedule *schedule, int stage, int64_t *step);

/* Returns the bytes of the orders of a rank with `networks` networks in a stage, at most: it assumes that each network
 * that could need an order of its own has one. */
double epoch_orders_bytes(const struct dataset *data, const struct schedule *schedule, int stage,
                          const struct ensemble_spec *ensemble, double networks);

/* Allocates the orders of this rank's networks in a stage. Call it again whenever blocks have changed owners. FAILED:
 * no memory. The caller calls epoch_orders_free, also after an error. */
int epoch_orders_reserve(struct epoch_orders *orders, const struct particles *particles, const struct dataset *data,
                         const struct schedule *schedule, int stage);
void epoch_orders_free(struct epoch_orders *orders);

#endif
