#include "dynamics/activations.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/cache_size.h"
#include "base/error.h"

static size_t point_bytes(const struct kernel *kernel) { /* of one point and tile */
  return (size_t)kernel->kept * TILE * precision_real(kernel->precision);
}

double activations_bytes(const struct kernel *kernel, int64_t tiles, int64_t count) {
  return (double)point_bytes(kernel) * (double)tiles * (double)count;
}

double activations_limit(int threads) {
  const double share = cache_size_share();
  return (share < ACTIVATIONS_MAX ? share : ACTIVATIONS_MAX) * threads;
}

int activations_reserve(struct activations *activations, const struct kernel *kernel, int threads, int64_t tiles,
                        int64_t count) {
  const double need = activations_bytes(kernel, tiles, count), limit = activations_limit(threads);
  const size_t bytes = (size_t)(need < limit ? need : limit);
  activations->tiles = 0;
  if (bytes <= activations->capacity) return OK;
  activations_free(activations);
  TRY(alloc_array((void **)&activations->values, (int64_t)bytes, 1, "activations"));
  activations->capacity = bytes;
  return OK;
}

void activations_free(struct activations *activations) {
  free(activations->values);
  *activations = (struct activations){0};
}

void activations_begin(struct activations *activations, const struct kernel *kernel, bool wanted, int64_t tiles,
                       int64_t count) {
  const bool fit = activations_bytes(kernel, tiles, count) <= (double)activations->capacity;
  activations->tiles = wanted && fit ? tiles : 0;
}

void *activations_at(const struct activations *activations, const struct kernel *kernel, int64_t t, int64_t first,
                     int count) {
  if (activations->tiles == 0) return NULL;
  const int64_t pairs = activations->tiles * first + t * count; /* of tiles and points */
  return activations->values + (size_t)pairs * point_bytes(kernel);
}
