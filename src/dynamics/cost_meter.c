#include "dynamics/cost_meter.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "parallel/rank_sum.h"

enum { EVERY = 17, GROUPS = COST_METER_GROUPS };

void cost_meter_start(struct cost_meter *meter) {
  memset(meter, 0, sizeof *meter);
  meter->last = -1;
}

bool cost_meter_times(struct cost_meter *meter, int64_t step) {
  const bool timed = meter->last >= 0 && step - meter->last >= EVERY;
  if (timed || meter->last < 0) meter->last = step;
  meter->steps += timed;
  return timed;
}

void cost_meter_add(struct cost_meter *meter, int member, int64_t tiles, double seconds) {
  const int group = (int)(meter->steps % GROUPS);
#pragma omp atomic
  meter->ns[group][member] += (int64_t)(1e9 * seconds + 0.5);
#pragma omp atomic
  meter->tiles[group][member] += tiles;
}

static int compare(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Sums of integers are the same on all ranks. */
bool cost_meter_costs(const struct cost_meter *meter, const struct comm *comm, int members, double *cost) {
  const int64_t numbers = (int64_t)GROUPS * members, count = 2 * numbers + 1;
  int64_t *words = alloc_small(sizeof *words * (size_t)count), *ns = words, *tiles = words + numbers;
  for (int g = 0; g < GROUPS; g++) {
    memcpy(ns + g * members, meter->ns[g], sizeof *ns * (size_t)members);
    memcpy(tiles + g * members, meter->tiles[g], sizeof *tiles * (size_t)members);
  }
  words[2 * numbers] = meter->steps;
  rank_sum_now(comm, words, count);
  bool known = words[2 * numbers] >= (int64_t)COST_METER_STEPS * comm->size;
  for (int e = 0; e < members; e++) {
    double group[GROUPS];
    for (int g = 0; g < GROUPS; g++) {
      known = known && ns[g * members + e] > 0 && tiles[g * members + e] > 0;
      group[g] = known ? (double)ns[g * members + e] / (double)tiles[g * members + e] : 0;
    }
    qsort(group, GROUPS, sizeof *group, compare);
    cost[e] = group[GROUPS / 2];
  }
  free(words);
  return known;
}
