/* checkpoint_layout: the positions of all data in a checkpoint file. Private to checkpoint*.c. All functions are
 * local. */
#ifndef MCKEAN_STORE_CHECKPOINT_LAYOUT_H
#define MCKEAN_STORE_CHECKPOINT_LAYOUT_H

#include "dynamics/update.h"
#include "io/file_header.h"
#include "io/h5.h"
#include "store/checkpoint.h"

enum { USER_BLOCK = FILE_HEADER_BYTES, DATASETS_MAX = FIELD_SET_MAX };

/* Contains no pointers, so that it can be broadcast. */
struct layout {
  struct ensemble_spec ensemble;
  int d, unit, precision;
  int update;              /* enum update_id */
  struct field_set fields; /* one dataset per field and network size, in this order */
  int64_t offset[ENSEMBLE_MAX][DATASETS_MAX], crc_offset[ENSEMBLE_MAX][DATASETS_MAX]; /* bytes in the file */
  int64_t extents_offset;                                                             /* of /integrity/extents */
  int64_t bytes;                                                                      /* length of the file */
};

/* Returns through name the name of the dataset of a field, inside the group of a network size: "c", or "m_c" for a
 * field of the update rule. */
void layout_name(const struct layout *layout, int dataset, char name[UPDATE_FIELD_NAME]);

/* Returns the bytes of one unit in a dataset: 4 or 8, times d for a vector. */
int64_t layout_unit_bytes(const struct layout *layout, int dataset);

/* The position of a block, which is numbered in the global sequence of blocks. layout_data and layout_crc return the
 * byte of its first unit in a dataset, and the byte of its CRC. */
struct place {
  int64_t network, inside; /* block inside the network */
  int member, units;
};
struct place layout_place(const struct layout *layout, int64_t block);
int64_t layout_data(const struct layout *layout, const struct place *place, int dataset);
int64_t layout_crc(const struct layout *layout, const struct place *place, int dataset);

/* Lists the datasets of the particles in ascending order: out [members * datasets][2] = offset, length in bytes.
 * Returns their number. */
int layout_extents(const struct layout *layout, uint64_t out[][2]);

/* Verifies user block and metadata, and fills layout and info (each may be NULL). Errors: those of
 * checkpoint_verify. */
int layout_read(const char *path, struct layout *layout, struct checkpoint_info *info);

/* Computes the CRC-32C of all bytes of an open file after the user block that are in no extent. FAILED, UNREAD. */
int layout_rest_crc(int file, const char *path, int64_t bytes, int extents, uint64_t (*extent)[2], uint32_t *crc);

/* The user block, encoded and decoded. Decoding verifies magic, version and CRC: FAILED, USAGE. */
struct user_block {
  int64_t bytes, extents_offset, extents;
  uint32_t rest_crc;
};
void user_block_encode(const struct user_block *block, unsigned char out[USER_BLOCK]);
int user_block_decode(const char *path, const unsigned char in[USER_BLOCK], struct user_block *block);

/* A run is a sequence of blocks of one member, whose rows are contiguous in the file. layout_run returns the number of
 * blocks from `block` on, and before `end`, that are read together. */
int64_t layout_run_bytes(const struct layout *layout); /* maximum for one dataset */
int64_t layout_run(const struct layout *layout, int64_t block, int64_t end);

/* Reads a run of one dataset into buffer (layout_run_bytes) and verifies the CRC of each block. FAILED: damaged;
 * UNREAD. */
int layout_check_run(const struct layout *layout, int file, const char *path, int64_t block, int64_t count, int dataset,
                     void *buffer);

#endif
