/* particle_file: units that are stored in an HDF5 file, as initial particles (input key unit.init.path).
 *
 * A set is a group of the file with some of these datasets of numbers, for units of one n:
 *
 *   c (n) or (R, n)      a (n, d) or (R, n, d); on the sphere it may be named z      b (n) or (R, n)
 *
 * With the axis R, initial condition i takes entry i; without it, or with R = 1, all initial conditions take the same
 * values. The sets of a file are
 *
 *   the root group "/" and the groups /n<N>, such as /n64    of a file that a user writes
 *   /ensemble/i                                              of a checkpoint (store/checkpoint.h)
 *
 * A network of n units takes the set of exactly n units. Without such a set, it takes a uniform random subset of n of
 * the N units of the largest set, in the order of the file: a pure function of (seed, n, initial condition), or with
 * UNITS_SHARED of (seed, n). Fields that the sets lack keep their values, which are drawn from the initial laws. */
#ifndef MCKEAN_PARTICLES_PARTICLE_FILE_H
#define MCKEAN_PARTICLES_PARTICLE_FILE_H

#include "particles/particles.h"

#define PARTICLE_FILE_RANGE  0x1p39 /* absolute values must be below this, the range of terms of exact sums */
#define PARTICLE_FILE_SPHERE 1e-6   /* largest relative deviation of |z| from sqrt d */

struct particle_set {
  char group[32];
  int64_t n;
  int64_t replicas; /* R of the datasets with this axis, or 1 */
  unsigned own;     /* the fields with the axis R, if R > 1, as a set (FIELD_BIT_*) */
};

/* Contains no pointers, because it is broadcast. */
struct particle_file {
  char key[32]; /* the key of the input, for messages */
  char path[4096];
  bool checkpoint;
  bool z;          /* the field a is named z */
  unsigned fields; /* the fields in each set */
  int sets;
  struct particle_set set[ENSEMBLE_MAX];
};

/* Collective. Reads the layout of the file and checks that it has sets for all networks of an ensemble. verified: the
 * bytes of the file have been verified by checksums; otherwise a child process reads the whole file first
 * (io/sandbox.h). d: dimension that a must have. USAGE: the file cannot be read, or has other datasets, shapes or types
 * than expected, or too few units or entries R; the message names them and key. */
int particle_file_open(const struct comm *comm, const char *key, const struct unit_spec *unit, int d,
                       const struct ensemble_spec *ensemble, bool verified, struct particle_file *file);

/* Local. Returns the set from which a network of n units takes its units, or NULL if all sets have fewer. */
const struct particle_set *particle_file_set(const struct particle_file *file, int64_t n);

/* Local. Returns whether all initial conditions of some n start with equal particles: the file has all fields, none has
 * the axis R, and no subset differs. */
bool particle_file_equal(const struct particle_file *file, const struct unit_spec *unit,
                         const struct ensemble_spec *ensemble);

/* Collective. Sets the fields that the file has in all units of particles; each rank reads the units that it owns, in
 * parts of at most 4 MiB. On the sphere, scales z to |z|^2 = d, unless it differs only by rounding in the stored
 * precision; then its bits are kept. seed: used unless unit.import.seed is set. Cost of a random subset: about 10 ns
 * for each unit of its set. USAGE: a value is not finite or out of PARTICLE_FILE_RANGE, or z is not on the sphere.
 * FAILED: no memory, or the file cannot be read. */
int particle_file_import(const struct particle_file *file, struct particles *particles, uint64_t seed);

/* Collective. Returns a checksum of the parameters of all units: the sum of the CRC-32C of each unit and field. It does
 * not depend on the number of ranks. */
uint32_t particle_file_checksum(const struct particles *particles);

/* Local. Writes what an import takes from the file, for example "a, b, one set for all replicas, from the file; from
 * the distributions of unit.init: c". */
void particle_file_describe(const struct particle_file *file, const struct unit_spec *unit,
                            const struct ensemble_spec *ensemble, char *text, size_t size);

#endif
