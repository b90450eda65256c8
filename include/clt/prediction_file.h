/* prediction_file: the file in which the verb predict stores a prediction, and from which `analyze --predicted` reads
 * it.
 *
 *   /                 attributes format "mckean-prediction", format_version, random_numbers, config, run, units (N),
 *                     references (J), seed, points_checksum: CRC-32C of the points and labels of both sets, in
 *                     hexadecimal digits
 *   /time, /step      [times]
 *   /test/x           [K][d]: the test points
 *   /test/g           [times][draws][K], float: g at the test points; draw m belongs to reference floor(m J / M)
 *   /test/f           [times][references][K]: f_N at the test points
 *   /test, /train     square [times][draws]: mean over the points of g^2; nV, nV_error [times]: the prediction of
 *                     n V_n and its standard error
 *   /provenance       attributes, see log/provenance.h
 *
 * All functions are local. */
#ifndef MCKEAN_CLT_PREDICTION_FILE_H
#define MCKEAN_CLT_PREDICTION_FILE_H

#include "clt/prediction.h"
#include "log/provenance.h"

/* Writes the file, completely or not at all. USAGE: the file at path exists and is not an earlier prediction. FULL,
 * FAILED: an I/O error. */
int prediction_file_write(const struct prediction *prediction, const struct provenance *provenance, const char *path);

/* Local. Returns the CRC-32C of points x [count][d] and labels y [count] that follow those with the CRC-32C `crc`. The
 * checksum of a prediction is that of the test points followed by the training points. */
uint32_t prediction_points_crc(uint32_t crc, int64_t count, int d, const double *x, const double *y);

/* The content of a file that analyses use. */
struct prediction_file {
  int times, draws, references;
  int64_t units, points;           /* N, K */
  char *config;                    /* the input of the references */
  char *points_checksum;           /* NULL in a file of an earlier version */
  double *time;                    /* [times] */
  double *square[PREDICTION_SETS]; /* [times][draws]; NULL: the set does not exist */
};

/* Reads a file. USAGE: it is not a prediction. FAILED: it is damaged; no memory. *file is freed with
 * prediction_file_free. */
int prediction_file_read(const char *path, struct prediction_file **file);
void prediction_file_free(struct prediction_file *file); /* accepts NULL */

/* draws [draws][K] = g at the test points at a time, an index of file->time. FAILED: the file is damaged. */
int prediction_file_draws(const char *path, const struct prediction_file *file, int time, double *g);

#endif
