// ranks: 1
/* Damaged files. The readers detect a change of every byte of a small checkpoint and of many bytes of a history. No
 * changed byte ends the program without a message, not even in a user's file. The search for the newest checkpoint
 * falls back to the previous one and reports the damaged one. The readers run in child processes with limits on memory
 * and time. */
#include <fcntl.h>
#include <hdf5.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "data/target.h"
#include "harness.h"
#include "io/h5.h"
#include "run/simulation.h"
#include "store/checkpoint.h"
#include "store/history_file.h"
#include "study/study.h"

static char folder[300];

static const char *path_of(const char *name) {
  static char path[4][400];
  static int next;
  next = (next + 1) % 4;
  snprintf(path[next], sizeof path[next], "%s/%s", folder, name);
  return path[next];
}

static void shell(const char *format, const char *a, const char *b) {
  char command[1000];
  snprintf(command, sizeof command, format, a, b);
  assert_int_equal(system(command), 0);
}

/* Runs small networks with checkpoints at steps 10 and 20, at the first call only. */
static void make_run(void) {
  if (*folder) return;
  snprintf(folder, sizeof folder, "%s", harness_folder());
  char text[700];
  snprintf(text, sizeof text,
           "run: {output: %s/run}\nensemble: {n: [3, 4], replicas: 2}\ntarget: {type: spin, d: 2}\n"
           "data: {mode: fixed, samples: 5, test: 3}\ndynamics: {stages: [{steps: 20, dt: 0.1}]}\n"
           "output: {history_every: 10, checkpoint_every: 10, fields: [0, 20]}\n",
           folder);
  struct config *config;
  const struct simulation_options options = {.stop_at = -1};
  assert_ok(config_parse("test", text, &config));
  assert_ok(simulation_run(&world, config, &options));
  config_free(config);
}

static void put(hid_t file, const char *name, hid_t type, int rank, const double *numbers) {
  const hid_t space = H5Screate_simple(rank, (hsize_t[]){3, 2}, NULL);
  const hid_t id = H5Dcreate2(file, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  assert_true(H5Dwrite(id, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, numbers) >= 0);
  H5Dclose(id);
  H5Sclose(space);
}

/* Creates a data file with the default settings of HDF5, without the alignment gaps of McKean's files; returns its
 * path. */
static const char *make_data(void) {
  const double numbers[6] = {0, 1, 2, 3, 4, 5};
  const char *path = path_of("data.h5");
  const hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  put(file, "x", H5T_IEEE_F64LE, 2, numbers);
  put(file, "y", H5T_IEEE_F32BE, 1, numbers);
  put(file, "test_x", H5T_STD_I16LE, 2, numbers);
  put(file, "test_y", H5T_IEEE_F64LE, 1, numbers);
  assert_true(H5Fclose(file) >= 0);
  return path;
}

/* ---- readers ---- */

static int read_checkpoint(const char *path) {
  return checkpoint_verify(&world, path, NULL);
}

static int read_history(const char *path) {
  struct h5 *file;
  TRY(history_file_open(path, &file));
  return h5_close(file);
}

/* Reads everything that analyze reads from a run. path: a file in the folder of the run. */
static int read_study(const char *path) {
  char run[400], *runs[] = {run};
  snprintf(run, sizeof run, "%.*s", (int)(strrchr(path, '/') - path), path);
  struct study *study;
  int64_t rows = 0, *step = NULL;
  double *time, *x = NULL, *y = NULL;
  int d;
  TRY(study_open(1, runs, &study));
  int status = study_rows(study, &rows, &step);
  time = calloc((size_t)rows + 1, sizeof *time);
  for (int size = 0; size < study->sizes && status == OK; size++) {
    const int64_t width = study->test_points > study->train_points ? study->test_points : study->train_points;
    double *values = calloc((size_t)(study->replicas[size] * (rows + width + 1)), sizeof *values);
    status = study_curves(study, size, "loss", rows, step, values);
    if (status == OK) status = study_row_times(study, size, rows, step, time);
    for (int t = 0; t < study->times && status == OK; t++) {
      status = study_series(study, size, t, "test_loss", values);
      if (status == OK) status = study_field(study, size, t, POINTS_TRAIN, values);
      if (status == OK) status = study_second_moment(study, size, t, POINTS_TEST, values);
    }
    free(values);
  }
  if (status == OK) status = study_points(study, POINTS_TEST, &d, &x, &y);
  free(step);
  free(time);
  free(x);
  free(y);
  study_free(study);
  return status;
}

static int read_data(const char *path) {
  struct target_spec spec = {.type = TARGET_FILE};
  struct target *target;
  snprintf(spec.path, sizeof spec.path, "%s", path);
  TRY(target_create(&world, &spec, &target));
  target_free(target);
  return OK;
}

/* ---- changes ---- */

/* Results of the child process, in shared memory. */
struct outcome {
  long at, unnoticed, last; /* the byte that is changed; number and last byte of the changes that were not detected */
  char bad_message[400];    /* an error without a useful message, or "" */
};

static void try_byte(int file, const char *path, long at, unsigned flip, int (*read_file)(const char *path),
                     struct outcome *outcome) {
  unsigned char was, now;
  if (pread(file, &was, 1, at) != 1) _exit(3);
  now = (unsigned char)(was ^ flip);
  if (pwrite(file, &now, 1, at) != 1) _exit(3);
  alarm(20);
  outcome->at = at;
  const int status = read_file(path);
  alarm(0);
  if (pwrite(file, &was, 1, at) != 1) _exit(3);
  if (status == OK) {
    outcome->unnoticed++;
    outcome->last = at;
  } else if (strlen(error_text()) < 10 || strstr(error_text(), "no memory")) {
    snprintf(outcome->bad_message, sizeof outcome->bad_message, "byte %ld: %.300s", at, error_text());
  }
}

/* In a child process, changes each of the bytes first, first + stride, ... below end in turn, reads the file and
 * restores the byte. flip: the bits to change; 0: one bit, which depends on the position of the byte. The test fails if
 * the reader ends the process or gives no useful message. */
static struct outcome change(const char *path, long first, long end, long stride, unsigned flip,
                             int (*read_file)(const char *path)) {
  struct outcome *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  memset(shared, 0, sizeof *shared);
  fflush(NULL);
  const pid_t child = fork();
  if (child == 0) {
    const int file = open(path, O_RDWR);
    harness_limit_memory(256 << 20);
    for (long at = first; at < end; at += stride)
      try_byte(file, path, at, flip ? flip : 1u << (at % 8), read_file, shared);
    _exit(0);
  }
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  const struct outcome outcome = *shared;
  munmap(shared, sizeof *shared);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    fail_msg("%s: byte %ld changed: the reader ended with status %x (signal %d)", path, outcome.at, status,
             WIFSIGNALED(status) ? WTERMSIG(status) : 0);
  if (*outcome.bad_message) fail_msg("%s: %s", path, outcome.bad_message);
  return outcome;
}

static long length_of(const char *path) {
  struct stat found;
  assert_int_equal(stat(path, &found), 0);
  return found.st_size;
}

static void all_found(const char *path, long first, long end, long stride, unsigned flip,
                      int (*read_file)(const char *path)) {
  const struct outcome outcome = change(path, first, end, stride, flip, read_file);
  if (outcome.unnoticed > 0)
    fail_msg("%s: %ld changes were not found, the last at byte %ld", path, outcome.unnoticed, outcome.last);
}

static void every_changed_byte_of_a_checkpoint_is_found(void **state) {
  (void)state;
  make_run();
  const char *path = path_of("run/checkpoints/step-000000000020.h5");
  const long bytes = length_of(path);
  assert_ok(read_checkpoint(path));
  all_found(path, 0, bytes, 1, 0, read_checkpoint);
  for (unsigned flip = 1; flip < 256; flip *= 2) {
    all_found(path, 0, 512, 1, flip, read_checkpoint);
    all_found(path, 512 + flip % 7, bytes, 61, flip, read_checkpoint);
  }
  assert_ok(read_checkpoint(path));
  print_message("each of %ld bytes was changed\n", bytes);
}

static void changed_bytes_of_a_history_are_found(void **state) {
  (void)state;
  make_run();
  const char *path = path_of("run/history.h5");
  const long bytes = length_of(path);
  assert_ok(read_history(path));
  all_found(path, 0, 4096, 1, 0, read_history);
  all_found(path, 4096, bytes, 101, 0, read_history);
  assert_ok(read_history(path));
  assert_ok(read_study(path));
}

static void cuts_are_found(void **state) {
  (void)state;
  make_run();
  (void)make_data();
  const char *names[] = {"run/checkpoints/step-000000000020.h5", "run/history.h5", "data.h5"};
  int (*const readers[])(const char *) = {read_checkpoint, read_history, read_data};
  for (int i = 0; i < 3; i++) {
    const char *cut = path_of("cut.h5");
    const long bytes = length_of(path_of(names[i]));
    shell("cp '%s' '%s'", path_of(names[i]), cut);
    assert_ok(readers[i](cut));
    for (long length = bytes - 1; length >= 0; length -= length > 40000 ? 1777 : 97) {
      assert_int_equal(truncate(cut, length), 0);
      if (readers[i](cut) == OK) fail_msg("%s: cut to %ld of %ld bytes, and not found", names[i], length, bytes);
    }
  }
}

/* A user's file has no checksum, so a changed number cannot be detected, and the HDF5 library crashes on some changes
 * of its own structures. No change may end the program. */
static void changes_in_a_users_file_end_in_a_message_if_they_are_found(void **state) {
  (void)state;
  make_run();
  const char *path = make_data();
  const long bytes = length_of(path);
  change(path, 0, bytes, 2, 0, read_data);
  change(path, 1, bytes, 8, 0xff, read_data);
  assert_ok(read_data(path));
}

static void the_checkpoint_before_is_used(void **state) {
  (void)state;
  make_run();
  const char *newest = path_of("run/checkpoints/step-000000000020.h5");
  const int file = open(newest, O_RDWR);
  const long bytes = length_of(newest);
  for (long at = 0; at < bytes; at += 211) {
    unsigned char was, now;
    char *path = NULL;
    struct checkpoint_info info = {0};
    assert_int_equal(pread(file, &was, 1, at), 1);
    now = was ^ 0x10;
    assert_int_equal(pwrite(file, &now, 1, at), 1);
    *harness_notice = 0;
    assert_ok(checkpoint_newest(&world, path_of("run/checkpoints"), INT64_MAX, false, harness_keep_notice, NULL, &path,
                                &info));
    assert_true(path && strstr(path, "step-000000000010.h5") && info.step == 10);
    assert_non_null(strstr(harness_notice, "step-000000000020.h5"));
    free(path);
    checkpoint_info_free(&info);
    assert_int_equal(pwrite(file, &was, 1, at), 1);
  }
  close(file);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_changed_byte_of_a_checkpoint_is_found),
      cmocka_unit_test(changed_bytes_of_a_history_are_found),
      cmocka_unit_test(cuts_are_found),
      cmocka_unit_test(changes_in_a_users_file_end_in_a_message_if_they_are_found),
      cmocka_unit_test(the_checkpoint_before_is_used),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
