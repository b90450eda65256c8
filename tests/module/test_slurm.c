// ranks: 1
/* slurm: the time limit of a job, from squeue and from the environment; job ids and restarts. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "harness.h"
#include "log/slurm.h"

/* Installs a squeue that stores its arguments, prints `text` (a printf format) and exits with `code`. */
static void install_squeue(const char *text, int code) {
  char path[4200];
  snprintf(path, sizeof path, "%s/squeue", harness_folder());
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  fprintf(file, "#!/bin/sh\necho \"$*\" >%s/asked\nprintf '%s'\nexit %d\n", harness_folder(), text, code);
  fclose(file);
  assert_int_equal(chmod(path, 0755), 0);
}

static void assert_squeue_was_called_for(const char *job) {
  char path[4200], line[256] = "", expected[64];
  snprintf(path, sizeof path, "%s/asked", harness_folder());
  FILE *file = fopen(path, "r");
  assert_non_null(file);
  assert_non_null(fgets(line, sizeof line, file));
  fclose(file);
  snprintf(expected, sizeof expected, "--jobs=%s ", job);
  assert_non_null(strstr(line, expected));
}

static int set_up(void **state) {
  (void)state;
  char path[8192];
  snprintf(path, sizeof path, "%s:%s", harness_folder(), getenv("PATH"));
  setenv("PATH", path, 1);
  setenv("SLURM_JOB_ID", "12", 1);
  unsetenv("SLURM_ARRAY_JOB_ID");
  unsetenv("SLURM_ARRAY_TASK_ID");
  unsetenv("SLURM_JOB_END_TIME");
  return 0;
}

static void all_forms_of_the_time_left_are_read(void **state) {
  (void)state;
  static const struct {
    const char *text;
    double seconds;
  } answers[] = {{"0:07\\n", 7},
                 {"59:08\\n", 59 * 60 + 8},
                 {"1:00:09\\n", 3609},
                 {"3-04:05:06\\n", ((3 * 24 + 4) * 60 + 5) * 60 + 6},
                 {"UNLIMITED\\n", INFINITY},
                 {"INVALID\\n", NAN},
                 {"NOT_SET\\n", NAN},
                 {"", NAN}};
  for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
    install_squeue(answers[i].text, 0);
    const double left = slurm_left();
    assert_true(isnan(answers[i].seconds) ? isnan(left) : left == answers[i].seconds);
  }
  assert_squeue_was_called_for("12");
}

static void the_environment_is_used_if_squeue_fails(void **state) {
  (void)state;
  install_squeue("1:00", 1);
  assert_true(isnan(slurm_left()));
  char text[32];
  snprintf(text, sizeof text, "%lld", (long long)time(NULL) + 1000);
  setenv("SLURM_JOB_END_TIME", text, 1);
  const double left = slurm_left();
  assert_true(left > 0 && left <= 1000);
  setenv("SLURM_JOB_END_TIME", "1000", 1); /* in the past, because of a wrong clock */
  assert_true(isnan(slurm_left()));
  install_squeue("1:00\\n", 0);
  assert_true(slurm_left() == 60);
  unsetenv("SLURM_JOB_END_TIME");
}

static void an_array_task_queries_itself(void **state) {
  (void)state;
  char id[SLURM_ID];
  setenv("SLURM_ARRAY_JOB_ID", "10", 1);
  setenv("SLURM_ARRAY_TASK_ID", "3", 1);
  install_squeue("1:00\\n", 0);
  assert_true(slurm_left() == 60);
  assert_squeue_was_called_for("10_3");
  assert_true(slurm_job(id));
  assert_string_equal(id, "10_3");
}

static void squeue_is_not_called_outside_a_job(void **state) {
  (void)state;
  char id[SLURM_ID];
  install_squeue("1:00\\n", 0);
  setenv("SLURM_JOB_ID", "12; touch here", 1); /* not a job id: it must not reach a shell */
  assert_false(slurm_job(id));
  unsetenv("SLURM_JOB_ID");
  assert_false(slurm_job(id));
  assert_true(isnan(slurm_left()));
}

static void restarts_count_requeues_and_new_jobs(void **state) {
  (void)state;
  unsetenv("MCKEAN_RESTARTS");
  unsetenv("SLURM_RESTART_COUNT");
  assert_int_equal(slurm_restarts(), 0);
  setenv("SLURM_RESTART_COUNT", "3", 1);
  assert_int_equal(slurm_restarts(), 3);
  setenv("MCKEAN_RESTARTS", "5", 1);
  assert_int_equal(slurm_restarts(), 5);
  unsetenv("MCKEAN_RESTARTS");
  unsetenv("SLURM_RESTART_COUNT");
}

static void unused_processors_are_named(void **state) {
  (void)state;
  static const struct {
    const char *tasks, *cpus, *launcher;
    int ranks, threads;
    const char *text; /* or NULL */
  } cases[] = {{"2", NULL, NULL, 1, 1, "has 2 tasks, and this run uses one"},
               {"2", NULL, "OMPI_COMM_WORLD_SIZE", 1, 1, NULL},
               {"2", NULL, "PMI_SIZE", 1, 1, NULL},
               {"2", NULL, "SLURM_STEP_ID", 1, 1, NULL},
               {"2", NULL, NULL, 2, 1, NULL},
               {"1", "4", NULL, 1, 2, "4 processors per task, and each rank of this run uses 2: set run.threads=4"},
               {"2", "4", "OMPI_COMM_WORLD_SIZE", 2, 4, NULL},
               {NULL, NULL, NULL, 1, 1, NULL}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char text[SLURM_TEXT] = "";
    const char *variables[] = {"SLURM_NTASKS", "SLURM_CPUS_PER_TASK", "OMPI_COMM_WORLD_SIZE", "PMI_SIZE",
                               "SLURM_STEP_ID"};
    for (size_t v = 0; v < sizeof variables / sizeof *variables; v++) unsetenv(variables[v]);
    if (cases[i].tasks) setenv("SLURM_NTASKS", cases[i].tasks, 1);
    if (cases[i].cpus) setenv("SLURM_CPUS_PER_TASK", cases[i].cpus, 1);
    if (cases[i].launcher) setenv(cases[i].launcher, "2", 1);
    const bool unused = slurm_unused(cases[i].ranks, cases[i].threads, text);
    assert_all_for(unused == (cases[i].text != NULL), "case %zu", i);
    assert_all_for(!unused || strstr(text, cases[i].text), "case %zu: %s", i, text);
  }
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(all_forms_of_the_time_left_are_read, set_up),
      cmocka_unit_test_setup(the_environment_is_used_if_squeue_fails, set_up),
      cmocka_unit_test_setup(an_array_task_queries_itself, set_up),
      cmocka_unit_test(restarts_count_requeues_and_new_jobs),
      cmocka_unit_test_setup(squeue_is_not_called_outside_a_job, set_up),
      cmocka_unit_test_setup(unused_processors_are_named, set_up),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
