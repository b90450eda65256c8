/* checkpoint_layout: where everything is in a checkpoint; private to checkpoint*.c. */
#ifndef MCKEAN_RUN_CHECKPOINT_LAYOUT_H
#define MCKEAN_RUN_CHECKPOINT_LAYOUT_H

#include "io/file_header.h"
#include "io/h5.h"
#include "store/checkpoint.h"

enum { USER_BLOCK = FILE_HEADER_BYTES, DATA_C = 0, DATA_A, DATA_B, DATASETS };
extern const char dataset_letter[DATASETS]; /* 'c', 'a', 'b' */

/* Plain data, to be broadcast. */
struct layout {
  struct ensemble_spec ensemble;
  int d, unit, precision;
  int datasets;                                                               /* 2 on the sphere (no b), else 3 */
  int64_t offset[ENSEMBLE_MAX][DATASETS], crc_offset[ENSEMBLE_MAX][DATASETS]; /* bytes in the file */
  int64_t extents_offset;                                                     /* of /integrity/extents */
  int64_t bytes;                                                              /* length of the file */
};

/* Bytes of one unit in a dataset: 4 or 8, times d for a. */
int64_t layout_unit_bytes(const struct layout *layout, int dataset);

/* Byte of the first unit of a block (of the global sequence), its units, and the byte of its CRC. */
struct place {
  int64_t network, inside; /* block inside the network */
  int member, units;
};
struct place layout_place(const struct layout *layout, int64_t block);
int64_t layout_data(const struct layout *layout, const struct place *place, int dataset);
int64_t layout_crc(const struct layout *layout, const struct place *place, int dataset);

/* The particles' bytes in the file, ascending: out [members * datasets][2] = offset, length. Returns their number. */
int layout_extents(const struct layout *layout, uint64_t out[][2]);

/* Local. User block and metadata are proved; fills layout and info (each may be NULL). */
int layout_read(const char *path, struct layout *layout, struct checkpoint_info *info);

/* Local. CRC-32C of all bytes of an open file from USER_BLOCK on that are in no extent. */
int layout_rest_crc(int file, const char *path, int64_t bytes, int extents, uint64_t (*extent)[2], uint32_t *crc);

/* The user block: encoded and checked. */
struct user_block {
  int64_t bytes, extents_offset, extents;
  uint32_t rest_crc;
};
void user_block_encode(const struct user_block *block, unsigned char out[USER_BLOCK]);
int user_block_decode(const char *path, const unsigned char in[USER_BLOCK], struct user_block *block);

/* Runs: successive blocks of one member, whose rows stand together in the file. layout_run: how many blocks from `block`
 * on, before `end`, are read in one go. */
int64_t layout_run_bytes(const struct layout *layout); /* at most, of one dataset */
int64_t layout_run(const struct layout *layout, int64_t block, int64_t end);

/* Reads a run of one dataset into buffer (layout_run_bytes) and compares the CRC of each block with the stored one. */
int layout_check_run(const struct layout *layout, int file, const char *path, int64_t block, int64_t count, int dataset,
                     void *buffer);

#endif
