/* setup: from input, or from a checkpoint, to target, data and particles.
 *
 * Functions are collective unless said otherwise. USAGE where the input does not fit a data file (its dimension, its
 * number of points).
 */
#ifndef MCKEAN_RUN_PROBLEM_H
#define MCKEAN_RUN_PROBLEM_H

#include "config/config.h"
#include "data/dataset.h"
#include "data/target.h"
#include "parallel/comm.h"
#include "particles/particles.h"
#include "store/checkpoint.h"

/* The level of the kernels: run.isa, by default the best that all processors have. USAGE if one of them lacks it. */
int problem_isa(const struct comm *comm, const struct config *config, enum isa *isa);

int problem_data(const struct comm *comm, const struct config *config, struct target **target, struct dataset **data);

/* Local. What config_read could not know of a file: its points and their dimension; problem_data has asked it. */
int problem_check(const struct config *config, const struct target *target, const struct dataset *data);

/* Balanced for the batches of a stage; units all zero. */
int problem_particles(const struct comm *comm, const struct config *config, const struct dataset *data, int stage,
                      struct particles **particles);

/* What a checkpoint holds, on any number of ranks. */
struct problem {
  struct checkpoint_info info;
  struct config *config;
  struct target *target;
  struct dataset *data;
  struct particles *particles;
};

/* Checks every byte of the checkpoint. What fails leaves things to free. FAILED: damaged, no memory. USAGE: its
 * points were read from a file that has changed. */
int problem_open(const struct comm *comm, const char *path, struct problem *setup);
void problem_free(struct problem *setup); /* local; frees what it holds */

#endif
