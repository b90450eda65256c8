#include "dynamics/network_copy.h"

#include <math.h>

#include "base/alloc.h"
#include "base/error.h"
#include "particles/number.h"

static const double LIMIT = 0x1p39; /* of |parameter| */

int64_t *network_copy_offsets(const struct particles *particles, const struct local_network *local) {
  if (!local->group) return NULL;
  const int64_t low = ensemble_first_block(&particles->ensemble, local->network), end = low + network_blocks(local->n),
                tiles = network_tiles(local->n);
  int64_t *offset = alloc_small(sizeof *offset * (size_t)(local->group->size + 1));
  int ranks = 0;
  offset[0] = 0;
  for (int r = 0; r < particles->comm->size; r++) {
    const int64_t first = particles->first[r], last = particles->first[r + 1];
    if (first >= last || first >= end || last <= low) continue;
    const int64_t inside = ((last < end ? last : end) - low) * BLOCK_TILES;
    offset[++ranks] = (inside < tiles ? inside : tiles) * (int64_t)particles->tile_bytes;
  }
  if (ranks != local->group->size) die("%d ranks own a network that %d share", ranks, local->group->size);
  return offset;
}

double network_copy_number(const struct particles *particles, const void *tile, int row, int64_t lane) {
  return number_get(precision_stored(particles->precision), tile, (size_t)(row * TILE + lane));
}

static bool copy_units(const struct particles *particles, int64_t n, const char *tiles, double *particle) {
  bool finite = true;
  for (int64_t i = 0; i < n; i++, particle += particles->d + 1) {
    const char *tile = tiles + (size_t)(i / TILE) * particles->tile_bytes;
    particle[0] = network_copy_number(particles, tile, ROW_C, i % TILE);
    for (int r = 0; r < particles->d; r++) particle[1 + r] = network_copy_number(particles, tile, ROW_A + r, i % TILE);
    for (int r = 0; r <= particles->d; r++) finite &= fabs(particle[r]) < LIMIT;
  }
  return finite;
}

bool network_copy(const struct particles *particles, const struct local_network *local, const int64_t *offset,
                  char *gathered, double *particle, double *waited) {
  const char *tiles = local_network_tile(particles, local, 0, 0);
  if (local->group) {
    const double began = comm_time();
    comm_allgather(local->group, tiles, offset, gathered);
    if (waited) *waited += comm_time() - began;
    tiles = gathered;
  }
  return copy_units(particles, local->n, tiles, particle);
}
