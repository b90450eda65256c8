#include "dynamics/epoch_orders.h"

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

double epoch_orders_bytes(const struct dataset *data, const struct schedule *schedule, int stage, int64_t n) {
  const int64_t batch = schedule_batch(schedule, stage, n, data->samples);
  return data->spec.mode == DATA_FIXED && batch < data->samples ? (double)data->samples * sizeof(uint32_t) : 0;
}

int epoch_orders_reserve(struct epoch_orders *orders, const struct particles *particles, const struct dataset *data,
                         const struct schedule *schedule, int stage) {
  epoch_orders_free(orders);
  TRY(alloc_array((void **)&orders->order, particles->locals, sizeof *orders->order, "orders of the training points"));
  for (; orders->count < particles->locals; orders->count++) {
    struct epoch_order *order = &orders->order[orders->count];
    *order = (struct epoch_order){.epoch = -1};
    if (epoch_orders_bytes(data, schedule, stage, particles->local[orders->count].n) > 0)
      TRY(alloc_array((void **)&order->rows, data->samples, sizeof *order->rows, "an order of the training points"));
  }
  return OK;
}

void epoch_orders_free(struct epoch_orders *orders) {
  for (int i = 0; i < orders->count; i++) free(orders->order[i].rows);
  free(orders->order);
  *orders = (struct epoch_orders){0};
}
