/* checkpoint_write and checkpoint_read compared with plain writes (with fsync) and plain reads of the same number of
 * bytes in the same folder. All reads are served by the page cache. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/error.h"
#include "bench.h"
#include "io/durable_file.h"
#include "io/parallel_write.h"
#include "particles/particles.h"
#include "store/checkpoint.h"

struct disk {
  struct bench *bench;
  struct particles *particles;
  struct provenance provenance;
  char folder[PATH_BYTES];
  int64_t bytes;
};

static int always(void *context) {
  (void)context;
  return OK;
}

/* Each rank writes its share of one file, with fsync, or reads it. *seconds: the time on this rank. Collective. */
static int plain(struct disk *disk, bool writing, double *seconds) {
  const struct comm *comm = disk->bench->comm;
  char path[PATH_BYTES + 100];
  snprintf(path, sizeof path, "%s/plain", disk->folder);
  const int64_t own_bytes = disk->bytes / comm->size;
  void *data;
  int status = alloc_array(&data, own_bytes, 1, "plain bytes");
  if (status == OK) memset(data, 1, (size_t)own_bytes);
  if (writing && comm->rank == 0) unlink(path); /* checkpoints are new files, too */
  TRY(comm_agree(comm, status));
  comm_barrier(comm);
  const double start = comm_time();
  const int file = open(path, writing ? O_WRONLY | O_CREAT : O_RDONLY, 0666);
  if (file < 0) status = FAIL(FAILED, "%s: %s", path, strerror(errno));
  if (status == OK && writing) status = durable_file_pwrite(file, path, own_bytes * comm->rank, data, own_bytes);
  if (status == OK && !writing) status = durable_file_pread(file, path, own_bytes * comm->rank, data, own_bytes);
  if (status == OK && writing && fsync(file) != 0) status = FAIL(FAILED, "%s: %s", path, strerror(errno));
  if (file >= 0) close(file);
  free(data);
  status = comm_agree(comm, status);
  *seconds = comm_time() - start;
  return status;
}

static int checkpoint(struct disk *disk, bool writing, double *seconds) {
  const struct comm *comm = disk->bench->comm;
  const struct checkpoint_request request = {.folder = disk->folder,
                                             .isa = ISA_portable,
                                             .io = PARALLEL_WRITE_POSIX,
                                             .config = "",
                                             .provenance = &disk->provenance,
                                             .may_write = always};
  char *path = checkpoint_path(disk->folder, 0);
  if (writing && comm->rank == 0) unlink(path);
  comm_barrier(comm);
  const double start = comm_time();
  const int status = writing ? checkpoint_write(comm, &request, disk->particles, &disk->bytes)
                             : checkpoint_read(comm, path, disk->particles);
  *seconds = comm_time() - start;
  free(path);
  return status;
}

static int compare(struct disk *disk) {
  const struct bench *bench = disk->bench;
  const int repeats = bench_repeats(bench);
  json_object(bench->json, "checkpoint");
  for (int writing = 1; writing >= 0; writing--) {
    double rate[BENCH_REPEATS], ratio[BENCH_REPEATS], first, second;
    for (int t = 0; t < repeats; t++) {
      TRY(checkpoint(disk, writing, &first)); /* when writing, sets disk->bytes */
      TRY(plain(disk, writing, &second));
      rate[t] = 1e-9 * (double)disk->bytes / first;
      ratio[t] = second / first;
    }
    const double gb = bench_median(repeats, rate), median_ratio = bench_median(repeats, ratio);
    const char *name = writing ? "write" : "read";
    fprintf(bench->out, "checkpoint %s: %.2f GB/s, %.2f of a plain %s (%.3f GB)\n", name, gb, median_ratio,
            writing ? "write with fsync" : "read", 1e-9 * (double)disk->bytes);
    json_real(bench->json, writing ? "write_gbytes_per_s" : "read_gbytes_per_s", gb);
    json_real(bench->json, writing ? "write_ratio" : "read_ratio", median_ratio);
  }
  json_end(bench->json);
  return OK;
}

static void clean(const struct disk *disk) {
  char path[PATH_BYTES + 100], *written = checkpoint_path(disk->folder, 0);
  snprintf(path, sizeof path, "%s/plain", disk->folder);
  unlink(path);
  unlink(written);
  rmdir(disk->folder);
  free(written);
}

int bench_disk(struct bench *bench) {
  static const struct ensemble_spec ensemble = {.members = 1, .n = {4 << 20}, .replicas = 1}; /* 0.45 GB */
  static const struct ensemble_spec small = {.members = 1, .n = {1 << 19}, .replicas = 1};
  const struct unit_spec unit = {.type = UNIT_SIGMOID, .train = FIELD_BIT_C, .c = {0, 1}, .a = {0, 1}, .b = {0, 1}};
  const double cost = 1;
  struct disk disk = {.bench = bench};
  snprintf(disk.folder, sizeof disk.folder, "%s/mckean-bench-XXXXXX", bench->folder ? bench->folder : ".");
  int status = OK;
  if (bench->comm->rank == 0 && !mkdtemp(disk.folder))
    status = FAIL(FAILED, "%s: cannot create a folder: %s; choose another with --disk", disk.folder, strerror(errno));
  TRY(comm_agree(bench->comm, status));
  comm_bcast(bench->comm, disk.folder, sizeof disk.folder, 0);
  provenance_fill(bench->comm, 0, NULL, &disk.provenance);
  status = particles_create(bench->comm, bench->quick ? &small : &ensemble, &unit, 25, PRECISION_SINGLE, &cost,
                            &disk.particles);
  if (status == OK) {
    particles_init(disk.particles, 1);
    status = compare(&disk);
    particles_free(disk.particles);
  }
  comm_barrier(bench->comm);
  if (bench->comm->rank == 0) clean(&disk);
  return status;
}
