/* outputs_file: the outputs f_n of networks at points, in an HDF5 file of the verb eval.
 *
 *   /            attributes format "mckean-outputs", format_version, random_numbers (of the run, from version 2 of its
 *                checkpoints on), config, checkpoint, step, points_file
 *   /point       the dimension scale of the points: 0 .. points-1
 *   /ensemble/i  a size n with chosen networks: attributes n, time; datasets replica (R), f (R, points), and if the
 *                points have labels, loss (R)
 *   /provenance  attributes, see log/provenance.h
 *
 * All functions are local, on rank 0. FULL or FAILED: an I/O error. */
#ifndef MCKEAN_STUDY_OUTPUTS_FILE_H
#define MCKEAN_STUDY_OUTPUTS_FILE_H

#include "log/provenance.h"
#include "study/point_outputs.h"

struct outputs_file;

/* Creates the file under a temporary name and reserves its space. USAGE: the file at path exists and was not written by
 * the verb eval. */
int outputs_file_create(const char *path, const struct point_outputs *outputs, const struct provenance *provenance,
                        struct outputs_file **file);

/* Writes f [networks][count] of points first .. first+count-1 of all chosen networks. */
int outputs_file_write(struct outputs_file *file, int64_t first, int64_t count, const double *f);

/* If status is OK, writes the losses and gives the file its name; otherwise removes it. Frees file. Returns status, or
 * the error of this call. Accepts NULL. */
int outputs_file_finish(struct outputs_file *file, int status);

#endif
