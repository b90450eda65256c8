/* problem: the networks of an input, with their target, data, particles and dynamics.
 *
 * A problem is created by problem_create, by problem_open, or member by member in the order of the members below,
 * because each member needs those above it. A function that fails leaves a problem that problem_free accepts. */
#ifndef MCKEAN_RUN_PROBLEM_H
#define MCKEAN_RUN_PROBLEM_H

#include "config/config.h"
#include "data/dataset.h"
#include "data/target.h"
#include "dynamics/dynamics.h"
#include "parallel/comm.h"
#include "particles/particle_file.h"
#include "particles/particles.h"
#include "store/checkpoint.h"

/* Owns what it points to, except comm. */
struct problem {
  const struct comm *comm;
  struct config *config;
  enum isa isa; /* instruction-set level of the kernels */
  struct target *target;
  struct dataset *data;
  struct particle_file *file; /* the file with the initial particles, NULL: none, or not opened */
  struct particles *particles;
  struct dynamics *dynamics;
  struct checkpoint_info info; /* of the checkpoint that problem_open has read; otherwise zero */
};

/* Creates the networks of config in their initial condition, ready for step 0. problem: overwritten; owns config from
 * now on, even after a failure. Collective. USAGE: the input does not fit this machine or its data. FAILED: no
 * memory. */
int problem_create(const struct comm *comm, struct config *config, struct problem *problem);

/* Creates the networks of a checkpoint, without dynamics, on any number of ranks. The overrides "key=value" of its
 * input are limited to keys that may change when a run resumes, such as target.path. problem: overwritten. isa: the
 * checkpoint's level or, if lower, the highest level that all ranks support. Collective. Verifies every byte of the
 * file. FAILED: damaged, no memory. USAGE: written by a newer program, or the data file has changed since the run.
 * UNREAD: as for checkpoint_verify. */
int problem_open(const struct comm *comm, const char *path, int overrides, char *const *override,
                 struct problem *problem);

/* The same, without target and data, which stay NULL: the particles of a checkpoint whose data file may be absent. */
int problem_open_particles(const struct comm *comm, const char *path, struct problem *problem);

void problem_free(struct problem *problem); /* Local; frees what the problem owns. */

/* ---- members, one by one ---- */

/* Sets isa: run.isa, or for auto the highest level that the processors of all ranks have. Collective. USAGE: a
 * processor lacks the level of run.isa. */
int problem_isa(struct problem *problem);

/* Creates target and data, and checks that they fit the input and have equal bits on all ranks. Collective. USAGE: the
 * input does not fit the data, or the points or coefficients of a rank differ from those of rank 0. FAILED: no
 * memory. */
int problem_data(struct problem *problem);

/* Opens the file of unit.init.path, if the input has one, and checks that it fits the input. A problem whose particles
 * come from a checkpoint does not need it. Collective. USAGE: as for particle_file_open; the file is a damaged
 * checkpoint; or all networks would have equal trajectories: equal particles, equal data, no noise and no events. */
int problem_particle_file(struct problem *problem);

/* Checks that the initial laws in the input are not replaced by fields of a file: of unit.init.path, if it is open, and
 * of target.teacher.path. A run that older programs started with such an input can be resumed. Local, the same on all
 * ranks. USAGE: the error text has a line for each such law. */
int problem_startable(const struct problem *problem);

/* Creates particles with all parameters zero, and distributes their blocks to balance the cost of a stage of the
 * schedule over the ranks. Collective. FAILED: no memory. */
int problem_particles(struct problem *problem, int stage);

/* Sets the particles to the initial condition: draws them from the initial laws, then reads the fields that the file
 * contains.
 * Sets config->unit.import.checksum. Collective. USAGE and FAILED: as for particle_file_import; or the particles do
 * not have the checksum in the input. */
int problem_initialize(struct problem *problem);

/* Checks, for a run to resume, that the file of unit.init.path, whose path is not that in the checkpoint, has the
 * particles with which the run started: opens it, unless it is open, and calls problem_initialize. Collective. Errors:
 * those of problem_particle_file and problem_initialize. */
int problem_moved_file(struct problem *problem);

/* Creates dynamics; call dynamics_enter_stage before its first step. Collective. USAGE and FAILED: as for
 * dynamics_create. */
int problem_dynamics(struct problem *problem);

/* Checks the keys of config whose valid values depend on the number of points and the dimension of a data file.
 * problem_data includes this check. Local. USAGE: a key does not fit the data. */
int problem_check(const struct config *config, const struct dataset *data);

#endif
