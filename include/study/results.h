/* results: named arrays of numbers, written as JSON and as HDF5, so that names and descriptions stand in one place.
 *
 * A name is a path without a leading slash: "V/values" is the array values of the object (JSON) or group (HDF5) V.
 * Arrays of one group are added one after another. Numbers that are not finite become null in JSON. One process. */
#ifndef MCKEAN_STUDY_RESULTS_H
#define MCKEAN_STUDY_RESULTS_H

#include <stdint.h>
#include <stdio.h>

#include "log/provenance.h"

/* A value with its confidence interval; NAN where the data cannot tell. */
struct estimate {
  double value, low, high;
};

/* Local. Two blanks and factor times the estimate, "value [low, high]", in a cell of that width; "-" for NAN. */
void results_print(FILE *out, int width, struct estimate estimate, double factor);

struct results;

struct results *results_create(void);
void results_free(struct results *results); /* accepts NULL */

/* Local. Copies. shape [rank], rank 0 (a scalar, in HDF5 an attribute of its group) to 2. */
void results_add(struct results *results, const char *name, const char *description, int rank, const int64_t *shape,
                 const double *values);
void results_integers(struct results *results, const char *name, const char *description, int64_t count,
                      const int64_t *values);

/* Local. count words without spaces; in HDF5 one attribute of the group, the words parted by spaces. */
void results_words(struct results *results, const char *name, int64_t count, const char *const *words);

/* Local. Three arrays group/names[i]: values, low ends, high ends. */
extern const char *const results_values[3]; /* values, low, high */
void results_estimates(struct results *results, const char *group, const char *const names[3], const char *description,
                       int rank, const int64_t *shape, const struct estimate *estimates);

/* Local. Replace the file as a whole. HDF5 has attributes format "mckean-analysis", format_version, config, and the
 * group provenance besides. FAILED: cannot write; the old file stays. */
int results_json(const struct results *results, const char *path);
int results_write(const struct results *results, const char *config, const struct provenance *provenance,
                  const char *path);

#endif
