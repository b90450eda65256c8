/* file_header: the first 512 bytes of a checkpoint or a history, which the HDF5 library leaves free (its user block),
 * and checksums of the bytes after it.
 *
 * Layout, little-endian: magic (8 bytes), format version (4), fields of the file type (496), CRC-32C of the 508 bytes
 * before it (4). All functions are local. */
#ifndef MCKEAN_IO_FILE_HEADER_H
#define MCKEAN_IO_FILE_HEADER_H

#include <stdbool.h>
#include <stdint.h>

enum { FILE_HEADER_BYTES = 512, FILE_HEADER_MAGIC = 8, FILE_HEADER_FIELDS = 12 /* offset of the fields */ };

/* Sets magic, version and CRC. The caller sets the fields first; unused bytes must be zero. */
void file_header_seal(const char magic[FILE_HEADER_MAGIC], uint32_t version, unsigned char header[FILE_HEADER_BYTES]);

/* Returns whether a buffer of at least FILE_HEADER_MAGIC bytes begins with magic. */
bool file_header_is(const char magic[FILE_HEADER_MAGIC], const void *bytes);

uint32_t file_header_version(const unsigned char header[FILE_HEADER_BYTES]);

/* Returns whether the stored CRC is that of the bytes before it. *stored, *computed = the two CRCs. */
bool file_header_intact(const unsigned char header[FILE_HEADER_BYTES], uint32_t *stored, uint32_t *computed);

/* Extends *crc by the bytes begin .. end-1 of a file, as durable_file_crc does, but reads the open flags of HDF5 as 0.
 * The library sets them while a program has the file open for writing. A program that was killed then leaves them set,
 * although nothing else has changed; the library reads and writes such a file (superblock version 0). */
int file_header_body_crc(int file, const char *path, int64_t begin, int64_t end, uint32_t *crc);

#endif
