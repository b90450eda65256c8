#include "dynamics/epoch_orders.h"

#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/error.h"

int epoch_orders_changes(const struct schedule *schedule, int stage, int64_t *step) {
  int changes = 0;
  int64_t start = *step = 0;
  for (int s = 1; s <= stage; s++) {
    start += schedule->stage[s - 1].steps;
    if (schedule_same_batch(schedule, s - 1, s)) continue;
    *step = start;
    changes++;
  }
  return changes;
}

/* Returns the batch size of the networks of n units if they visit a fixed set in mini-batches, otherwise 0. */
static int64_t mini_batch(const struct dataset *data, const struct schedule *schedule, int stage, int64_t n) {
  const int64_t batch = schedule_batch(schedule, stage, n, data->samples);
  return data->spec.mode == DATA_FIXED && batch < data->samples ? batch : 0;
}

double epoch_orders_bytes(const struct dataset *data, const struct schedule *schedule, int stage,
                          const struct ensemble_spec *ensemble, double networks) {
  int sizes = 0;
  for (int e = 0; e < ensemble->members; e++) {
    const int64_t batch = mini_batch(data, schedule, stage, ensemble->n[e]);
    int first = 0;
    while (mini_batch(data, schedule, stage, ensemble->n[first]) != batch) first++;
    sizes += batch > 0 && first == e;
  }
  const double most = data->spec.shared ? sizes : sizes > 0 ? INFINITY : 0;
  return (double)data->samples * sizeof(uint32_t) * fmin(networks, most);
}

static int add_order(struct epoch_orders *orders, int64_t samples) {
  struct epoch_order *order = &orders->order[orders->count];
  *order = (struct epoch_order){.epoch = -1};
  TRY(alloc_array((void **)&order->rows, samples, sizeof *order->rows, "an order of the training points"));
  orders->count++;
  return OK;
}

int epoch_orders_reserve(struct epoch_orders *orders, const struct particles *particles, const struct dataset *data,
                         const struct schedule *schedule, int stage) {
  const int locals = particles->locals;
  int64_t batch[ENSEMBLE_MAX]; /* of the networks that share an order */
  epoch_orders_free(orders);
  TRY(alloc_array((void **)&orders->order, locals, sizeof *orders->order, "orders of the training points"));
  TRY(alloc_array((void **)&orders->network, locals, sizeof(void *), "orders of the training points"));
  for (int s = 0; s < locals; s++) {
    const int64_t own = mini_batch(data, schedule, stage, particles->local[s].n);
    int same = data->spec.shared ? 0 : orders->count;
    while (same < orders->count && batch[same] != own) same++;
    orders->network[s] = own > 0 ? &orders->order[same] : NULL;
    if (own == 0 || same < orders->count) continue;
    if (data->spec.shared) batch[same] = own;
    TRY(add_order(orders, data->samples));
  }
  return OK;
}

void epoch_orders_free(struct epoch_orders *orders) {
  for (int i = 0; i < orders->count; i++) free(orders->order[i].rows);
  free(orders->order);
  free(orders->network);
  *orders = (struct epoch_orders){0};
}
