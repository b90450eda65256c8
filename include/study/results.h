/* results: named arrays of numbers, written as JSON and as HDF5, so that names and descriptions are stated once.
 *
 * A name is a path without a leading slash: "V/values" is the array values of the object (JSON) or group (HDF5) V. All
 * arrays of one group must be added in succession. Numbers that are not finite become null in JSON. All functions are
 * local. */
#ifndef MCKEAN_STUDY_RESULTS_H
#define MCKEAN_STUDY_RESULTS_H

#include <stdint.h>

#include "log/provenance.h"
#include "study/findings.h"

struct results;

struct results *results_create(void);
void results_free(struct results *results); /* accepts NULL */

/* Add a copy of values, of shape [rank]: rank 0 (a scalar; in HDF5 an attribute of its group), 1 or 2. */
void results_add(struct results *results, const char *name, const char *description, int rank, const int64_t *shape,
                 const double *values);
void results_integers(struct results *results, const char *name, const char *description, int64_t count,
                      const int64_t *values);

/* Adds count words without spaces; in HDF5 one attribute of the group, with a space between words. */
void results_words(struct results *results, const char *name, int64_t count, const char *const *words);

/* Adds three arrays group/names[i]: values, low ends, high ends. */
extern const char *const results_values[3]; /* "values", "low", "high" */
void results_estimates(struct results *results, const char *group, const char *const names[3], const char *description,
                       int rank, const int64_t *shape, const struct estimate *estimates);

/* Adds the array "verdicts" to JSON: an object {kind, name, n, t, estimate, interval, confidence, expected, verdict,
 * reason, text} for each finding, with the printed line as text. findings must outlive results; HDF5 does not get
 * them. */
void results_findings(struct results *results, const struct findings *findings);

/* Write a new file in place of an old one. HDF5 also has the attributes format "mckean-analysis", format_version and
 * config, and the group provenance. FAILED: cannot write; the old file stays. */
int results_json(const struct results *results, const char *path);
int results_write(const struct results *results, const char *config, const struct provenance *provenance,
                  const char *path);

#endif
