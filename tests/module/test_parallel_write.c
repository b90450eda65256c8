// ranks: 1 2 3 4
/* parallel_write: every rank's bytes come to their places, and bytes that the file does not give back are found. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"
#include "io/durable_file.h"
#include "io/parallel_write.h"

enum { PIECE = 1000, PIECES = 40 };

/* Piece i of a rank, with its bytes; pieces of the ranks take turns in the file. */
static int64_t place_of(int rank, int i) {
  return (int64_t)(i * world.size + rank) * PIECE;
}

static unsigned char byte_of(int rank, int i, int k) {
  return (unsigned char)(rank * 100 + i * 7 + k % 251 + 1);
}

struct job {
  const char *path;
  int calls, spoil; /* at this call the last rank changes a byte behind the back of parallel_write_file */
};

static void fill(struct parallel_write *writer, void *context) {
  struct job *job = context;
  if (++job->calls == job->spoil && world.rank == world.size - 1) {
    const int file = open(job->path, O_WRONLY);
    const unsigned char byte = (unsigned char)~byte_of(world.rank, PIECES / 2, 3);
    assert_true(pwrite(file, &byte, 1, place_of(world.rank, PIECES / 2) + 3) == 1);
    close(file);
  }
  for (int i = 0; i < PIECES; i++) {
    unsigned char *to = parallel_write_put(writer, place_of(world.rank, i), PIECE);
    for (int k = 0; k < PIECE; k++) to[k] = byte_of(world.rank, i, k);
  }
}

/* A new empty file, the same on all ranks. */
static const char *new_file(void) {
  static char path[4200];
  snprintf(path, sizeof path, "%s/file", harness_folder());
  FILE *file = world.rank == 0 ? fopen(path, "w") : NULL;
  assert_all(world.rank != 0 || (file && fclose(file) == 0));
  return path;
}

static void bytes_come_to_their_places(void **state) {
  (void)state;
  for (int io = 0; io < PARALLEL_WRITE_KINDS; io++) {
    struct job job = {.path = new_file()};
    assert_ok(parallel_write_file(&world, job.path, (enum parallel_write_io)io,
                                  &(struct parallel_write_job){fill, &job, PIECE}));
    const int file = open(job.path, O_RDONLY);
    bool right = true;
    for (int rank = 0; rank < world.size; rank++)
      for (int i = 0; i < PIECES; i++) {
        unsigned char piece[PIECE];
        right = right && durable_file_pread(file, job.path, place_of(rank, i), piece, PIECE) == OK;
        for (int k = 0; k < PIECE; k++) right = right && piece[k] == byte_of(rank, i, k);
      }
    close(file);
    assert_all(right);
  }
}

/* Between the collective write and the reading back (the third call of fill) one byte changes on one rank. */
static void a_changed_byte_is_found(void **state) {
  (void)state;
  struct job job = {.path = new_file(), .spoil = 3};
  assert_status(FAILED, parallel_write_file(&world, job.path, PARALLEL_WRITE_MPIIO,
                                            &(struct parallel_write_job){fill, &job, PIECE}));
  assert_all(job.calls == 3 && strstr(error_text(), "gave back other bytes"));
}

/* A device that takes all bytes and gives back zeros. */
static void bytes_not_given_back_are_found(void **state) {
  (void)state;
  struct job job = {.path = "/dev/zero"};
  assert_status(FAILED, parallel_write_file(&world, job.path, PARALLEL_WRITE_POSIX,
                                            &(struct parallel_write_job){fill, &job, PIECE}));
  assert_all(strstr(error_text(), "gave back other bytes") != NULL);
}

/* Without room it is told apart from other failures. */
static void want_of_room_is_told_apart(void **state) {
  (void)state;
  struct job job = {.path = "/dev/full"};
  assert_status(FULL, parallel_write_file(&world, job.path, PARALLEL_WRITE_POSIX,
                                          &(struct parallel_write_job){fill, &job, PIECE}));
  assert_all(strstr(error_text(), "No space left on device; make room there") != NULL);
  const int file = open("/dev/full", O_RDWR);
  assert_all(durable_file_pwrite(file, "/dev/full", 0, "x", 1) == FULL);
  close(file);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(bytes_come_to_their_places),
      cmocka_unit_test(a_changed_byte_is_found),
      cmocka_unit_test(bytes_not_given_back_are_found),
      cmocka_unit_test(want_of_room_is_told_apart),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
