/* network_copy: a copy of a whole network in double precision, gathered from the ranks that share the network. */
#ifndef MCKEAN_DYNAMICS_NETWORK_COPY_H
#define MCKEAN_DYNAMICS_NETWORK_COPY_H

#include <stdbool.h>
#include <stdint.h>

#include "particles/particles.h"

/* Local. Returns offset [ranks of the group + 1]: where the tiles of each rank of the group start, in bytes from the
 * start of the network. The group consists of the ranks that own blocks of the network, in ascending order. The caller
 * frees the array. NULL: this rank owns the whole network. */
int64_t *network_copy_offsets(const struct particles *particles, const struct local_network *local);

/* Copies (c, z) of all units to particle [n][d + 1]. offset: from network_copy_offsets. gathered [tiles of the
 * network]: work space, used only if the network is shared. *waited: the seconds of the gather are added; may be NULL.
 * Returns whether the absolute values of all parameters are below 2^39; sums over pairs cannot represent products of
 * much larger ones. Collective over the ranks that share the network. */
bool network_copy(const struct particles *particles, const struct local_network *local, const int64_t *offset,
                  char *gathered, double *particle, double *waited);

/* Local. Returns a parameter of a tile: row (ROW_C, ROW_A + r, ROW_B) of lane `lane`. */
double network_copy_number(const struct particles *particles, const void *tile, int row, int64_t lane);

#endif
