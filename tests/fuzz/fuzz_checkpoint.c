/* Fuzzes the reader of checkpoints on forged files, whose checksums are right. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "checkpoint_layout.h"
#include "fuzz.h"
#include "io/durable_file.h"

static char whole[400], forged[400];

static int always(void *context) {
  (void)context;
  return OK;
}

static const char *const object[] = {"/",
                                     "/ensemble",
                                     "/ensemble/0",
                                     "/ensemble/0/c",
                                     "/ensemble/0/a",
                                     "/ensemble/0/b",
                                     "/ensemble/1",
                                     "/ensemble/1/c",
                                     "/ensemble/1/a",
                                     "/ensemble/1/b",
                                     "/ensemble/2",
                                     "/integrity",
                                     "/integrity/0/c",
                                     "/integrity/0/a",
                                     "/integrity/0/b",
                                     "/integrity/1/c",
                                     "/integrity/1/a",
                                     "/integrity/1/b",
                                     "/integrity/extents",
                                     "/integrity/1",
                                     "/ensemble/2/c",
                                     NULL};
static const char *const attribute[] = {
    "precision", "isa",    "step",   "time",           "dt", "dt_since_step", "dt_since_time", "seed", "n", "replicas",
    "unit",      "config", "format", "format_version", NULL};

/* Writes the checkpoint that each input changes: two sizes n with two networks each. */
int LLVMFuzzerInitialize(int *argc, char ***argv) {
  (void)argc;
  (void)argv;
  const char *folder = fuzz_start();
  const struct ensemble_spec ensemble = {.members = 2, .n = {3, 300}, .replicas = 2};
  const struct unit_spec unit = {.type = UNIT_SIGMOID};
  const double cost[2] = {1, 1};
  static struct provenance provenance;
  struct particles *particles;
  struct config *config;
  int64_t bytes;
  provenance_fill(&world, 0, NULL, &provenance);
  if (config_parse("fuzz",
                   "{ensemble: {n: [3, 300], replicas: 2}, target: {type: spin, d: 2}, data: {samples: 4}, "
                   "dynamics: {stages: [{steps: 9, dt: 0.1}]}}",
                   &config) != OK ||
      particles_create(&world, &ensemble, &unit, 2, PRECISION_SINGLE, cost, &particles) != OK)
    fuzz_found(error_text());
  particles_init(particles, 1);
  char *echo = config_echo(config), *path = checkpoint_path(folder, 1);
  const struct checkpoint_request request = {
      .folder = folder, .step = 1, .time = 0.1, .config = echo, .provenance = &provenance, .may_write = always};
  if (checkpoint_write(&world, &request, particles, &bytes) != OK) fuzz_found(error_text());
  snprintf(whole, sizeof whole, "%s", path);
  snprintf(forged, sizeof forged, "%s/forged.h5", folder);
  free(path);
  free(echo);
  config_free(config);
  particles_free(particles);
  return 0;
}

static int64_t dataset_offset(struct h5 *h5, const char *name, enum h5_type type, int64_t *bytes) {
  int rank;
  int64_t shape[H5_RANK_MAX], offset = 0;
  if (h5_offset(h5, name, type, &offset) != OK || h5_shape(h5, name, &rank, shape) != OK) return -1;
  *bytes = type == H5_UINT64 ? 8 : 4;
  for (int i = 0; i < rank; i++)
    if (__builtin_mul_overflow(*bytes, shape[i], bytes)) *bytes = INT64_MAX; /* HDF5 accepts such a shape */
  return offset;
}

static int by_offset(const void *a, const void *b) {
  const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return x < y ? -1 : x > y;
}

/* Finds the particle datasets of the forged file, as an attacker would. extent: (offset, bytes) of each, by ascending
 * offset. table: file offset of /integrity/extents, -1 if missing. Returns the number of datasets, -1 if HDF5 cannot
 * open the file. */
static int find_extents(uint64_t extent[6][2], int64_t *table) {
  struct h5 *h5;
  int count = 0;
  if (h5_open(forged, false, &h5) != OK) return -1;
  for (int i = 1; object[i]; i++) {
    int64_t bytes = 0, offset = dataset_offset(h5, object[i], H5_FLOAT, &bytes);
    if (offset < 0 || strncmp(object[i], "/ensemble", 9) != 0 || count == 6) continue;
    extent[count][0] = (uint64_t)offset;
    extent[count++][1] = (uint64_t)bytes;
  }
  int64_t bytes;
  *table = dataset_offset(h5, "/integrity/extents", H5_UINT64, &bytes);
  h5_close(h5);
  qsort(extent, (size_t)count, sizeof *extent, by_offset);
  return count;
}

/* What a byte of a script requests of seal. The first five are bits, which combine; the last two are values of the
 * whole byte. The corpus depends on these values. */
enum seal_request {
  SEAL_PARTICLE_BYTE = 1,    /* change a byte of the particles */
  SEAL_EXTENTS = 2,          /* change the number of extents */
  SEAL_EXTENTS_OFFSET = 4,   /* change the offset of their table */
  SEAL_BYTES = 8,            /* change the length of the file in the user block */
  SEAL_USER_BLOCK_BYTE = 48, /* both bits: change a byte of the encoded user block */
  SEAL_PART = 64,            /* write only a part of the user block */
  SEAL_CUT = 128             /* shorten the file */
};

/* As the script requests, changes a byte of the particles and fields of the user block; then writes right checksums.
 * Some scripts write only a part of the user block, or shorten the file. */
static void seal(struct script *script) {
  uint64_t extent[6][2];
  int64_t table = -1;
  struct stat found;
  unsigned char out[USER_BLOCK];
  const int file = open(forged, O_RDWR | O_CLOEXEC), count = find_extents(extent, &table);
  if (file < 0 || fstat(file, &found) != 0) fuzz_found("the forged file is gone");
  struct user_block block = {.bytes = found.st_size, .extents_offset = table, .extents = count};
  if (count > 0 && table > 0) (void)durable_file_pwrite(file, forged, table, extent, count * (int64_t)sizeof *extent);
  const uint8_t request = script_byte(script);
  if (request & SEAL_PARTICLE_BYTE && count > 0) {
    const uint64_t *part = extent[script_byte(script) % count];
    const uint8_t byte = script_byte(script);
    if (part[1] > 0)
      (void)durable_file_pwrite(file, forged, (int64_t)(part[0] + script_byte(script) % part[1]), &byte, 1);
  }
  if (request & SEAL_EXTENTS) block.extents = script_value(script);
  if (request & SEAL_EXTENTS_OFFSET) block.extents_offset = script_value(script);
  if (count >= 0) (void)layout_rest_crc(file, forged, block.bytes, count, extent, &block.rest_crc);
  if (request & SEAL_BYTES) block.bytes = script_value(script);
  user_block_encode(&block, out);
  if ((request & SEAL_USER_BLOCK_BYTE) == SEAL_USER_BLOCK_BYTE) out[script_byte(script) % 508] = script_byte(script);
  const uint32_t crc = crc32c(0, out, USER_BLOCK - 4);
  memcpy(out + USER_BLOCK - 4, &crc, 4);
  (void)durable_file_pwrite(file, forged, 0, out, request == SEAL_PART ? 200 : USER_BLOCK);
  if (request == SEAL_CUT) {
    const uint64_t left = (uint64_t)script_value(script) % (uint64_t)(found.st_size + 1);
    if (ftruncate(file, (off_t)left) != 0) fuzz_found("cannot cut");
  }
  close(file);
}

/* If the script requests it and the layout is valid, corrects the CRCs of the first 64 blocks and seals the file
 * again. */
static void seal_blocks(struct script *script) {
  struct layout layout;
  if (script_byte(script) & 1 || layout_read(forged, &layout, NULL) != OK) return;
  const int file = open(forged, O_RDWR | O_CLOEXEC);
  const int64_t blocks = ensemble_blocks(&layout.ensemble);
  for (int64_t block = 0; block < blocks && block < 64; block++)
    for (int k = 0; k < layout.fields.count; k++) {
      const struct location location = layout_location(&layout, block);
      const int64_t bytes = location.units * layout_unit_bytes(&layout, k);
      void *rows = malloc((size_t)bytes);
      if (durable_file_pread(file, forged, layout_data(&layout, &location, k), rows, bytes) != OK)
        fuzz_found("rows are not there");
      const uint32_t crc = crc32c(0, rows, (size_t)bytes);
      (void)durable_file_pwrite(file, forged, layout_crc(&layout, &location, k), &crc, sizeof crc);
      free(rows);
    }
  close(file);
  seal(script);
}

/* Uses a checkpoint that passed verification, as a resume and `mckean compare` do. */
static void use(const struct checkpoint_info *info) {
  struct particles *particles = NULL;
  struct config *config = NULL;
  const struct unit_spec unit = {.type = info->unit};
  double cost[ENSEMBLE_MAX];
  bool equal = false;
  (void)config_parse(forged, info->config, &config);
  config_free(config);
  for (int e = 0; e < ENSEMBLE_MAX; e++) cost[e] = 1;
  if (checkpoint_compare(forged, forged, NULL, &equal) != OK || !equal) fuzz_found("it differs from itself");
  if (particles_create(&world, &info->ensemble, &unit, info->d, (enum precision)info->precision, cost, &particles) !=
      OK)
    return;
  if (checkpoint_read(&world, forged, particles) != OK) fuzz_found("verified, but it cannot be read");
  particles_free(particles);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct script script = {data, data + size};
  struct checkpoint_info info = {0};
  fuzz_copy(whole, forged);
  if (script_byte(&script) & 7) fuzz_edit(&script, forged, object, attribute);
  seal(&script);
  seal_blocks(&script);
  const int status = checkpoint_verify(&world, forged, &info);
  if (status == OK)
    use(&info);
  else if (strlen(error_text()) < 10)
    fuzz_found("a refusal without a reason");
  checkpoint_info_free(&info);
  return 0;
}
