/* h5: HDF5 files. Only src/io/h5*.c use the HDF5 library.
 *
 * Each process opens files by itself; parallel HDF5 is not used. All functions are local. Functions that can fail
 * return FULL on a full disk and FAILED on any other error; the message states the file, the object, what was expected
 * and what was found. Objects are named by absolute paths ("/ensemble/0/c"); writing creates missing groups along a
 * path. HDF5's own error output is off; messages quote its innermost error.
 *
 * A file may come from an untrusted source, so references in it are not followed. Links other than hard links, external
 * storage, virtual datasets, variable-length strings, and unusual types and filters are refused. Filter plugins are not
 * loaded. The declared size of a dataset is compared with its stored bytes before memory is allocated
 * (src/io/h5_guard.h). Control characters in strings become "?". Damaged or forged internal structures of HDF5 are not
 * detected here; they can crash the HDF5 library (io/sandbox.h). */
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

/* h5_create creates a file and replaces an existing one; h5_open opens an existing file. user_block: bytes left free at
 * the start of a new file, 0 or a power of two >= 512. Files have the default library version bounds, because a file of
 * the newest format is unreadable if the process that writes it is killed. The caller calls h5_close. On failure *file
 * is NULL. */
int h5_create(const char *path, int64_t user_block, struct h5 **file);
int h5_open(const char *path, bool writable, struct h5 **file);

/* Flushes and closes the file, and frees `file`, even on failure. Accepts NULL. */
int h5_close(struct h5 *file);

/* Returns whether a file is an HDF5 file whose attribute format is this text. */
bool h5_is_format(const char *path, const char *format);

/* Returns whether the object exists and is reached by hard links only. */
bool h5_exists(struct h5 *file, const char *object);

/* name [size] = the name of link number i, counted from 0 in ascending order of names, of an existing group, truncated
 * to size - 1 bytes. Returns false if there is no such link. */
bool h5_link(struct h5 *file, const char *group, int64_t i, char *name, size_t size);

/* The same for attribute number i of an object. */
bool h5_attribute(struct h5 *file, const char *object, int64_t i, char *name, size_t size);

/* Set and get scalar attributes of a group or dataset; the root group is "/". Setting creates a missing group and
 * replaces an old value. h5_set_text stores a valid text: other bytes become escapes (utf8_lines). */
int h5_set_text(struct h5 *file, const char *object, const char *name, const char *value);
int h5_set_int(struct h5 *file, const char *object, const char *name, int64_t value);
int h5_set_double(struct h5 *file, const char *object, const char *name, double value);
int h5_get_text(struct h5 *file, const char *object, const char *name, char **value); /* the caller frees *value */
int h5_get_int(struct h5 *file, const char *object, const char *name, int64_t *value);
int h5_get_double(struct h5 *file, const char *object, const char *name, double *value);

/* Sets the attributes that describe a dataset: description and, unless units is NULL, unit; and the same texts as
 * long_name and units, which xarray and netCDF use. */
int h5_describe(struct h5 *file, const char *dataset, const char *description, const char *units);

/* Names the dimensions of a new dataset, once. scales [rank]: the absolute paths of one-dimensional datasets, which
 * become dimension scales (a convention of HDF5 that h5py, xarray and netCDF read). A dataset that is its own scale
 * only becomes a scale. Writes attributes of the dataset and of the scales. */
int h5_dimensions(struct h5 *file, const char *dataset, int rank, const char *const *scales);

/* Writes the numbers 0 .. count-1 to a new dataset, describes it, and makes it a scale for h5_dimensions. */
int h5_index(struct h5 *file, const char *dataset, int64_t count, const char *description);

/* Writes data to a new contiguous dataset of shape[rank], row-major. */
int h5_write(struct h5 *file, const char *dataset, enum h5_type type, int rank, const int64_t *shape, const void *data);

/* Reads the shape of a dataset of numbers: *rank entries, then zeros. FAILED: the dataset does not exist, has more than
 * H5_RANK_MAX dimensions, or is refused by src/io/h5_guard.h. */
int h5_shape(struct h5 *file, const char *dataset, int *rank, int64_t shape[H5_RANK_MAX]);

/* Returns whether an object is a dataset of numbers or of bool of h5py (0 and 1), stored in this file. text [H5_TEXT]:
 * what it is, for messages: its shape, with the kind of its values if these are not numbers, such as "(200, 8)" or
 * "(200) of text"; "(a group)"; or "(a link)". */
enum { H5_TEXT = 192 };
bool h5_is_numbers(struct h5 *file, const char *object, char text[H5_TEXT]);

/* Writes a shape as text, for example "(200, 8)", and returns text. */
const char *h5_shape_text(int rank, const int64_t *shape, char text[128]);

/* Reads a whole dataset and converts it to type. FAILED: its shape is not shape[rank]. */
int h5_read(struct h5 *file, const char *dataset, enum h5_type type, int rank, const int64_t *shape, void *data);

/* Reads indices first .. first+count-1 of the first dimension. shape: of the whole dataset, as for h5_read. */
int h5_read_rows(struct h5 *file, const char *dataset, enum h5_type type, int rank, const int64_t *shape, int64_t first,
                 int64_t count, void *data);

/* Reads the part start .. start+count-1 of each of `rank` dimensions, row-major. FAILED: the dataset has another number
 * of dimensions, or the part is not inside it. */
int h5_read_part(struct h5 *file, const char *dataset, enum h5_type type, int rank, const int64_t *start,
                 const int64_t *count, void *data);

/* Creates a contiguous dataset whose space is allocated now and not initialized. *offset: the byte in the file at which
 * its numbers start, for code that writes them without HDF5. */
int h5_reserve(struct h5 *file, const char *dataset, enum h5_type type, int rank, const int64_t *shape,
               int64_t *offset);

/* *offset: the byte in the file at which the numbers of a contiguous dataset start. FAILED: the dataset is not
 * contiguous, or its stored type is not the native form of `type`. */
int h5_offset(struct h5 *file, const char *dataset, enum h5_type type, int64_t *offset);

/* Chunks of a series: as many rows as make up H5_CHUNK_NUMBERS numbers (64 KiB as doubles), at least one row and at
 * most H5_CHUNK_ROWS. A row of more than 16 H5_CHUNK_NUMBERS numbers is split among several chunks. */
enum { H5_CHUNK_NUMBERS = 8192, H5_CHUNK_ROWS = 1024 };

/* Appends rows to a series: a dataset that grows along its first dimension. Creates the dataset if it is missing,
 * truncates it to its first `keep` rows, then appends `rows` rows. row_shape has row_rank entries (0: scalars). FAILED:
 * the dataset has fewer than `keep` rows, or rows of another shape. */
int h5_append(struct h5 *file, const char *dataset, enum h5_type type, int row_rank, const int64_t *row_shape,
              int64_t keep, int64_t rows, const void *data);

/* text [size] = name and version of the library, such as "HDF5 1.10.8". */
void h5_version(char *text, size_t size);

#endif
