/* h5: the only user of the HDF5 library (with src/base/h5_guard). Serial files, one process; all functions local and
 * FAILED on any error, with file, object, what was expected and what was found. Objects are named by absolute paths
 * ("/ensemble/0/c"); missing groups on the way are made. HDF5's own error printing is off; its innermost message is
 * quoted in the text.
 *
 * A file may come from anywhere, and no path in it is followed: links other than hard ones, external storage, virtual
 * datasets, variable-length texts and numbers, unusual types and filters are refused, filters from outside the library
 * are not loaded, and what a dataset claims is compared with what is stored before anybody asks for memory
 * (src/io/h5_guard.h). Control characters of texts become "?". A file that is damaged or forged below that, in HDF5's
 * own structures, is in the hands of the HDF5 library. */
#ifndef MCKEAN_IO_H5_H
#define MCKEAN_IO_H5_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum h5_type { H5_FLOAT, H5_DOUBLE, H5_INT64, H5_UINT64, H5_UINT32 };
enum { H5_RANK_MAX = 4 };

struct h5;

/* Call once, before MPI starts. */
void h5_start(void);

/* user_block: bytes left free at the start of the file, 0 or a power of two >= 512. Default library version bounds:
 * files of the newest format are unreadable after a kill. */
int h5_create(const char *path, int64_t user_block, struct h5 **file);
int h5_open(const char *path, bool writable, struct h5 **file);
int h5_close(struct h5 *file); /* flushes and checks; frees even when it fails; accepts NULL */

bool h5_exists(struct h5 *file, const char *object);

/* Attributes of a group or dataset (group "/" is the root); writing makes a missing group and replaces an old value. */
int h5_set_text(struct h5 *file, const char *object, const char *name, const char *value);
int h5_set_int(struct h5 *file, const char *object, const char *name, int64_t value);
int h5_set_double(struct h5 *file, const char *object, const char *name, double value);
int h5_get_text(struct h5 *file, const char *object, const char *name, char **value); /* to be freed */
int h5_get_int(struct h5 *file, const char *object, const char *name, int64_t *value);
int h5_get_double(struct h5 *file, const char *object, const char *name, double *value);

/* Whole datasets, contiguous. shape has rank entries. */
int h5_write(struct h5 *file, const char *dataset, enum h5_type type, int rank, const int64_t *shape, const void *data);

/* Shape of a dataset of numbers; *rank entries, then zeros. At most 1032 times the bytes of the file, or 16 MiB. */
int h5_shape(struct h5 *file, const char *dataset, int *rank, int64_t shape[H5_RANK_MAX]);

/* Whole dataset, converted to type; its shape must be the one given. */
int h5_read(struct h5 *file, const char *dataset, enum h5_type type, int rank, const int64_t *shape, void *data);

/* Rows first .. first+count-1 of the first dimension; shape as for h5_read, of the whole dataset. */
int h5_read_rows(struct h5 *file, const char *dataset, enum h5_type type, int rank, const int64_t *shape, int64_t first,
                 int64_t count, void *data);

/* A contiguous dataset whose space is allocated now and never filled: *offset is the byte in the file at which its
 * numbers start, for writers of their own. */
int h5_reserve(struct h5 *file, const char *dataset, enum h5_type type, int rank, const int64_t *shape,
               int64_t *offset);

/* Byte in the file at which the numbers of a contiguous dataset, stored in this type, start. */
int h5_offset(struct h5 *file, const char *dataset, enum h5_type type, int64_t *offset);

/* Series grow by chunks of so many numbers (64 KiB), or one row if that is longer, of at most so many rows. */
enum { H5_CHUNK_NUMBERS = 8192, H5_CHUNK_ROWS = 1024 };

/* Series: datasets that grow along the first dimension. Makes the dataset if it is missing, cuts it to keep rows, then
 * appends rows. row_shape has row_rank entries (0: scalars). FAILED if it has fewer than keep rows. */
int h5_append(struct h5 *file, const char *dataset, enum h5_type type, int row_rank, const int64_t *row_shape,
              int64_t keep, int64_t rows, const void *data);

/* "HDF5 1.10.8" */
void h5_version(char *text, size_t size);

#endif
