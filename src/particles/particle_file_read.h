/* particle_file_read: reads parts of datasets of a particle file. Private to particle_file*.c. All functions are
 * local. */
#ifndef MCKEAN_PARTICLES_PARTICLE_FILE_READ_H
#define MCKEAN_PARTICLES_PARTICLE_FILE_READ_H

#include "io/h5.h"
#include "particles/particle_file.h"

enum { PARTICLE_FILE_NAME = 48, PARTICLE_FILE_PART = 4 << 20 /* bytes read at a time */ };

/* name = the path of the dataset of a field. */
void particle_file_dataset(const struct particle_file *file, const struct particle_set *set, enum field_id id,
                           char name[PARTICLE_FILE_NAME]);

/* Returns the number of units in a part of a dataset: at least 1. */
int64_t particle_file_part(enum field_id id, int d);

/* Reads values [count][width of the field] of units first .. first+count-1, of entry `replica` if the dataset has this
 * axis. FAILED: the file cannot be read. */
int particle_file_read(struct h5 *h5, const struct particle_file *file, const struct particle_set *set,
                       enum field_id id, int d, int64_t replica, int64_t first, int64_t count, double *values);

/* Returns the number of initial conditions of each size. */
int64_t particle_file_initials(const struct ensemble_spec *ensemble);

#endif
