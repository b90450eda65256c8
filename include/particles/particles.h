/* particles: the units of all networks of a run, and which rank owns which.
 *
 * An ensemble is sizes n_0, n_1, ... times R replicas: network g = member * R + replica. Units are stored in tiles of
 * 64 (particles/kernel.h); blocks of up to 256 units are the quantum of ownership and of the exact sum. The blocks of
 * all networks form one sequence; every rank owns one contiguous run of it, balanced by cost. Where a cut falls near a
 * boundary between networks it moves there, so that networks are split only where balance needs it. Ranks may be empty.
 * */
#ifndef MCKEAN_PARTICLES_PARTICLES_H
#define MCKEAN_PARTICLES_PARTICLES_H

#include <stdbool.h>
#include <stdint.h>

#include "parallel/comm.h"
#include "particles/kernel.h"
#include "particles/unit.h"

enum { ENSEMBLE_MAX = 256 }; /* sizes in one run */

struct ensemble_spec {
  int members;
  int64_t n[ENSEMBLE_MAX];
  int64_t replicas; /* networks of each size */
  int64_t streams; /* data streams per initial condition: replicas i streams .. (i + 1) streams - 1 start alike; 0: 1 */
};

/* Identity of a network in random streams: (n, replica), not its place in the list, so that a network's trajectory is
 * the same in any ensemble that contains it. */
uint64_t network_key(int64_t n, int64_t replica);

/* The part of a network that this rank owns. */
struct local_network {
  int64_t network; /* g */
  int member;
  int64_t replica, n;
  int64_t first_block, blocks; /* own blocks, counted inside the network */
  int64_t tile;                /* of first_block, in particles.tiles */
  const struct comm *group;    /* the ranks that share the network; NULL if it is wholly here */
  bool lead;                   /* this rank holds the network's first block and active for it */
};

struct particles {
  const struct comm *comm;
  struct ensemble_spec ensemble;
  struct unit_spec unit;
  int d;
  enum precision precision;
  struct field_set fields;
  size_t tile_bytes;           /* tile_rows(d) * TILE * bytes of a stored number */
  int64_t *first;              /* [ranks + 1]: rank r owns blocks first[r] .. first[r+1]-1 */
  void *tiles;                 /* own tiles of parameters */
  void *own[FIELD_COPIES_MAX]; /* [fields.copies] own fields of the update rule, in tiles of the same layout */
  int64_t tile_count;
  int locals, split; /* own networks; the first `split` (at most two) are shared with other ranks */
  struct local_network *local;
  struct comm *group[2];
};

/* Collective. cost[member]: relative cost of a unit of that size class (the batch size). FAILED: no memory. */
int particles_create(const struct comm *comm, const struct ensemble_spec *ensemble, const struct unit_spec *unit, int d,
                     enum precision precision, const double *cost, struct particles **particles);
void particles_free(struct particles *particles); /* accepts NULL */

/* Local. Bytes of a tile of parameters; each own field of an update rule takes as many. */
size_t particles_tile_bytes(int d, enum precision precision);

/* Local. Draws own units from the initial law: pure function of (seed, n, replica / streams, unit). */
void particles_init(struct particles *particles, uint64_t seed);

/* Collective. Moves blocks to new owners for new costs; no bit of any unit changes. */
int particles_balance(struct particles *particles, const double *cost);

/* Local arithmetic on the block sequence. */
int64_t ensemble_networks(const struct ensemble_spec *ensemble);
int64_t network_blocks(int64_t n);         /* ceil(n / BLOCK) */
int64_t network_tiles(int64_t n);          /* ceil(n / TILE) */
int block_units(int64_t n, int64_t block); /* BLOCK, less in the last block */
int64_t ensemble_blocks(const struct ensemble_spec *ensemble);
/* Global number of the first block of network g. */
int64_t ensemble_first_block(const struct ensemble_spec *ensemble, int64_t network);

/* Local. What each of so many ranks would own, for the costs of particles_create; nothing is allocated. */
struct ownership {
  int64_t first, blocks; /* of the block sequence */
  int64_t tiles;
  int64_t networks, led; /* that it has a part of; whose first block is here */
  double units;          /* of all these networks, other ranks' included */
  int64_t split;         /* units of the largest network that is here in part; 0: none is */
};
void ensemble_ownership(const struct ensemble_spec *ensemble, const double *cost, int ranks, struct ownership *owned);

/* Local. Tiles in memory: of a block counted inside the local part, and tile t of the local part. copy: 0 for
 * parameters, k for the update rule's own fields number k. */
void *local_network_block(const struct particles *particles, const struct local_network *local, int64_t block);
void *local_network_tile(const struct particles *particles, const struct local_network *local, int64_t t, int copy);

/* Local. Own units first .. first+count-1 (counted inside the network), to and from rows in stored precision: [count],
 * or [count][d] for a vector field. One field; or the parameters c, a, b, each of which may be NULL. */
void local_network_get_field(const struct particles *particles, const struct local_network *local,
                             struct unit_field field, int64_t first, int64_t count, void *rows);
void local_network_set_field(struct particles *particles, const struct local_network *local, struct unit_field field,
                             int64_t first, int64_t count, const void *rows);
void local_network_get(const struct particles *particles, const struct local_network *local, int64_t first,
                       int64_t count, void *c, void *a, void *b);
void local_network_set(struct particles *particles, const struct local_network *local, int64_t first, int64_t count,
                       const void *c, const void *a, const void *b);

/* Local. The units of the local part: its first, counted inside the network, and their number. */
int64_t local_network_first_unit(const struct local_network *local);
int64_t local_network_units(const struct local_network *local);

#endif
