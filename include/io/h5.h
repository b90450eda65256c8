/* h5: HDF5 files. It is the only user of the HDF5 library (with src/io/h5_guard).
 *
 * Files are accessed by one process, without parallel HDF5. All functions are local. They return FAILED on any error,
 * with the file, the object, what was expected and what was found; FULL on a full disk. Objects are named by absolute
 * paths ("/ensemble/0/c"); missing groups along a path are created. HDF5's own error output is off; messages quote its
 * innermost error.
 *
 * A file may come from anywhere, so no reference in it is followed. Refused are links other than hard links, external
 * storage, virtual datasets, variable-length strings and numbers, unusual types and filters. Filter plugins are not
 * loaded. The size that a dataset claims is compared with what is stored before memory is allocated
 * (src/io/h5_guard.h). Control characters in strings become "?". Damage or forgery below that, in HDF5's own
 * structures, is left to the HDF5 library. */
#ifndef MCKEAN_IO_H5_H
#define MCKEAN_IO_H5_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum h5_type { H5_FLOAT, H5_DOUBLE, H5_INT64, H5_UINT64, H5_UINT32 };
enum { H5_RANK_MAX = 4 };

struct h5;

/* Initializes the library. Call once, before MPI starts. */
void h5_start(void);

/* Creates a file. user_block: bytes left free at the start of the file, 0 or a power of two >= 512. Uses the default
 * library version bounds, because files of the newest format are unreadable after a kill. */
int h5_create(const char *path, int64_t user_block, struct h5 **file);
int h5_open(const char *path, bool writable, struct h5 **file);

/* Flushes and closes; frees file even on failure. Accepts NULL. */
int h5_close(struct h5 *file);

/* Returns whether the object exists and is reached by hard links only. */
bool h5_exists(struct h5 *file, const char *object);

/* Attributes of a group or dataset; the root group is "/". Setting creates a missing group and replaces an old
 * value. */
int h5_set_text(struct h5 *file, const char *object, const char *name, const char *value);
int h5_set_int(struct h5 *file, const char *object, const char *name, int64_t value);
int h5_set_double(struct h5 *file, const char *object, const char *name, double value);
int h5_get_text(struct h5 *file, const char *object, const char *name, char **value); /* the caller frees it */
int h5_get_int(struct h5 *file, const char *object, const char *name, int64_t *value);
int h5_get_double(struct h5 *file, const char *object, const char *name, double *value);

/* Writes a new contiguous dataset of shape[rank]. */
int h5_write(struct h5 *file, const char *dataset, enum h5_type type, int rank, const int64_t *shape, const void *data);

/* Reads the shape of a dataset of numbers: *rank entries, then zeros. The dataset takes at most 16 MiB or 1032 times
 * the bytes of the file, whichever is larger; FAILED otherwise. */
int h5_shape(struct h5 *file, const char *dataset, int *rank, int64_t shape[H5_RANK_MAX]);

/* Reads a whole dataset and converts it to type. FAILED: its shape is not shape[rank]. */
int h5_read(struct h5 *file, const char *dataset, enum h5_type type, int rank, const int64_t *shape, void *data);

/* Reads indices first .. first+count-1 of the first dimension. shape: of the whole dataset, as for h5_read. */
int h5_read_rows(struct h5 *file, const char *dataset, enum h5_type type, int rank, const int64_t *shape, int64_t first,
                 int64_t count, void *data);

/* Creates a contiguous dataset whose space is allocated now and never filled. *offset: the byte in the file at which
 * its numbers start, for code that writes them without HDF5. */
int h5_reserve(struct h5 *file, const char *dataset, enum h5_type type, int rank, const int64_t *shape,
               int64_t *offset);

/* *offset: the byte in the file at which the numbers of a contiguous dataset start. FAILED: it is not contiguous, or
 * stored in another type. */
int h5_offset(struct h5 *file, const char *dataset, enum h5_type type, int64_t *offset);

/* Chunk size of series: H5_CHUNK_NUMBERS numbers (64 KiB as doubles) but at least one row and at most H5_CHUNK_ROWS. */
enum { H5_CHUNK_NUMBERS = 8192, H5_CHUNK_ROWS = 1024 };

/* Appends rows to a series: a dataset that grows along its first dimension. Creates a missing dataset, truncates it to
 * its first `keep` rows, then appends `rows` rows. row_shape has row_rank entries (0: scalars). FAILED: the dataset has
 * fewer than keep rows. */
int h5_append(struct h5 *file, const char *dataset, enum h5_type type, int row_rank, const int64_t *row_shape,
              int64_t keep, int64_t rows, const void *data);

/* text = name and version of the library: "HDF5 1.10.8". */
void h5_version(char *text, size_t size);

#endif
