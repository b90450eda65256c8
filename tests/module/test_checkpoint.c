// ranks: 1 2 3 4
/* checkpoint: a checkpoint is read back with the same bits; a failed write leaves the folder unchanged. For damaged
 * files see test_damage.c. */
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fixture.h"
#include "store/checkpoint.h"
#include "store/output_folder.h"

/* Number of reads that succeed before one fails with ESTALE, as after a restart of a file server; -1: none fails. This
 * pread replaces that of the C library. */
static int reads_left = -1;
ssize_t pread(int file, void *data, size_t bytes, off_t offset) {
  if (reads_left >= 0 && reads_left-- == 0) {
    errno = ESTALE;
    return -1;
  }
  return (ssize_t)syscall(SYS_pread64, file, data, bytes, offset);
}

static struct provenance provenance;
static char folder[300];

static int always(void *context) {
  (void)context;
  return OK;
}

static int never(void *context) {
  (void)context;
  return FAIL(FAILED, "superseded");
}

/* Collective. Creates the folder of checkpoints, empty. */
static void clear(void) {
  char command[700];
  snprintf(folder, sizeof folder, "%s/checkpoints", harness_folder());
  comm_barrier(&world);
  snprintf(command, sizeof command, "rm -rf '%s' && mkdir '%s'", folder, folder);
  const int failed = world.rank == 0 ? system(command) : 0;
  assert_all(failed == 0);
  if (provenance.count == 0) provenance_fill(&world, 0, NULL, &provenance);
}

static struct fixture *networks(const char *unit, const char *precision, const char *n) {
  return fixture_create("run: {precision: %s, seed: 6}\nensemble: {n: %s, replicas: 2}\nunit: {type: %s}\n"
                        "target: {type: spin, d: 3}\ndata: {mode: fixed, samples: 10, test: 0}\n"
                        "dynamics: {stages: [{steps: 5, dt: 0.1}]}\n",
                        precision, n, unit);
}

static int save(const struct fixture *fixture, int64_t step, enum parallel_write_io io, int (*may_write)(void *)) {
  char *echo = config_echo(fixture->config);
  const struct checkpoint_request request = {.folder = folder,
                                             .step = step,
                                             .time = 0.1 * (double)step,
                                             .seed = 6,
                                             .isa = ISA_portable,
                                             .io = io,
                                             .config = echo,
                                             .provenance = &provenance,
                                             .may_write = may_write};
  int64_t bytes;
  const int status = checkpoint_write(&world, &request, fixture->particles, &bytes);
  free(echo);
  return status;
}

static void particles_are_read_back_with_the_same_bits(void **state) {
  (void)state;
  const char *units[] = {"sigmoid", "rbf"}, *precisions[] = {"single", "mixed", "double"};
  for (int u = 0; u < 2; u++)
    for (int p = 0; p < 3; p++)
      for (int io = 0; io < PARALLEL_WRITE_KINDS; io++) {
        clear();
        struct fixture *fixture = networks(units[u], precisions[p], "[17, 300, 700]");
        struct fixture *other = networks(units[u], precisions[p], "[17, 300, 700]");
        assert_ok(save(fixture, 3, (enum parallel_write_io)io, always));
        char *path = checkpoint_path(folder, 3);
        struct checkpoint_info info = {0};
        assert_ok(checkpoint_verify(&world, path, &info));
        assert_all_for(info.step == 3 && info.seed == 6 && info.isa == ISA_portable && info.time == 0.1 * 3,
                       "unit %s, %s, io %d", units[u], precisions[p], io);
        checkpoint_info_free(&info);
        const size_t bytes = (size_t)other->particles->tile_count * other->particles->tile_bytes;
        memset(other->particles->tiles, 0, bytes);
        assert_ok(checkpoint_read(&world, path, other->particles));
        assert_all_for(bytes == 0 || memcmp(fixture->particles->tiles, other->particles->tiles, bytes) == 0,
                       "unit %s, %s, io %d", units[u], precisions[p], io);
        free(path);
        fixture_free(fixture);
        fixture_free(other);
      }
}

static void checkpoints_of_other_shapes_are_refused(void **state) {
  (void)state;
  clear();
  struct fixture *fixture = networks("sigmoid", "mixed", "[17, 64]");
  assert_ok(save(fixture, 1, PARALLEL_WRITE_POSIX, always));
  char *path = checkpoint_path(folder, 1);
  const char *others[][3] = {{"sigmoid", "mixed", "[17, 65]"},
                             {"tanh", "mixed", "[17, 64]"},
                             {"sigmoid", "double", "[17, 64]"},
                             {"sigmoid", "mixed", "[17]"}};
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
    struct fixture *other = networks(others[i][0], others[i][1], others[i][2]);
    assert_status(USAGE, checkpoint_read(&world, path, other->particles));
    fixture_free(other);
  }
  free(path);
  fixture_free(fixture);
}

static char *load(const char *path, long *bytes) {
  FILE *file = fopen(path, "rb");
  assert_non_null(file);
  fseek(file, 0, SEEK_END);
  *bytes = ftell(file);
  rewind(file);
  char *data = malloc((size_t)*bytes);
  assert_int_equal(fread(data, 1, (size_t)*bytes, file), *bytes);
  fclose(file);
  return data;
}

static void store(const char *path, const char *data, long bytes) {
  FILE *file = fopen(path, "wb");
  assert_non_null(file);
  assert_int_equal(fwrite(data, 1, (size_t)bytes, file), bytes);
  fclose(file);
}

static void newest_skips_damaged_checkpoints(void **state) {
  (void)state;
  clear();
  struct fixture *fixture = networks("sigmoid", "mixed", "[17, 300]");
  char *path = NULL, *damaged = checkpoint_path(folder, 20), *older = checkpoint_path(folder, 10);
  struct checkpoint_info info = {0};
  assert_ok(checkpoint_newest(&world, folder, INT64_MAX, false, harness_keep_notice, NULL, &path, &info));
  assert_all(path == NULL);
  assert_ok(save(fixture, 10, PARALLEL_WRITE_POSIX, always));
  assert_ok(save(fixture, 20, PARALLEL_WRITE_POSIX, always));
  if (world.rank == 0) {
    long bytes;
    char *data = load(damaged, &bytes);
    data[bytes - 2000] ^= 4;
    store(damaged, data, bytes);
    free(data);
  }
  comm_barrier(&world);
  assert_ok(checkpoint_newest(&world, folder, INT64_MAX, false, harness_keep_notice, NULL, &path, &info));
  assert_all(path && strcmp(path, older) == 0 && info.step == 10);
  assert_all(world.rank != 0 || strstr(harness_notice, "step-000000000020.h5"));
  free(path);
  checkpoint_info_free(&info);
  comm_barrier(&world);
  if (world.rank == 0) assert_int_equal(truncate(older, 100), 0);
  comm_barrier(&world);
  assert_status(FAILED, checkpoint_newest(&world, folder, INT64_MAX, false, harness_keep_notice, NULL, &path, &info));
  free(damaged);
  free(older);
  fixture_free(fixture);
}

static void a_transient_read_error_is_not_damage(void **state) {
  (void)state;
  clear();
  struct fixture *fixture = networks("sigmoid", "mixed", "[17, 300]");
  char *path = NULL;
  struct checkpoint_info info = {0};
  assert_ok(save(fixture, 10, PARALLEL_WRITE_POSIX, always));
  assert_ok(save(fixture, 20, PARALLEL_WRITE_POSIX, always));
  *harness_notice = 0;
  for (int failing = 0; failing < world.size; failing++) { /* rank 0 reads metadata, the others particles */
    reads_left = world.rank == failing ? 0 : -1;
    assert_status(UNREAD, checkpoint_newest(&world, folder, INT64_MAX, false, harness_keep_notice, NULL, &path, &info));
    assert_all_for(!path && !*harness_notice && reads_left == -1, "failing rank %d", failing);
  }
  assert_ok(checkpoint_newest(&world, folder, INT64_MAX, false, harness_keep_notice, NULL, &path, &info));
  assert_all(info.step == 20);
  free(path);
  checkpoint_info_free(&info);
  fixture_free(fixture);
}

/* Returns the names of the files in the folder, each followed by a space. */
static const char *listing(void) {
  static char text[2048];
  char command[400];
  snprintf(command, sizeof command, "ls -A '%s' | tr '\\n' ' '", folder);
  FILE *out = popen(command, "r");
  const size_t length = fread(text, 1, sizeof text - 1, out);
  text[length] = 0;
  pclose(out);
  return text;
}

static void a_failed_write_leaves_the_folder_unchanged(void **state) {
  (void)state;
  clear();
  struct fixture *fixture = networks("sigmoid", "mixed", "[17, 3000]");
  assert_ok(save(fixture, 10, PARALLEL_WRITE_POSIX, always));
  /* A limit on the file size acts as a full disk: rank 0 cannot reserve the space. */
  struct rlimit was, small = {100000, 100000};
  getrlimit(RLIMIT_FSIZE, &was);
  small.rlim_max = was.rlim_max;
  signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &small);
  assert_status(FAILED, save(fixture, 20, PARALLEL_WRITE_POSIX, always));
  setrlimit(RLIMIT_FSIZE, &was);
  assert_status(FAILED, save(fixture, 20, PARALLEL_WRITE_POSIX, never));
  comm_barrier(&world);
  assert_all(world.rank != 0 || strcmp(listing(), "step-000000000010.h5 ") == 0);
  char *path = checkpoint_path(folder, 10);
  assert_ok(checkpoint_verify(&world, path, NULL));
  free(path);
  strcat(folder, "/missing");
  assert_status(FAILED, save(fixture, 20, PARALLEL_WRITE_POSIX, always));
  fixture_free(fixture);
}

static void rotation_keeps_the_newest_and_the_snapshots(void **state) {
  (void)state;
  clear();
  struct fixture *fixture = networks("sigmoid", "single", "[3]");
  for (int64_t step = 0; step <= 50; step += 10) assert_ok(save(fixture, step, PARALLEL_WRITE_POSIX, always));
  const struct steps snapshots = {.count = 2, .step = {0, 20}};
  if (world.rank == 0) {
    char temporary[400];
    snprintf(temporary, sizeof temporary, "%s/.step-000000000060.h5.tmp-77", folder); /* left by a killed run */
    store(temporary, "x", 1);
  }
  if (world.rank == 0) output_folder_clean(folder);
  assert_ok(world.rank == 0 ? checkpoint_rotate(folder, 2, &snapshots) : OK);
  assert_all(world.rank != 0 || strcmp(listing(), "step-000000000000.h5 step-000000000020.h5 step-000000000040.h5 "
                                                  "step-000000000050.h5 ") == 0);
  fixture_free(fixture);
}

static void compare_finds_changes_of_one_bit_and_nan(void **state) {
  (void)state;
  if (world.size > 1) return;
  clear();
  struct fixture *fixture = networks("sigmoid", "double", "[17, 300]");
  assert_ok(save(fixture, 10, PARALLEL_WRITE_POSIX, always));
  assert_ok(save(fixture, 20, PARALLEL_WRITE_MPIIO, always));
  char *a = checkpoint_path(folder, 10), *b = checkpoint_path(folder, 20);
  bool equal = false;
  assert_ok(checkpoint_compare(a, b, NULL, &equal));
  assert_true(equal);
  double theta[5];
  fixture_get(fixture, 1, 5, theta);
  theta[3] *= 1 + 1e-15;
  fixture_set(fixture, 1, 5, theta);
  assert_ok(save(fixture, 20, PARALLEL_WRITE_POSIX, always));
  assert_ok(checkpoint_compare(a, b, NULL, &equal));
  assert_false(equal);
  /* A NaN is the largest difference, although a later unit has a finite one. */
  theta[3] = NAN;
  fixture_set(fixture, 1, 4, theta);
  assert_ok(save(fixture, 20, PARALLEL_WRITE_POSIX, always));
  char *text = NULL;
  size_t bytes;
  FILE *out = open_memstream(&text, &bytes);
  assert_ok(checkpoint_compare(a, b, out, &equal));
  fclose(out);
  assert_non_null(strstr(text, "by at most nan, relative nan"));
  free(text);
  free(a);
  free(b);
  fixture_free(fixture);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(particles_are_read_back_with_the_same_bits),
      cmocka_unit_test(checkpoints_of_other_shapes_are_refused),
      cmocka_unit_test(newest_skips_damaged_checkpoints),
      cmocka_unit_test(a_transient_read_error_is_not_damage),
      cmocka_unit_test(a_failed_write_leaves_the_folder_unchanged),
      cmocka_unit_test(rotation_keeps_the_newest_and_the_snapshots),
      cmocka_unit_test(compare_finds_changes_of_one_bit_and_nan),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
