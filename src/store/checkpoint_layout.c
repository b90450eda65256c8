#include "checkpoint_layout.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/crc32c.h"
#include "base/error.h"
#include "io/durable_file.h"
#include "io/file_header.h"
#include "io/foreign_file.h"

static const char MAGIC[8] = {'M', 'C', 'K', 'E', 'A', 'N', 'C', 'K'};

/* Limits of a span of several blocks, in bytes and in blocks: enough for fast reads, small enough for caches. */
enum { SPAN_BYTES = 1 << 20, SPAN_MAX = 256, EXTENTS_MAX = ENSEMBLE_MAX * DATASETS_MAX, D_MAX = 1024 };

void layout_name(const struct layout *layout, int dataset, char name[UPDATE_FIELD_NAME]) {
  update_field_name(&update_table[layout->update], &layout->fields.field[dataset], name);
}

int64_t layout_unit_bytes(const struct layout *layout, int dataset) {
  const int64_t stored = (int64_t)precision_stored((enum precision)layout->precision);
  return stored * field_width(layout->fields.field[dataset].id, layout->d);
}

struct location layout_location(const struct layout *layout, int64_t block) {
  const struct ensemble_spec *ensemble = &layout->ensemble;
  struct location location = {0};
  for (int e = 0; e < ensemble->members; e++) {
    const int64_t blocks = network_blocks(ensemble->n[e]);
    if (block < blocks * ensemble->replicas) {
      location =
          (struct location){.network = e * ensemble->replicas + block / blocks, .block = block % blocks, .member = e};
      location.units = block_units(ensemble->n[e], location.block);
      return location;
    }
    block -= blocks * ensemble->replicas;
  }
  die("no block %lld", (long long)block);
}

static int64_t replica_of(const struct layout *layout, const struct location *location) {
  return location->network % layout->ensemble.replicas;
}

int64_t layout_data(const struct layout *layout, const struct location *location, int dataset) {
  const int64_t unit = replica_of(layout, location) * layout->ensemble.n[location->member] + location->block * BLOCK;
  return layout->offset[location->member][dataset] + unit * layout_unit_bytes(layout, dataset);
}

int64_t layout_crc(const struct layout *layout, const struct location *location, int dataset) {
  const int64_t index =
      replica_of(layout, location) * network_blocks(layout->ensemble.n[location->member]) + location->block;
  return layout->crc_offset[location->member][dataset] + index * (int64_t)sizeof(uint32_t);
}

static int by_offset(const void *a, const void *b) {
  const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return x < y ? -1 : x > y;
}

int layout_extents(const struct layout *layout, uint64_t out[][2]) {
  int count = 0;
  for (int e = 0; e < layout->ensemble.members; e++)
    for (int k = 0; k < layout->fields.count; k++, count++) {
      out[count][0] = (uint64_t)layout->offset[e][k];
      out[count][1] = (uint64_t)(layout->ensemble.n[e] * layout->ensemble.replicas * layout_unit_bytes(layout, k));
    }
  qsort(out, (size_t)count, sizeof *out, by_offset);
  return count;
}

int layout_rest_crc(int file, const char *path, int64_t bytes, int extents, uint64_t (*extent)[2], uint32_t *crc) {
  int64_t at = USER_BLOCK;
  *crc = 0;
  for (int i = 0; i < extents; i++) {
    TRY(file_header_body_crc(file, path, at, (int64_t)extent[i][0], crc));
    at = (int64_t)(extent[i][0] + extent[i][1]);
  }
  return file_header_body_crc(file, path, at, bytes, crc);
}

/* ---- user block (io/file_header.h). Fields, with sizes in bytes: 0 (4), `bytes` (8), `extents_offset` (8), `extents`
 * (8), `rest_crc` (4), zeros; little-endian, the byte order of all supported machines ---- */

void user_block_encode(const struct user_block *block, unsigned char out[USER_BLOCK]) {
  memset(out, 0, USER_BLOCK);
  memcpy(out + 16, &block->bytes, 8);
  memcpy(out + 24, &block->extents_offset, 8);
  memcpy(out + 32, &block->extents, 8);
  memcpy(out + 40, &block->rest_crc, 4);
  file_header_seal(MAGIC, CHECKPOINT_VERSION, out);
}

bool checkpoint_looks(const char *path) {
  char begin[sizeof MAGIC] = {0};
  const int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* does not wait for the writer of a pipe */
  const bool looks =
      file >= 0 && pread(file, begin, sizeof begin, 0) == (ssize_t)sizeof begin && file_header_is(MAGIC, begin);
  if (file >= 0) close(file);
  return looks;
}

int user_block_decode(const char *path, const unsigned char in[USER_BLOCK], struct user_block *block) {
  uint32_t expected, found;
  if (!file_header_is(MAGIC, in))
    return FAIL(FAILED, "%s: not a McKean checkpoint (RUN/checkpoints/step-*.h5), but %s", path,
                foreign_file_name(path));
  if (!file_header_intact(in, &expected, &found))
    return FAIL(FAILED, "%s: damaged: user block: CRC expected %08x, found %08x", path, expected, found);
  const uint32_t version = file_header_version(in);
  if (version > CHECKPOINT_VERSION)
    return FAIL(USAGE, "%s: written by a newer McKean: format version %u, this program reads versions up to %d", path,
                version, CHECKPOINT_VERSION);
  if (version == 0) return FAIL(FAILED, "%s: damaged: format version 0 does not exist", path);
  block->version = version;
  memcpy(&block->bytes, in + 16, 8);
  memcpy(&block->extents_offset, in + 24, 8);
  memcpy(&block->extents, in + 32, 8);
  memcpy(&block->rest_crc, in + 40, 4);
  return OK;
}

/* ---- reading ---- */

/* Verifies all bytes except the particles' datasets, without the HDF5 library. Fills block, and extent
 * [EXTENTS_MAX]. */
static int verify_metadata(int file, const char *path, struct user_block *block, uint64_t (*extent)[2]) {
  unsigned char bytes[USER_BLOCK];
  struct stat found;
  if (fstat(file, &found) != 0) return FAIL(FAILED, "%s: %s", path, strerror(errno));
  if (!S_ISREG(found.st_mode))
    return FAIL(FAILED, "%s: expected a checkpoint (RUN/checkpoints/step-*.h5), but this is not a regular file", path);
  if (found.st_size < USER_BLOCK)
    return FAIL(FAILED, "%s: not a McKean checkpoint (RUN/checkpoints/step-*.h5), but %s of %lld bytes", path,
                foreign_file_name(path), (long long)found.st_size);
  TRY(durable_file_pread(file, path, 0, bytes, USER_BLOCK));
  TRY(user_block_decode(path, bytes, block));
  if (found.st_size != block->bytes)
    return FAIL(FAILED, "%s: damaged: expected %lld bytes, found %lld", path, (long long)block->bytes,
                (long long)found.st_size);
  const int64_t extents = block->extents;
  const int64_t table = extents < 0 || extents > EXTENTS_MAX ? -1 : extents * (int64_t)sizeof *extent;
  if (table < 0 || block->extents_offset < USER_BLOCK || block->extents_offset > block->bytes - table)
    return FAIL(FAILED, "%s: damaged: the position of its table of extents is invalid", path);
  TRY(durable_file_pread(file, path, block->extents_offset, extent, table));
  uint64_t end = USER_BLOCK;
  for (int i = 0; i < extents; i++) {
    if (extent[i][0] < end || extent[i][1] > (uint64_t)block->bytes ||
        extent[i][0] > (uint64_t)block->bytes - extent[i][1])
      return FAIL(FAILED, "%s: damaged: extent %d of the particles overlaps another extent or exceeds the file", path,
                  i);
    end = extent[i][0] + extent[i][1];
  }
  uint32_t crc;
  TRY(layout_rest_crc(file, path, block->bytes, (int)extents, extent, &crc));
  if (crc != block->rest_crc)
    return FAIL(FAILED, "%s: damaged: metadata: CRC expected %08x, found %08x", path, block->rest_crc, crc);
  return OK;
}

static int unexpected(const char *path, const char *what) {
  return FAIL(FAILED, "%s: %s is missing or has a value that this program does not write", path, what);
}

static int name_index(const char *name, const char *const *names, int count) {
  for (int i = 0; i < count; i++)
    if (strcmp(names[i], name) == 0) return i;
  return -1;
}

/* Returns the segment, whose time is that of the first size for all sizes. It is zero if the file does not contain one,
 * because it was written before dt: auto existed. */
static struct dt_segment read_segment(struct h5 *h5) {
  struct dt_segment segment = {0};
  double time;
  const bool known = h5_get_double(h5, "/", "dt", &segment.dt) == OK &&
                     h5_get_int(h5, "/", "dt_since_step", &segment.step) == OK &&
                     h5_get_double(h5, "/", "dt_since_time", &time) == OK;
  if (!known) return (struct dt_segment){0};
  if (h5_get_double(h5, "/", "dt_power", &segment.power) != OK) segment.power = 0;
  if (h5_get_double(h5, "/", "last_dt", &segment.last_dt) != OK) segment.last_dt = 0;
  if (h5_get_double(h5, "/", "last_dt_power", &segment.last_power) != OK) segment.last_power = 0;
  for (int e = 0; e < ENSEMBLE_MAX; e++) segment.time[e] = time;
  return segment;
}

static bool valid_segment(const struct dt_segment *segment, int64_t step) {
  bool valid = segment->step >= 0 && segment->step <= step && segment->dt >= 0 && segment->dt <= DT_MAX &&
               isfinite(segment->power) && segment->last_dt >= 0 && segment->last_dt <= DT_MAX &&
               isfinite(segment->last_power);
  for (int e = 0; e < ENSEMBLE_MAX; e++) valid &= isfinite(segment->time[e]);
  return valid;
}

static int read_info(struct h5 *h5, const char *path, const struct user_block *block, struct checkpoint_info *info,
                     struct layout *layout) {
  char *text;
  TRY(h5_get_text(h5, "/", "precision", &text));
  layout->precision = name_index(text, precision_names, PRECISIONS);
  free(text);
  TRY(h5_get_text(h5, "/", "isa", &text));
  const int isa = name_index(text, isa_names, ISA_LEVELS);
  free(text);
  if (layout->precision < 0 || isa < 0) return unexpected(path, "precision or isa");
  int64_t seed = 0;
  layout->update = UPDATE_EULER; /* files written by older programs do not contain it */
  if (h5_get_text(h5, "/", "update", &text) == OK) {
    layout->update = update_find(text);
    free(text);
  }
  if (layout->update < 0) return unexpected(path, "update");
  *info = (struct checkpoint_info){
      .version = (int)block->version, .isa = isa, .crc = block->rest_crc, .bytes = block->bytes};
  TRY(h5_get_int(h5, "/", "step", &info->step));
  TRY(h5_get_double(h5, "/", "time", &info->time));
  TRY(h5_get_int(h5, "/", "seed", &seed));
  info->seed = (uint64_t)seed;
  info->segment = read_segment(h5);
  return h5_get_text(h5, "/", "config", &info->config);
}

static int read_dataset(struct h5 *h5, const char *path, struct layout *layout, int e, int k) {
  char name[64];
  int rank;
  int64_t shape[H5_RANK_MAX];
  const int64_t n = layout->ensemble.n[e], replicas = layout->ensemble.replicas;
  const bool vector = field_table[layout->fields.field[k].id].vector;
  char field[UPDATE_FIELD_NAME];
  layout_name(layout, k, field);
  snprintf(name, sizeof name, "/ensemble/%d/%s", e, field);
  TRY(h5_shape(h5, name, &rank, shape));
  if (vector && layout->d == 0 && rank == 3 && shape[2] >= 1 && shape[2] <= D_MAX) layout->d = (int)shape[2];
  if (rank != (vector ? 3 : 2) || shape[0] != replicas || shape[1] != n || (vector && shape[2] != layout->d))
    return unexpected(path, name);
  const enum h5_type type = layout->precision == PRECISION_SINGLE ? H5_FLOAT : H5_DOUBLE;
  TRY(h5_offset(h5, name, type, &layout->offset[e][k]));
  snprintf(name, sizeof name, "/integrity/%d/%s", e, field);
  TRY(h5_shape(h5, name, &rank, shape));
  if (rank != 2 || shape[0] != replicas || shape[1] != network_blocks(n)) return unexpected(path, name);
  return h5_offset(h5, name, H5_UINT32, &layout->crc_offset[e][k]);
}

/* Returns the fields in a file: those of the unit's manifold, and the update rule's own fields for the parameters that
 * were trained. */
static struct field_set stored_fields(struct h5 *h5, const struct layout *layout) {
  const unsigned present = unit_manifold(layout->unit)->fields;
  const struct update_rule *rule = &update_table[layout->update];
  unsigned trained = 0;
  for (int id = 0; id < FIELDS && rule->fields > 0; id++) {
    char field[UPDATE_FIELD_NAME], name[64];
    update_field_name(rule, &(struct unit_field){(enum field_id)id, 1}, field);
    snprintf(name, sizeof name, "/ensemble/0/%s", field);
    if (h5_exists(h5, name)) trained |= 1u << id;
  }
  return field_set(present, trained, rule->fields);
}

static int read_member(struct h5 *h5, const char *path, struct layout *layout, int e, struct dt_segment *segment) {
  char name[64], *text;
  int64_t n, replicas;
  snprintf(name, sizeof name, "/ensemble/%d", e);
  TRY(h5_get_int(h5, name, "n", &n));
  TRY(h5_get_int(h5, name, "replicas", &replicas));
  TRY(h5_get_text(h5, name, "unit", &text));
  const struct unit *unit = unit_find(text);
  free(text);
  const int type = unit ? (int)(unit - unit_table) : -1;
  if (!unit || n < 1 || replicas < 1 || (e > 0 && (replicas != layout->ensemble.replicas || type != layout->unit)))
    return unexpected(path, name);
  double time;
  if (h5_get_double(h5, name, "dt_since_time", &time) == OK) segment->time[e] = time;
  layout->unit = type;
  layout->fields = stored_fields(h5, layout);
  layout->ensemble.n[e] = n;
  layout->ensemble.replicas = replicas;
  layout->ensemble.members = e + 1;
  for (int k = 0; k < layout->fields.count; k++) TRY(read_dataset(h5, path, layout, e, k));
  return OK;
}

/* out = offset and length of the CRCs of a dataset, according to the metadata. */
static void crc_extent(const struct layout *layout, int e, int k, uint64_t out[2]) {
  out[0] = (uint64_t)layout->crc_offset[e][k];
  out[1] = (uint64_t)(layout->ensemble.replicas * network_blocks(layout->ensemble.n[e])) * sizeof(uint32_t);
}

static bool apart(const uint64_t a[2], int count, uint64_t (*extent)[2]) {
  for (int i = 0; i < count; i++)
    if (a[0] < extent[i][0] + extent[i][1] && extent[i][0] < a[0] + a[1]) return false;
  return true;
}

/* Checks that the datasets named in the metadata are exactly the extents that verify_metadata skipped, and that their
 * CRCs are among the bytes it verified. The sizes cannot overflow, because h5_shape has compared them with the length
 * of the file. */
static int check_extents(const char *path, const struct user_block *block, const struct layout *layout,
                         uint64_t (*extent)[2]) {
  uint64_t own[EXTENTS_MAX][2];
  const int count = layout_extents(layout, own);
  bool fits = count == block->extents && memcmp(own, extent, sizeof *own * (size_t)count) == 0;
  const uint64_t table[2] = {(uint64_t)block->extents_offset, (uint64_t)count * sizeof *own};
  fits = fits && apart(table, count, extent);
  for (int e = 0; e < layout->ensemble.members && fits; e++)
    for (int k = 0; k < layout->fields.count && fits; k++) {
      uint64_t crcs[2];
      crc_extent(layout, e, k, crcs);
      fits = crcs[0] >= USER_BLOCK && crcs[1] <= (uint64_t)block->bytes &&
             crcs[0] <= (uint64_t)block->bytes - crcs[1] && apart(crcs, count, extent);
    }
  return fits ? OK : unexpected(path, "/integrity");
}

static int read_h5(const char *path, const struct user_block *block, struct layout *layout,
                   struct checkpoint_info *info) {
  struct h5 *h5;
  TRY(h5_open(path, false, &h5));
  layout->bytes = block->bytes;
  layout->extents_offset = block->extents_offset;
  int status = read_info(h5, path, block, info, layout);
  for (int e = 0; e < ENSEMBLE_MAX && status == OK; e++) {
    char name[64];
    snprintf(name, sizeof name, "/ensemble/%d", e);
    if (!h5_exists(h5, name)) break;
    status = read_member(h5, path, layout, e, &info->segment);
  }
  if (status == OK && layout->ensemble.members == 0) status = unexpected(path, "/ensemble");
  if (status == OK && (info->step < 0 || !isfinite(info->time) || !valid_segment(&info->segment, info->step)))
    status = unexpected(path, "step, time or dt");
  h5_close(h5);
  info->ensemble = layout->ensemble;
  info->unit = layout->unit;
  info->d = layout->d;
  info->precision = layout->precision;
  info->update = layout->update;
  info->fields = layout->fields;
  return status;
}

double checkpoint_time(const struct checkpoint_info *info, int member) {
  const struct dt_segment *segment = &info->segment;
  return segment->dt > 0 ? dt_segment_time(segment, &info->ensemble, member, info->step) : info->time;
}

void checkpoint_info_free(struct checkpoint_info *info) {
  free(info->config);
  info->config = NULL;
}

int layout_read(const char *path, struct layout *layout, struct checkpoint_info *info) {
  uint64_t extent[EXTENTS_MAX][2];
  const int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return durable_file_fail_read(errno, "%s: cannot open the checkpoint", path);
  struct user_block block;
  int status = verify_metadata(file, path, &block, extent);
  close(file);
  TRY(status);
  struct layout own = {0};
  struct checkpoint_info found = {0};
  status = read_h5(path, &block, &own, &found);
  if (status == OK) status = check_extents(path, &block, &own, extent);
  if (status == OK && layout) *layout = own;
  if (status == OK && info)
    *info = found;
  else
    checkpoint_info_free(&found);
  return status;
}

/* Returns the bytes of one unit in the largest dataset. */
static int64_t largest_unit_bytes(const struct layout *layout) {
  return (int64_t)precision_stored((enum precision)layout->precision) * layout->d;
}

int64_t layout_span_bytes(const struct layout *layout) {
  const int64_t block = BLOCK * largest_unit_bytes(layout);
  return block > SPAN_BYTES ? block : SPAN_BYTES;
}

int64_t layout_span(const struct layout *layout, int64_t block, int64_t end) {
  const int64_t fit = SPAN_BYTES / (BLOCK * largest_unit_bytes(layout)), most = fit < SPAN_MAX ? fit : SPAN_MAX;
  const int member = layout_location(layout, block).member;
  int64_t count = 1;
  while (count < most && block + count < end && layout_location(layout, block + count).member == member) count++;
  return count;
}

int layout_check_span(const struct layout *layout, int file, const char *path, int64_t block, int64_t count,
                      int dataset, void *buffer) {
  uint32_t expected[SPAN_MAX];
  const struct location first = layout_location(layout, block), last = layout_location(layout, block + count - 1);
  const int64_t unit = layout_unit_bytes(layout, dataset), begin = layout_data(layout, &first, dataset);
  TRY(durable_file_pread(file, path, begin, buffer, layout_data(layout, &last, dataset) + last.units * unit - begin));
  TRY(durable_file_pread(file, path, layout_crc(layout, &first, dataset), expected, count * (int64_t)sizeof *expected));
  for (int64_t i = 0; i < count; i++) {
    const struct location location = layout_location(layout, block + i);
    const char *rows = (const char *)buffer + layout_data(layout, &location, dataset) - begin;
    const uint32_t found = crc32c(0, rows, (size_t)(location.units * unit));
    char field[UPDATE_FIELD_NAME];
    layout_name(layout, dataset, field);
    if (found != expected[i])
      return FAIL(FAILED,
                  "%s: damaged: /ensemble/%d/%s, replica %lld, units %lld to %lld: CRC expected %08x, found %08x", path,
                  location.member, field, (long long)replica_of(layout, &location), (long long)(location.block * BLOCK),
                  (long long)(location.block * BLOCK + location.units - 1), expected[i], found);
  }
  return OK;
}
