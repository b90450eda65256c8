/* results: named arrays of numbers or words, added once and written as JSON, as HDF5, or as both.
 *
 * A name is a path without a leading slash: "V/values", or "values" in the group "V", is the array `values` of the
 * object (JSON) or group (HDF5) V. Add all arrays of a group one after the other. In JSON, numbers that are not finite
 * become null, and descriptions are left out. All functions are local. */
#ifndef MCKEAN_STUDY_RESULTS_H
#define MCKEAN_STUDY_RESULTS_H

#include <stdbool.h>
#include <stdint.h>

#include "log/provenance.h"
#include "study/findings.h"

struct results;

struct results *results_create(void);
void results_free(struct results *results); /* accepts NULL */

/* Sets the group of the arrays that are added from now on, for example "clt/0"; initially "", the root. The
 * functions below take names relative to this group. */
void results_group(struct results *results, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Name the dimensions, and the physical unit, of the arrays that are added from now on; results_group removes both. An
 * array of rank 1 has the dimension `first`, one of rank 2 `first` and `second`. In HDF5 a dimension is a scale
 * (h5_dimensions): the array of this name and length in the group or else in the root, otherwise the numbers 0, 1, ...
 * in the group. The strings must be static. */
void results_dimensions(struct results *results, const char *first, const char *second);
void results_units(struct results *results, const char *units);

/* Add a copy of values. shape has `rank` entries, 0 to 2; a scalar (rank 0) becomes an attribute of its group in HDF5.
 * description may be NULL. HDF5 stores it as an attribute of the dataset (h5_describe), except for a scalar. */
void results_add(struct results *results, const char *name, const char *description, int rank, const int64_t *shape,
                 const double *values);
void results_integers(struct results *results, const char *name, const char *description, int64_t count,
                      const int64_t *values);

/* Adds `count` words that contain no spaces: in JSON an array of strings, in HDF5 one attribute of the group, with a
 * space between words. */
void results_words(struct results *results, const char *name, int64_t count, const char *const *words);

/* The same for lines, which contain no line ends: in HDF5, with a line end between them. */
void results_lines(struct results *results, const char *name, int64_t count, const char *const *lines);

/* Adds three arrays, names[0..2]: the values of the estimates, the low ends and the high ends of their intervals. */
extern const char *const results_values[3]; /* "values", "low", "high" */
void results_estimates(struct results *results, const char *const names[3], const char *description, int rank,
                       const int64_t *shape, const struct estimate *estimates);

/* Adds the array "verdicts" to JSON: an object {kind, name, n, t, estimate, interval, confidence, expected, verdict,
 * reason, text} for each finding, where text is the printed line. HDF5 files do not contain findings. findings must
 * outlive results. */
void results_findings(struct results *results, const struct findings *findings);

/* For result_file_open: whether the file is an HDF5 file whose attribute format has this value (a string). */
bool results_is_earlier(const char *path, const void *format);

/* Write a file as JSON (path "-": standard output) or HDF5 (io/result_file.h). The HDF5 file also
 * has the attributes format_version, random_numbers, config and format (= "mckean-analysis"), and the group provenance.
 * random_numbers names the generators of the program that writes the file, also if runs have format version 1.
 * FAILED: cannot write (FULL for HDF5 on a full disk). USAGE: the file at path is not an earlier result. After a
 * failure the file at path is unchanged. */
int results_json(const struct results *results, const char *path);
int results_write(const struct results *results, const char *config, const struct provenance *provenance,
                  const char *path);

/* Writes the printed tables to path, and replaces an earlier text of this kind ("2 runs, ...") or an empty file; links
 * are followed and kept. Errors: as for results_write. */
int results_text(const char *text, const char *path);

#endif
