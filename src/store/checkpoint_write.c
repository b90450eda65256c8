/* Writes a checkpoint in the order of store/checkpoint.h: layout, space, units (written and read back), CRCs, user
 * block, rename. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/crc32c.h"
#include "base/error.h"
#include "checkpoint_layout.h"
#include "io/durable_file.h"
#include "io/parallel_write.h"
#include "parallel/heartbeat.h"

struct writer {
  const struct comm *comm;
  const struct checkpoint_request *request;
  const struct particles *particles;
  struct layout layout;
  char *path, temporary[PATH_BYTES];
  uint32_t (*crc)[DATASETS_MAX]; /* [local blocks], in the order of the global sequence */
};

/* ---- layout and space: rank 0 ---- */

/* Writes what struct dt_segment contains for each size, unless all sizes have the same dt and t. */
static int write_own_times(const struct checkpoint_request *request, const struct ensemble_spec *ensemble,
                           struct h5 *h5) {
  const struct dt_segment *segment = &request->segment;
  bool own = segment->power != 0;
  for (int e = 0; e < ensemble->members; e++) own |= segment->time[e] != segment->time[0];
  if (!own) return OK;
  TRY(h5_set_double(h5, "/", "dt_power", segment->power));
  for (int e = 0; e < ensemble->members; e++) {
    char name[64];
    snprintf(name, sizeof name, "/ensemble/%d", e);
    TRY(h5_set_double(h5, name, "time", dt_segment_time(segment, ensemble, e, request->step)));
    TRY(h5_set_double(h5, name, "dt_since_time", segment->time[e]));
  }
  return OK;
}

static int write_attributes(const struct checkpoint_request *request, struct h5 *h5, int precision) {
  TRY(h5_set_text(h5, "/", "format", "mckean-checkpoint"));
  TRY(h5_set_int(h5, "/", "format_version", CHECKPOINT_VERSION));
  TRY(h5_set_int(h5, "/", "step", request->step));
  TRY(h5_set_double(h5, "/", "time", request->time));
  TRY(h5_set_double(h5, "/", "dt", request->segment.dt));
  TRY(h5_set_int(h5, "/", "dt_since_step", request->segment.step));
  TRY(h5_set_double(h5, "/", "dt_since_time", request->segment.time[0]));
  if (request->segment.step == request->step && request->segment.last_dt > 0) {
    TRY(h5_set_double(h5, "/", "last_dt", request->segment.last_dt));
    TRY(h5_set_double(h5, "/", "last_dt_power", request->segment.last_power));
  }
  TRY(h5_set_int(h5, "/", "seed", (int64_t)request->seed));
  TRY(h5_set_text(h5, "/", "isa", isa_names[request->isa]));
  TRY(h5_set_text(h5, "/", "precision", precision_names[precision]));
  TRY(h5_set_text(h5, "/", "update", update_table[request->update].name));
  TRY(h5_set_text(h5, "/", "random_numbers", dataset_random_numbers));
  TRY(h5_set_text(h5, "/", "config", request->config));
  return provenance_write(request->provenance, h5);
}

static int reserve_member(struct layout *layout, struct h5 *h5, int e) {
  const int64_t replicas = layout->ensemble.replicas, n = layout->ensemble.n[e];
  const bool is_float = layout->precision == PRECISION_SINGLE;
  char name[64];
  snprintf(name, sizeof name, "/ensemble/%d", e);
  TRY(h5_set_int(h5, name, "n", n));
  TRY(h5_set_int(h5, name, "replicas", replicas));
  TRY(h5_set_text(h5, name, "unit", unit_table[layout->unit].name));
  for (int k = 0; k < layout->fields.count; k++) {
    const struct unit_field *field = &layout->fields.field[k];
    char text[UPDATE_FIELD_NAME], description[160];
    layout_name(layout, k, text);
    update_field_description(&update_table[layout->update], field, description, sizeof description);
    snprintf(name, sizeof name, "/ensemble/%d/%s", e, text);
    const int64_t shape[3] = {replicas, n, layout->d};
    const int rank = field_table[field->id].vector ? 3 : 2;
    TRY(h5_reserve(h5, name, is_float ? H5_FLOAT : H5_DOUBLE, rank, shape, &layout->offset[e][k]));
    TRY(h5_set_text(h5, name, "description", description));
    snprintf(name, sizeof name, "/integrity/%d/%s", e, text);
    const int64_t blocks[2] = {replicas, network_blocks(n)};
    TRY(h5_reserve(h5, name, H5_UINT32, 2, blocks, &layout->crc_offset[e][k]));
    TRY(h5_set_text(h5, name, "description", "CRC-32C per block of 256 units (replica, block)"));
  }
  return OK;
}

static int reserve_all(const struct writer *writer, struct layout *layout, struct h5 *h5) {
  TRY(write_attributes(writer->request, h5, layout->precision));
  for (int e = 0; e < layout->ensemble.members; e++) TRY(reserve_member(layout, h5, e));
  TRY(write_own_times(writer->request, &layout->ensemble, h5));
  const int64_t shape[2] = {layout->ensemble.members * layout->fields.count, 2};
  TRY(h5_reserve(h5, "/integrity/extents", H5_UINT64, 2, shape, &layout->extents_offset));
  return h5_set_text(h5, "/integrity/extents", "description",
                     "offset and length of the particles' datasets in this file");
}

static int write_layout(struct writer *writer) {
  const struct particles *particles = writer->particles;
  struct layout *layout = &writer->layout;
  *layout = (struct layout){.ensemble = particles->ensemble,
                            .d = particles->d,
                            .unit = particles->unit.type,
                            .precision = (int)particles->precision,
                            .update = writer->request->update,
                            .fields = particles->fields};
  for (int e = 0; e < layout->ensemble.members; e++) /* a lower bound, for an error message */
    for (int k = 0; k < layout->fields.count; k++)
      layout->bytes += layout->ensemble.replicas * layout->ensemble.n[e] * layout_unit_bytes(layout, k);
  struct h5 *h5;
  TRY(h5_create(writer->temporary, USER_BLOCK, &h5));
  const int status = reserve_all(writer, layout, h5), closed = h5_close(h5);
  TRY(status);
  return closed;
}

static int lay_out(struct writer *writer) {
  TRY(write_layout(writer));
  struct stat found;
  if (stat(writer->temporary, &found) != 0)
    return durable_file_fail(errno, "%s: cannot create its layout", writer->temporary);
  writer->layout.bytes = found.st_size;
  return parallel_write_reserve(writer->temporary, writer->request->io, writer->layout.bytes);
}

/* Creates a temporary file with a name, which HDF5 needs. Returns its descriptor, or -1. */
static int temporary_file(char path[PATH_BYTES]) {
  static const char *const folder[] = {"/dev/shm", "/tmp"};
  for (int i = 0; i < 2; i++) {
    snprintf(path, PATH_BYTES, "%s/mckean-XXXXXX", folder[i]);
    const int file = mkostemp(path, O_CLOEXEC);
    if (file >= 0) return file;
  }
  return -1;
}

int checkpoint_bytes(const struct checkpoint_request *request, const struct particles *particles, int64_t *bytes) {
  struct writer *writer = alloc_small(sizeof *writer);
  *writer = (struct writer){.request = request, .particles = particles};
  struct stat found;
  const char *path = writer->temporary;
  const int file = temporary_file(writer->temporary);
  int status = file < 0 ? FAIL(FAILED, "%s: cannot create a temporary file for the layout of a checkpoint: %s", path,
                               strerror(errno))
                        : OK;
  if (status == OK) status = write_layout(writer);
  if (status == OK && fstat(file, &found) != 0) status = FAIL(FAILED, "%s: %s", path, strerror(errno));
  if (status == OK) *bytes = found.st_size;
  if (file >= 0) {
    unlink(path);
    close(file);
  }
  free(writer);
  return status;
}

/* ---- rows: all ranks ---- */

static struct location own_location(const struct local_network *local, int64_t block) {
  const int64_t block_in_network = local->first_block + block;
  return (struct location){.network = local->network,
                           .block = block_in_network,
                           .member = local->member,
                           .units = block_units(local->n, block_in_network)};
}

/* Returns the index of a block among the blocks of this rank, in the order of the global sequence. */
static int64_t own_index(const struct particles *particles, const struct location *location) {
  return ensemble_first_block(&particles->ensemble, location->network) + location->block -
         particles->first[particles->comm->rank];
}

/* Returns the bytes of a full block in the largest dataset. */
static int64_t largest_rows(const struct layout *layout) {
  int64_t most = 0;
  for (int k = 0; k < layout->fields.count; k++) {
    const int64_t bytes = BLOCK * layout_unit_bytes(layout, k);
    if (bytes > most) most = bytes;
  }
  return most;
}

static void put_rows(struct parallel_write *write, void *context) {
  struct writer *writer = context;
  const struct particles *particles = writer->particles;
  for (int k = 0; k < writer->layout.fields.count; k++)
    for (int s = 0; s < particles->locals; s++)
      for (int64_t block = 0; block < particles->local[s].blocks; block++) {
        const struct location location = own_location(&particles->local[s], block);
        const int64_t bytes = location.units * layout_unit_bytes(&writer->layout, k);
        void *rows = parallel_write_put(write, layout_data(&writer->layout, &location, k), bytes);
        local_network_get_field(particles, &particles->local[s], particles->fields.field[k], location.block * BLOCK,
                                location.units, rows);
        writer->crc[own_index(particles, &location)][k] = crc32c(0, rows, (size_t)bytes);
      }
}

/* ---- CRCs, user block, rename: rank 0 ---- */

static int put_crcs(const struct writer *writer, int file, uint32_t (*crc)[DATASETS_MAX]) {
  const struct layout *layout = &writer->layout;
  for (int e = 0; e < layout->ensemble.members; e++) {
    const int64_t blocks = layout->ensemble.replicas * network_blocks(layout->ensemble.n[e]);
    uint32_t *column = alloc_small(sizeof *column * (size_t)blocks);
    int status = OK;
    for (int k = 0; k < layout->fields.count && status == OK; k++) {
      for (int64_t i = 0; i < blocks; i++) column[i] = crc[i][k];
      status = durable_file_pwrite(file, writer->temporary, layout->crc_offset[e][k], column,
                                   blocks * (int64_t)sizeof *column);
    }
    free(column);
    TRY(status);
    crc += blocks;
  }
  return OK;
}

static int seal_file(const struct writer *writer, int file, uint32_t (*crc)[DATASETS_MAX]) {
  const struct layout *layout = &writer->layout;
  const char *path = writer->temporary;
  uint64_t extent[ENSEMBLE_MAX * DATASETS_MAX][2];
  unsigned char bytes[USER_BLOCK], again[USER_BLOCK];
  const int extents = layout_extents(layout, extent);
  struct user_block block = {.bytes = layout->bytes, .extents_offset = layout->extents_offset, .extents = extents};
  TRY(put_crcs(writer, file, crc));
  TRY(durable_file_pwrite(file, path, layout->extents_offset, extent, extents * (int64_t)sizeof *extent));
  TRY(layout_rest_crc(file, path, layout->bytes, extents, extent, &block.rest_crc));
  user_block_encode(&block, bytes);
  TRY(durable_file_pwrite(file, path, 0, bytes, USER_BLOCK));
  if (fsync(file) != 0) return durable_file_fail(errno, "%s: cannot flush it to the disk", path);
  TRY(durable_file_pread(file, path, 0, again, USER_BLOCK));
  return memcmp(bytes, again, USER_BLOCK) == 0
             ? OK
             : FAIL(FAILED, "%s: the bytes read back differ from those written", path);
}

static int seal(const struct writer *writer, uint32_t (*crc)[DATASETS_MAX]) {
  const int file = open(writer->temporary, O_RDWR | O_CLOEXEC);
  if (file < 0) return durable_file_fail(errno, "%s: cannot open it for writing", writer->temporary);
  const int status = seal_file(writer, file, crc);
  close(file);
  return status;
}

static int publish(const struct writer *writer) {
  const struct checkpoint_request *request = writer->request;
  TRY(request->may_write(request->context));
  if (rename(writer->temporary, writer->path) != 0)
    return durable_file_fail(errno, "%s: cannot rename it to %s", writer->temporary, writer->path);
  return durable_file_sync(request->folder);
}

static int write_steps(struct writer *writer) {
  const struct comm *comm = writer->comm;
  const bool root = comm->rank == 0;
  TRY(comm_agree(comm, root ? lay_out(writer) : OK));
  comm_bcast(comm, &writer->layout, sizeof writer->layout, 0);
  const struct parallel_write_job job = {put_rows, writer, largest_rows(&writer->layout)};
  TRY(parallel_write_file(comm, writer->temporary, writer->request->io, &job));
  const int64_t *first = writer->particles->first;
  const int64_t own = first[comm->rank + 1] - first[comm->rank];
  void *all;
  comm_gather(comm, writer->crc, own * (int64_t)sizeof *writer->crc, &all, NULL);
  int status = root ? seal(writer, all) : OK;
  free(all);
  if (root && status == OK) status = publish(writer);
  return comm_agree(comm, status);
}

/* Rank 0, after a failure. Removes the temporary file. A lost lock can cause other errors, so it is reported instead of
 * them. */
static int clean_up(const struct writer *writer, int status) {
  const struct checkpoint_request *request = writer->request;
  durable_file_discard(writer->temporary);
  if (status == FULL) status = durable_file_fail_full(request->folder, "the next checkpoint", writer->layout.bytes);
  const int held = request->may_write(request->context);
  return held == OK ? status : held;
}

int checkpoint_write(const struct comm *comm, const struct checkpoint_request *request,
                     const struct particles *particles, int64_t *bytes) {
  heartbeat_activity("writing a checkpoint");
  struct writer *writer = alloc_small(sizeof *writer);
  *writer = (struct writer){.comm = comm, .request = request, .particles = particles};
  writer->path = checkpoint_path(request->folder, request->step);
  durable_file_temporary(request->folder, strrchr(writer->path, '/') + 1, writer->temporary);
  comm_bcast(comm, writer->temporary, sizeof writer->temporary, 0); /* the name contains host and process of rank 0 */
  const int64_t own = particles->first[comm->rank + 1] - particles->first[comm->rank];
  writer->crc = alloc_small(sizeof *writer->crc * (size_t)own);
  int status = write_steps(writer);
  if (status != OK) status = comm_agree(comm, comm->rank == 0 ? clean_up(writer, status) : OK);
  *bytes = writer->layout.bytes;
  free(writer->crc);
  free(writer->path);
  free(writer);
  return status;
}
