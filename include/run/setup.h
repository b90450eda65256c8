/* setup: from input, or from a checkpoint, to target, data and particles.
 *
 * Functions are collective unless said otherwise. USAGE where the input does not fit a data file (its dimension, its
 * number of points).
 */
#ifndef MCKEAN_RUN_SETUP_H
#define MCKEAN_RUN_SETUP_H

#include "base/comm.h"
#include "model/data.h"
#include "model/particles.h"
#include "model/target.h"
#include "run/checkpoint.h"
#include "run/config.h"

/* The level of the kernels: run.isa, by default the best that all processors have. USAGE if one of them lacks it. */
int setup_isa(const struct comm *comm, const struct config *config, enum isa *isa);

int setup_data(const struct comm *comm, const struct config *config, struct target **target, struct data **data);

/* Local. What config_read could not know of a file: its points and their dimension; setup_data has asked it. */
int setup_check(const struct config *config, const struct target *target, const struct data *data);

/* Balanced for the batches of a stage; units all zero. */
int setup_particles(const struct comm *comm, const struct config *config, const struct data *data, int stage,
                    struct particles **particles);

/* What a checkpoint holds, on any number of ranks. */
struct setup {
  struct checkpoint_info info;
  struct config *config;
  struct target *target;
  struct data *data;
  struct particles *particles;
};

/* Checks every byte of the checkpoint. What fails leaves things to free. FAILED: damaged, no memory. USAGE: its
 * points were read from a file that has changed. */
int setup_open(const struct comm *comm, const char *path, struct setup *setup);
void setup_free(struct setup *setup); /* local; frees what it holds */

#endif
