#include "tangent/probe.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/rng.h"

static int64_t common_divisor(int64_t a, int64_t b) {
  return b == 0 ? a : common_divisor(b, a % b);
}

/* Returns a stride near samples/golden ratio that is coprime to samples: each prefix of 0, stride, 2 stride, ... modulo
 * samples is spread evenly. */
static int64_t spread_stride(int64_t samples) {
  int64_t stride = (int64_t)(0.6180339887498949 * (double)samples);
  while (stride < 1 || common_divisor(stride, samples) != 1) stride++;
  return stride;
}

static void copy_points(const struct dataset *data, enum probe_order order, struct probe *probe) {
  const bool spread = order == PROBE_SPREAD;
  const int64_t stride = spread ? spread_stride(data->samples) : 0;
  for (int p = 0; p < probe->count; p++) {
    const int64_t i = spread ? (int64_t)((__int128)stride * p % data->samples) : data->samples * p / probe->count;
    memcpy(probe->x + (size_t)p * (size_t)probe->d, data->x + i * probe->d, sizeof(double) * (size_t)probe->d);
    probe->y[p] = data->y[i];
  }
}

static void draw(const struct dataset *data, struct probe *probe) {
  const struct rng points = {data->spec.seed, RNG_PROBE, 0, 0}, noise = {data->spec.seed, RNG_PROBE, 0, 1};
  dataset_draw(data, &points, &noise, 0, probe->count, probe->x, probe->y);
}

static int fill(const struct dataset *data, const struct unit_spec *unit, enum precision precision,
                enum probe_order order, struct probe *probe) {
  TRY(alloc_array((void **)&probe->x, (int64_t)probe->count * probe->d, sizeof(double), "points of a probe"));
  TRY(alloc_array((void **)&probe->y, probe->count, sizeof(double), "labels of a probe"));
  TRY(points_alloc(&probe->points, precision, probe->count, probe->d));
  if (data->samples > 0)
    copy_points(data, order, probe);
  else
    draw(data, probe);
  points_set(&probe->points, precision, unit, probe->count, probe->d, probe->x);
  return OK;
}

int probe_create(const struct dataset *data, const struct unit_spec *unit, enum precision precision, int limit,
                 enum probe_order order, struct probe **out) {
  struct probe *probe = alloc_small(sizeof *probe);
  const bool all = data->samples > 0 && data->samples < limit;
  *probe = (struct probe){.count = all ? (int)data->samples : limit, .d = data->d};
  const int status = fill(data, unit, precision, order, probe);
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
