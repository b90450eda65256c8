// ranks: 1 2 3 4
/* parallel_write: the bytes of every rank are written at their offsets, and bytes that read back differently are
 * detected. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "harness.h"
#include "io/durable_file.h"
#include "io/parallel_write.h"

enum { PIECE = 1000, PIECES = 40 };

/* Offset of piece i of a rank; pieces of the ranks alternate in the file. */
static int64_t offset_of(int rank, int i) {
  return (int64_t)(i * world.size + rank) * PIECE;
}

static unsigned char byte_of(int rank, int i, int k) {
  return (unsigned char)(rank * 100 + i * 7 + k % 251 + 1);
}

struct job {
  const char *path;
  int calls, spoil; /* calls of fill; at call number `spoil` the last rank changes a byte of the file */
};

static void fill(struct parallel_write *writer, void *context) {
  struct job *job = context;
  if (++job->calls == job->spoil && world.rank == world.size - 1) {
    const int file = open(job->path, O_WRONLY);
    const unsigned char byte = (unsigned char)~byte_of(world.rank, PIECES / 2, 3);
    assert_true(pwrite(file, &byte, 1, offset_of(world.rank, PIECES / 2) + 3) == 1);
    close(file);
  }
  for (int i = 0; i < PIECES; i++) {
    unsigned char *to = parallel_write_put(writer, offset_of(world.rank, i), PIECE);
    for (int k = 0; k < PIECE; k++) to[k] = byte_of(world.rank, i, k);
  }
}

/* Returns the path of a new empty file, the same on all ranks. Collective. */
static const char *new_file(void) {
  static char path[4200];
  snprintf(path, sizeof path, "%s/file", harness_folder());
  FILE *file = world.rank == 0 ? fopen(path, "w") : NULL;
  assert_all(world.rank != 0 || (file && fclose(file) == 0));
  return path;
}

static void bytes_are_written_at_their_offsets(void **state) {
  (void)state;
  for (int io = 0; io < PARALLEL_WRITE_KINDS; io++) {
    struct job job = {.path = new_file()};
    assert_ok(parallel_write_file(&world, job.path, (enum parallel_write_io)io,
                                  &(struct parallel_write_job){fill, &job, PIECE}));
    const int file = open(job.path, O_RDONLY);
    for (int rank = 0; rank < world.size; rank++)
      for (int i = 0; i < PIECES; i++) {
        unsigned char piece[PIECE];
        expect(durable_file_pread(file, job.path, offset_of(rank, i), piece, PIECE) == OK, "io %d, rank %d, piece %d",
               io, rank, i);
        for (int k = 0; k < PIECE; k++)
          expect(piece[k] == byte_of(rank, i, k), "io %d, rank %d, piece %d, byte %d", io, rank, i, k);
      }
    close(file);
    assert_expected();
  }
}

/* One byte changes on one rank between the collective write and the read-back (the third call of fill). */
static void a_changed_byte_is_found(void **state) {
  (void)state;
  struct job job = {.path = new_file(), .spoil = 3};
  assert_status(FAILED, parallel_write_file(&world, job.path, PARALLEL_WRITE_MPIIO,
                                            &(struct parallel_write_job){fill, &job, PIECE}));
  assert_all(job.calls == 3 && strstr(error_text(), "bytes read back differ"));
}

static void a_failure_to_open_on_one_rank_is_returned_on_all(void **state) {
  (void)state;
  for (int io = 0; io < PARALLEL_WRITE_KINDS; io++) {
    struct job job = {.path = new_file()};
    if (world.rank == world.size - 1) job.path = "missing/file";
    assert_status(FAILED, parallel_write_file(&world, job.path, (enum parallel_write_io)io,
                                              &(struct parallel_write_job){fill, &job, PIECE}));
    assert_all(strstr(error_text(), "missing/file: cannot open it to write") != NULL);
  }
}

/* The device /dev/zero accepts all bytes and returns zeros. */
static void bytes_that_read_back_differently_are_found(void **state) {
  (void)state;
  struct job job = {.path = "/dev/zero"};
  assert_status(FAILED, parallel_write_file(&world, job.path, PARALLEL_WRITE_POSIX,
                                            &(struct parallel_write_job){fill, &job, PIECE}));
  assert_all(strstr(error_text(), "bytes read back differ") != NULL);
}

static void a_full_disk_has_its_own_status(void **state) {
  (void)state;
  struct job job = {.path = "/dev/full"};
  assert_status(FULL, parallel_write_file(&world, job.path, PARALLEL_WRITE_POSIX,
                                          &(struct parallel_write_job){fill, &job, PIECE}));
  assert_all(strstr(error_text(), "No space left on device; free space on this disk") != NULL);
  const int file = open("/dev/full", O_RDWR);
  assert_all(durable_file_pwrite(file, "/dev/full", 0, "x", 1) == FULL);
  close(file);
}

static bool lose_bytes, limit_size;

/* The last rank may report that none of its bytes were written, as Open MPI does when another rank fails to write. */
int MPI_File_write_at_all(MPI_File file, MPI_Offset offset, const void *data, int count, MPI_Datatype type,
                          MPI_Status *status) {
  const int code = PMPI_File_write_at_all(file, offset, data, count, type, status);
  if (lose_bytes && world.rank == world.size - 1) {
    MPI_Status_set_elements(status, type, 0);
    if (limit_size) setrlimit(RLIMIT_FSIZE, &(struct rlimit){0, RLIM_INFINITY});
  }
  return code;
}

static void bytes_that_mpi_io_did_not_write_are_reported_with_the_reason(void **state) {
  (void)state;
  struct rlimit limit;
  getrlimit(RLIMIT_FSIZE, &limit);
  signal(SIGXFSZ, SIG_IGN);
  lose_bytes = true;
  for (int i = 0; i < 2; i++) {
    struct job job = {.path = new_file()};
    limit_size = i == 1;
    const int status =
        parallel_write_file(&world, job.path, PARALLEL_WRITE_MPIIO, &(struct parallel_write_job){fill, &job, PIECE});
    setrlimit(RLIMIT_FSIZE, &limit);
    assert_all(status == FAILED);
    assert_all(strstr(error_text(), limit_size ? "File too large" : "MPI-IO wrote 0 of ") != NULL);
    assert_all(limit_size || strstr(error_text(), "output.io: posix may show the reason") != NULL);
  }
  lose_bytes = false;
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(bytes_are_written_at_their_offsets),
      cmocka_unit_test(a_changed_byte_is_found),
      cmocka_unit_test(a_failure_to_open_on_one_rank_is_returned_on_all),
      cmocka_unit_test(bytes_that_read_back_differently_are_found),
      cmocka_unit_test(a_full_disk_has_its_own_status),
      cmocka_unit_test(bytes_that_mpi_io_did_not_write_are_reported_with_the_reason),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
