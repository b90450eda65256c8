#include "dynamics/cost_meter.h"

#include <string.h>

#include "parallel/rank_sum.h"

enum { EVERY = 16, STEPS_MIN = 16 };

void cost_meter_start(struct cost_meter *meter, int64_t step) {
  *meter = (struct cost_meter){.last = step};
}

bool cost_meter_times(struct cost_meter *meter, int64_t step) {
  if (step - meter->last < EVERY) return false;
  meter->last = step;
  meter->steps++;
  return true;
}

void cost_meter_add(struct cost_meter *meter, int member, int64_t tiles, double seconds) {
#pragma omp atomic
  meter->ns[member] += (int64_t)(1e9 * seconds + 0.5);
#pragma omp atomic
  meter->tiles[member] += tiles;
}

/* Sums of integers are the same on all ranks. */
bool cost_meter_costs(const struct cost_meter *meter, const struct comm *comm, int members, double *cost) {
  int64_t words[2 * ENSEMBLE_MAX + 1], *ns = words, *tiles = words + members, *steps = words + 2 * members;
  memcpy(ns, meter->ns, sizeof *ns * (size_t)members);
  memcpy(tiles, meter->tiles, sizeof *tiles * (size_t)members);
  *steps = meter->steps;
  rank_sum_now(comm, words, 2 * members + 1);
  bool known = *steps >= (int64_t)STEPS_MIN * comm->size;
  for (int e = 0; e < members; e++) {
    known = known && ns[e] > 0 && tiles[e] > 0;
    cost[e] = known ? (double)ns[e] / (double)tiles[e] : 0;
  }
  return known;
}
