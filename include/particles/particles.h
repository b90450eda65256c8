/* particles: the units of all networks of a run, and their distribution over the ranks.
 *
 * An ensemble has R replicas of each of the sizes n_0, n_1, ...; the network of member (size) e and replica r has the
 * index g = e R + r. Units are stored in tiles of 64 (particles/kernel.h). A block of up to 256 units is the smallest
 * amount that moves between ranks, and gives one term of an exact sum. The blocks of all networks form one sequence.
 * Each rank owns a contiguous range of this sequence; the ranges have nearly equal costs. A cut between two ranks that
 * falls near a boundary between networks moves to this boundary, so that networks are split only where the balance
 * requires it. A rank may own no blocks. */
#ifndef MCKEAN_PARTICLES_PARTICLES_H
#define MCKEAN_PARTICLES_PARTICLES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/exact_sum.h"
#include "parallel/comm.h"
#include "particles/kernel.h"
#include "particles/unit.h"

enum { ENSEMBLE_MAX = 256 }; /* the largest number of sizes in a run */

/* The largest n, about 2^30: an exact sum over the units of a network has at most one term per tile. */
#define NETWORK_UNITS_MAX ((int64_t)TILE * EXACT_TERMS_MAX)

struct ensemble_spec {
  int members;
  int64_t n[ENSEMBLE_MAX];
  int64_t replicas; /* networks of each size */
  int64_t streams;  /* s data streams per initial condition i: its replicas are i s .. (i + 1) s - 1; 0 means 1 */
  double scale, scale_power; /* of the output, see ensemble_scale; scale 0 means 1 */
};

/* Local. Returns alpha = scale n^scale_power of the networks of size n[member]: f_n = (alpha/n) sum_i c_i phi(x, z_i),
 * and the units move by -(n/alpha^2) dL/dtheta_i = -grad V / alpha, grad V = E l'(f_n, y) grad(c phi). */
double ensemble_scale(const struct ensemble_spec *ensemble, int member);

/* Local. Returns the number that identifies a network in random streams (struct rng). It depends on n and replica, not
 * on g, so that the trajectory of a network is the same in every ensemble that contains it. */
uint64_t network_key(int64_t n, int64_t replica);

/* A local network: one of which this rank owns some or all blocks. Its local blocks, tiles and units are those that
 * this rank owns. */
struct local_network {
  int64_t network; /* g */
  int member;
  int64_t replica, n;
  int64_t first_block, blocks; /* local blocks: index of the first one in the network, and their number */
  int64_t tile;                /* index of the first local tile of the network in particles.tiles */
  const struct comm *group;    /* the ranks that share the network; NULL if this rank owns all of it */
  bool lead;                   /* this rank owns the first block of the network and records its results */
};

struct particles {
  const struct comm *comm;
  struct ensemble_spec ensemble;
  struct unit_spec unit;
  int d;
  enum precision precision;
  struct field_set fields;
  size_t tile_bytes;                 /* tile_numbers(d) * bytes of a stored number */
  int64_t *first;                    /* [ranks + 1]: rank r owns blocks first[r] .. first[r+1]-1 of the sequence */
  void *tiles;                       /* [tile_count] tiles of parameters, stored precision */
  void *rule_tiles[RULE_FIELDS_MAX]; /* [fields.rule_fields]: the update rule's fields, in tiles of the same layout */
  int64_t tile_count;
  int locals, split;           /* local networks; the first `split` (at most two) are shared with other ranks */
  struct local_network *local; /* [locals] */
  struct comm *group[2];       /* the ranks of each split network; NULL if there is none */
};

/* Collective. Distributes the blocks over the ranks and allocates the particles, all zero. comm must outlive them. cost
 * [members]: the relative cost of one tile of a network of each size (dynamics/unit_costs.h). FAILED: no memory. */
int particles_create(const struct comm *comm, const struct ensemble_spec *ensemble, const struct unit_spec *unit, int d,
                     enum precision precision, const double *cost, struct particles **particles);
void particles_free(struct particles *particles); /* accepts NULL */

/* Local. Returns the bytes of a tile of parameters. A tile of each field of the update rule has the same size. */
size_t particles_tile_bytes(int d, enum precision precision);

/* Local. Draws the parameters of this rank's units from the initial laws: a pure function of (seed, n, replica /
 * streams, unit). */
void particles_init(struct particles *particles, uint64_t seed);

/* Local. Draws the parameters of one unit of this rank from the initial laws, a pure function of (seed, n, replica,
 * unit, step), step > 0. Sets its fields of the update rule to 0. */
void particles_redraw(struct particles *particles, const struct local_network *local, int64_t unit, uint64_t seed,
                      int64_t step);

/* Collective. Redistributes the blocks over the ranks to balance new costs. No bit of any unit changes. Pointers to
 * local networks and tiles become invalid. cost: as for particles_create. FAILED: no memory; then nothing has moved. */
int particles_balance(struct particles *particles, const double *cost);

/* Local. Returns, for given costs, the largest cost of a rank divided by the mean over ranks: with the current owners
 * of the blocks, and with those that particles_balance would choose. */
struct imbalance {
  double current, balanced;
};
struct imbalance particles_imbalance(const struct particles *particles, const double *cost);

/* Local. Return numbers of networks, blocks, tiles and units. */
int64_t ensemble_networks(const struct ensemble_spec *ensemble);
int64_t network_blocks(int64_t n);         /* ceil(n / BLOCK) */
int64_t network_tiles(int64_t n);          /* ceil(n / TILE) */
int block_units(int64_t n, int64_t block); /* units of a block of a network: BLOCK, fewer in the last one */
int64_t ensemble_blocks(const struct ensemble_spec *ensemble);

/* Local. Sets the members with the smallest and the largest n. */
void ensemble_extremes(const struct ensemble_spec *ensemble, int *smallest, int *largest);

/* Local. Returns the largest n. */
int64_t ensemble_largest_n(const struct ensemble_spec *ensemble);

/* Local. Returns the index of the first block of network g in the sequence of all blocks. */
int64_t ensemble_first_block(const struct ensemble_spec *ensemble, int64_t network);

/* Local. Computes what each rank of a run would own: owned [ranks]. cost: as for particles_create. Allocates no
 * particles. */
struct ownership {
  int64_t first, blocks; /* the range of its blocks in the sequence of all blocks */
  int64_t tiles;
  int64_t networks, led; /* networks of which the rank owns a part, and of which it owns the first block */
  double units;          /* of all these networks, including units that other ranks own */
  int64_t split;         /* n of the largest network that the rank shares; 0 if it shares none */
};
void ensemble_ownership(const struct ensemble_spec *ensemble, const double *cost, int ranks, struct ownership *owned);

/* Local. Return the address of the first tile of local block `block`, and of local tile t. Both indices count from the
 * first local block or tile of the network. rule_field: 0 for the parameters, k for the update rule's field k. */
void *local_network_block(const struct particles *particles, const struct local_network *local, int64_t block);
void *local_network_tile(const struct particles *particles, const struct local_network *local, int64_t t,
                         int rule_field);

/* Local. Copy the values of units first .. first+count-1 of the network to or from arrays in stored precision. `first`
 * is an index in the whole network; all these units must be on this rank. The first two functions copy one field:
 * values [count], or [count][d] for a vector field. The others copy the parameters c [count], a [count][d] and
 * b [count], each of which may be NULL. */
void local_network_get_field(const struct particles *particles, const struct local_network *local,
                             struct unit_field field, int64_t first, int64_t count, void *values);
void local_network_set_field(struct particles *particles, const struct local_network *local, struct unit_field field,
                             int64_t first, int64_t count, const void *values);
void local_network_get(const struct particles *particles, const struct local_network *local, int64_t first,
                       int64_t count, void *c, void *a, void *b);
void local_network_set(struct particles *particles, const struct local_network *local, int64_t first, int64_t count,
                       const void *c, const void *a, const void *b);

/* Local. Return the index of the first local unit within the network, and the number of local units. */
int64_t local_network_first_unit(const struct local_network *local);
int64_t local_network_units(const struct local_network *local);

#endif
