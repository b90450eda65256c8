#include "tangent/probe.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/rng.h"

static void copy_points(const struct dataset *data, struct probe *probe) {
  for (int p = 0; p < probe->count; p++) {
    const int64_t i = data->samples * p / probe->count;
    memcpy(probe->x + (size_t)p * (size_t)probe->d, data->x + i * probe->d, sizeof(double) * (size_t)probe->d);
    probe->y[p] = data->y[i];
  }
}

static void draw(const struct dataset *data, struct probe *probe) {
  const struct rng points = {data->spec.seed, RNG_PROBE, 0, 0}, noise = {data->spec.seed, RNG_PROBE, 0, 1};
  dataset_draw(data, &points, &noise, 0, probe->count, probe->x, probe->y);
}

static int fill(const struct dataset *data, const struct unit_spec *unit, enum precision precision,
                struct probe *probe) {
  TRY(alloc_array((void **)&probe->x, (int64_t)probe->count * probe->d, sizeof(double), "points of a probe"));
  TRY(alloc_array((void **)&probe->y, probe->count, sizeof(double), "labels of a probe"));
  TRY(points_alloc(&probe->points, precision, probe->count, probe->d));
  if (data->samples > 0)
    copy_points(data, probe);
  else
    draw(data, probe);
  points_set(&probe->points, precision, unit, probe->count, probe->d, probe->x);
  return OK;
}

int probe_create(const struct dataset *data, const struct unit_spec *unit, enum precision precision, int limit,
                 struct probe **out) {
  struct probe *probe = alloc_small(sizeof *probe);
  const bool all = data->samples > 0 && data->samples < limit;
  *probe = (struct probe){.count = all ? (int)data->samples : limit, .d = data->d};
  const int status = fill(data, unit, precision, probe);
  if (status != OK) {
    probe_free(probe);
    return status;
  }
  *out = probe;
  return OK;
}

void probe_free(struct probe *probe) {
  if (!probe) return;
  points_free(&probe->points);
  free(probe->x);
  free(probe->y);
  free(probe);
}
