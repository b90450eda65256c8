/* checkpoint_layout: the positions of all data in a checkpoint file. Private to checkpoint*.c. All functions are local.
 * A dataset is numbered as in layout.fields. */
#ifndef MCKEAN_STORE_CHECKPOINT_LAYOUT_H
#define MCKEAN_STORE_CHECKPOINT_LAYOUT_H

#include "dynamics/update.h"
#include "io/file_header.h"
#include "io/h5.h"
#include "store/checkpoint.h"

enum { USER_BLOCK = FILE_HEADER_BYTES, DATASETS_MAX = FIELD_SET_MAX };

/* Contains no pointers, because it is broadcast. */
struct layout {
  struct ensemble_spec ensemble;
  int d, unit, precision;
  int update;              /* enum update_id */
  struct field_set fields; /* each network size has one dataset per field, in this order */
  int64_t offset[ENSEMBLE_MAX][DATASETS_MAX], crc_offset[ENSEMBLE_MAX][DATASETS_MAX]; /* byte offsets */
  int64_t extents_offset;                                                             /* of /integrity/extents */
  int64_t bytes;                                                                      /* length of the file */
};

/* name = the name of a dataset in the group of a network size: "c" for a parameter, "m_c" for a field of the update
 * rule. */
void layout_name(const struct layout *layout, int dataset, char name[UPDATE_FIELD_NAME]);

/* Returns the bytes of one unit in a dataset: 4 or 8, times d for a vector field. */
int64_t layout_unit_bytes(const struct layout *layout, int dataset);

/* layout_location returns the position of a block, given its number in the global sequence of blocks
 * (particles/particles.h). For a dataset, layout_data returns the byte offset in the file of the block's first unit,
 * and layout_crc that of the block's CRC. */
struct location {
  int64_t network, block; /* number of the network; number of the block in the network */
  int member, units;
};
struct location layout_location(const struct layout *layout, int64_t block);
int64_t layout_data(const struct layout *layout, const struct location *location, int dataset);
int64_t layout_crc(const struct layout *layout, const struct location *location, int dataset);

/* Lists the datasets of the particles in ascending order of offset: out [members * fields.count][2] = offset and length
 * in bytes. Returns their number. */
int layout_extents(const struct layout *layout, uint64_t out[][2]);

/* Verifies user block and metadata, and fills layout and info (each may be NULL; the caller frees info). Errors: those
 * of checkpoint_verify. */
int layout_read(const char *path, struct layout *layout, struct checkpoint_info *info);

/* Computes the CRC-32C of an open file of length `bytes`, without the user block and the extents. extent [extents][2]:
 * offset and length, ascending. FAILED or UNREAD: see durable_file_pread. */
int layout_rest_crc(int file, const char *path, int64_t bytes, int extents, uint64_t (*extent)[2], uint32_t *crc);

/* Encode and decode the user block. user_block_decode verifies magic, version and CRC. FAILED: damaged, or not a
 * checkpoint. USAGE: written by a newer program. */
struct user_block {
  uint32_t version; /* set by user_block_decode */
  int64_t bytes, extents_offset, extents;
  uint32_t rest_crc;
};
void user_block_encode(const struct user_block *block, unsigned char out[USER_BLOCK]);
int user_block_decode(const char *path, const unsigned char in[USER_BLOCK], struct user_block *block);

/* A span is a sequence of blocks of one network size whose units are contiguous in each dataset. layout_span returns
 * how many blocks starting at `block`, and before `end`, are read together. */
int64_t layout_span_bytes(const struct layout *layout); /* largest size of a span in one dataset, in bytes */
int64_t layout_span(const struct layout *layout, int64_t block, int64_t end);

/* Reads a span of `count` blocks of one dataset into buffer [layout_span_bytes] and verifies the CRC of each block.
 * FAILED: damaged. UNREAD: see io/durable_file.h. */
int layout_check_span(const struct layout *layout, int file, const char *path, int64_t block, int64_t count,
                      int dataset, void *buffer);

#endif
