// ranks: 1 2 3
/* stop: signals, time limits, the stop file, and the agreement of the ranks, with a simulated clock. */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"
#include "run/stop.h"

static double now, job_end; /* on the simulated clock, in seconds; job_end may be INFINITY or NAN */
static int queries;         /* number of queries of SLURM */

static double test_clock(void) {
  return now;
}

static double test_job_left(void) {
  queries++;
  return job_end - now;
}

static struct stop_options options(double max_wall) {
  return (struct stop_options){
      .clock = test_clock, .job_left = test_job_left, .max_wall = max_wall, .output = harness_folder()};
}

/* Returns a stop that begins at time 0 and step 0, for checkpoints of `bytes` bytes. Local. */
static struct stop begin(const struct stop_options *given, double bytes) {
  struct report silent = report_create(false);
  now = 0;
  queries = 0;
  struct stop stop = stop_create(&world, given);
  stop_begin(&stop, 0, bytes, &silent);
  return stop;
}

/* Agrees `seconds` after the last agreement. why may be NULL. Collective. */
static enum stop_request after(struct stop *stop, double seconds, const char **why) {
  const char *none;
  now += seconds;
  return stop_agree(stop, stop->step + stop->steps_between, why ? why : &none);
}

/* Simulates a checkpoint that takes `seconds`. */
static void checkpoint(struct stop *stop, double seconds) {
  const double began = now;
  now += seconds;
  stop_saved(stop, began);
}

/* Returns the time of the first request to stop if the ranks agree once a second; INFINITY if there is none before time
 * `given`. Collective. */
static double stops_at(struct stop *stop, double given) {
  while (now < given)
    if (after(stop, 1, NULL) == STOP_END) return now;
  return INFINITY;
}

/* Forks a child on rank 0 that calls `child`. *status: as of waitpid; 0 on the other ranks. */
static void in_a_child(void (*child)(int signal, bool late), int signal, bool late, int *status) {
  *status = 0;
  if (world.rank > 0) return;
  const pid_t process = fork();
  if (process == 0) {
    child(signal, late);
    _exit(0);
  }
  waitpid(process, status, 0);
}

static void raise_twice(int signal, bool late) {
  stop_install();
  raise(signal);
  if (late) usleep(2100000);
  raise(signal);
}

static void only_a_late_second_interrupt_kills(void **state) {
  (void)state;
  for (int late = 0; late < 2; late++)
    for (int i = 0; i < 2; i++) {
      const int signal = i == 0 ? SIGINT : SIGQUIT;
      int status;
      in_a_child(raise_twice, signal, late, &status);
      assert_all_for(WIFEXITED(status), "late %d", late);
      assert_all_for(world.rank > 0 || WEXITSTATUS(status) == (late ? 128 + signal : 0), "late %d", late);
    }
}

static void raise_before_the_end(int signal, bool late) {
  struct sigaction before, kept;
  (void)late;
  sigaction(SIGUSR1, NULL, &before); /* MPICH has a handler of its own */
  sigaction(SIGHUP, &(struct sigaction){.sa_handler = SIG_IGN}, NULL); /* as nohup does */
  stop_install();
  sigaction(SIGHUP, NULL, &kept);
  if (kept.sa_handler != SIG_IGN) _exit(1);
  raise(signal);
  stop_uninstall();
  sigaction(SIGUSR1, NULL, &kept);
  _exit(kept.sa_handler == before.sa_handler ? 2 : 1);
}

static void after_stop_uninstall_signals_kill(void **state) {
  (void)state;
  int status;
  in_a_child(raise_before_the_end, SIGTERM, false, &status);
  assert_all(world.rank > 0 || (WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM));
  in_a_child(raise_before_the_end, SIGHUP, false, &status); /* ignored */
  assert_all(world.rank > 0 || (WIFEXITED(status) && WEXITSTATUS(status) == 2));
}

static void the_wall_time_limit_leaves_time_for_steps_and_a_checkpoint(void **state) {
  (void)state;
  const struct stop_options given = options(100);
  const char *why;
  struct stop stop = begin(&given, 0);
  assert_all(after(&stop, 3, NULL) == STOP_NONE);
  checkpoint(&stop, 4);
  assert_all(after(&stop, 1, NULL) == STOP_NONE); /* now = 8; the reserve is 2 (3 + 4) seconds */
  assert_all(stop.interval < 3 && stop.interval > 2.9 && stop.checkpoint == 4);
  assert_all(after(&stop, 77, NULL) == STOP_END); /* no time is left for another 77 seconds of steps */
  stop = begin(&given, 0);
  checkpoint(&stop, 4);
  for (int i = 0; i < 28; i++)
    assert_all_for(after(&stop, 3, NULL) == (i < 27 ? STOP_NONE : STOP_END), "agreement %d", i);
  (void)after(&stop, 3, &why);
  assert_all(world.rank > 0 || strstr(why, "the wall-time limit"));
}

static void the_time_of_steps_excludes_checkpoints(void **state) {
  (void)state;
  const struct stop_options given = options(0);
  struct stop stop = begin(&given, 0);
  now += 1;
  checkpoint(&stop, 50);
  (void)after(&stop, 1, NULL);
  assert_all(stop.interval == 2 && stop.checkpoint == 50);
}

static void slow_steps_and_checkpoints_are_forgotten(void **state) {
  (void)state;
  const struct stop_options given = options(0);
  struct stop stop = begin(&given, 0);
  (void)after(&stop, 100, NULL);
  for (int i = 0; i < 32; i++) (void)after(&stop, 40, NULL); /* slow steps: halved after 32 agreements */
  assert_all(fabs(stop.interval - 50) < 1e-9);
  stop = begin(&given, 0);
  (void)after(&stop, 100, NULL);
  for (int i = 0; i < 600; i++) (void)after(&stop, 1, NULL); /* fast steps: halved after 600 s */
  assert_all(fabs(stop.interval - 50) < 1e-9);
  checkpoint(&stop, 100);
  checkpoint(&stop, 20);
  assert_all(stop.checkpoint == 50);
  checkpoint(&stop, 60);
  assert_all(stop.checkpoint == 60);
}

static void the_time_of_the_first_checkpoint_is_estimated(void **state) {
  (void)state;
  const struct stop_options given = options(1000);
  struct stop stop = begin(&given, 9e9); /* the estimate is 1 s plus 9e9 bytes at 100 MB/s: 91 s */
  assert_all(stops_at(&stop, 1000) == 1000 - 2 * 91 - 2);
  stop = begin(&given, 1e15); /* twice the estimate is at most a quarter of the time */
  assert_all(stops_at(&stop, 1000) == 750 - 2);
  stop = begin(&given, 1e15);
  checkpoint(&stop, 10);
  assert_all(stops_at(&stop, 1000) == 1000 - 2 * 10 - 2);
}

/* For a run the limit is 5 s before the end of its job, which leaves time for launcher and script. It queries SLURM
 * again 10 s before it must stop. */
static void the_limit_of_the_job_is_obeyed(void **state) {
  (void)state;
  const struct stop_options given = options(0);
  const char *why;
  setenv("SLURM_JOB_ID", "7", 1);
  job_end = 60;
  struct stop stop = begin(&given, 0); /* the estimate for the checkpoint is 1 s */
  assert_all(stops_at(&stop, 100) == 60 - 5 - 2 * (1 + 1));
  (void)after(&stop, 0, &why);
  assert_all(world.rank > 0 || strstr(why, "the time limit of the SLURM job"));
  assert_all(queries == (world.rank == 0 ? 2 : 0)); /* at the start and near the end, not at each agreement */
  const struct stop_options both = options(30);
  stop = begin(&both, 0);
  assert_all(stops_at(&stop, 100) == 30 - 2 * (1 + 1));
  unsetenv("SLURM_JOB_ID");
}

static void a_changed_limit_of_the_job_is_obeyed(void **state) {
  (void)state;
  const struct stop_options given = options(0);
  setenv("SLURM_JOB_ID", "7", 1);
  job_end = 60;
  struct stop stop = begin(&given, 0);
  job_end = 300; /* the limit is extended */
  assert_all(stops_at(&stop, 400) == 300 - 5 - 2 * (1 + 1));
  job_end = 60;
  stop = begin(&given, 0);
  job_end = NAN; /* SLURM does not answer: the known limit holds */
  assert_all(stops_at(&stop, 400) == 60 - 5 - 2 * (1 + 1));
  job_end = 60;
  stop = begin(&given, 0);
  job_end = INFINITY;
  assert_all(stops_at(&stop, 400) == INFINITY);
  unsetenv("SLURM_JOB_ID");
  job_end = 60; /* outside a job there is no query */
  stop = begin(&given, 0);
  assert_all(stops_at(&stop, 400) == INFINITY && queries == 0);
}

/* On rank 0, returns whether stop_begin prints the text to the log of a run; for "", whether it prints nothing. On the
 * other ranks, returns true. */
static bool begin_prints(const struct stop_options *given, const char *text) {
  struct report report = report_create(world.rank == 0);
  char path[4200], text_of_log[4096] = "";
  snprintf(path, sizeof path, "%s/run.log", harness_folder());
  if (world.rank == 0) remove(path);
  report_log(&report, harness_folder());
  struct stop stop = stop_create(&world, given);
  stop_begin(&stop, 0, 0, &report);
  report_close(&report);
  FILE *log = world.rank == 0 ? fopen(path, "r") : NULL;
  if (!log) return world.rank > 0;
  text_of_log[fread(text_of_log, 1, sizeof text_of_log - 1, log)] = 0;
  fclose(log);
  return *text ? strstr(text_of_log, text) != NULL : !*text_of_log;
}

static void the_log_contains_the_limits(void **state) {
  (void)state;
  const struct stop_options given = options(0), wall = options(3600);
  setenv("SLURM_JOB_ID", "7", 1);
  job_end = now + 90;
  assert_all(begin_prints(&given, "time limit: SLURM ends job 7 in 0:01:30\n"));
  job_end = INFINITY;
  assert_all(begin_prints(&given, "time limit: none for SLURM job 7\n"));
  job_end = NAN;
  assert_all(begin_prints(&given, "warning: squeue reports no time limit for SLURM job 7"));
  unsetenv("SLURM_JOB_ID");
  assert_all(begin_prints(&given, ""));
  assert_all(begin_prints(&wall, "time limit: 1:00:00 (--max-wall)\n"));
}

static void the_stop_file_is_obeyed_once(void **state) {
  (void)state;
  const struct stop_options given = options(0);
  const char *why;
  struct stop stop = begin(&given, 0);
  assert_all(after(&stop, 1, NULL) == STOP_NONE);
  if (world.rank == 0) {
    char path[4200];
    snprintf(path, sizeof path, "%s/stop", given.output);
    FILE *file = fopen(path, "w");
    if (file) fclose(file);
  }
  assert_all(after(&stop, 0.5, NULL) == STOP_NONE); /* rank 0 checks for the file once a second */
  assert_all(after(&stop, 0.5, &why) == STOP_END);
  assert_all(world.rank > 0 || strcmp(why, "the stop file") == 0);
  assert_all(after(&stop, 1, NULL) == STOP_NONE);
}

/* During set-up and while waiting, ranks agree without measuring steps. During set-up, a stop file may be addressed to
 * another run. */
static void requests_between_steps_leave_the_rates(void **state) {
  (void)state;
  const struct stop_options given = options(100);
  const char *why;
  char path[4200];
  snprintf(path, sizeof path, "%s/stop", given.output);
  now = 0;
  struct stop stop = stop_create(&world, &given);
  if (world.rank == 0) fclose(fopen(path, "w"));
  assert_all(stop_ask(&stop, &why) == STOP_NONE && (world.rank > 0 || access(path, F_OK) == 0));
  if (world.rank == 0) remove(path);
  now = 100;
  assert_all(stop_ask(&stop, &why) == STOP_END && (world.rank > 0 || strstr(why, "the wall-time limit")));
  stop = begin(&given, 0);
  (void)after(&stop, 1, NULL);
  const double interval = stop.interval;
  const int64_t steps_between = stop.steps_between;
  for (now = 2; now < 52; now += 0.2) assert_all(stop_ask(&stop, &why) == STOP_NONE);
  stop_waited(&stop, 50);
  assert_all(stop.waited == 50 && stop.interval == interval && stop.steps_between == steps_between);
  (void)after(&stop, 0, NULL); /* 1 s of steps and 50 s of waiting since the last agreement */
  assert_all(stop.interval < interval + 0.3 && stop.steps_between <= 2 * steps_between);
}

static void checkpoints_follow_at_the_interval(void **state) {
  (void)state;
  struct stop_options given = options(0);
  given.save_every = 10;
  const char *why;
  struct stop stop = begin(&given, 0);
  assert_all(after(&stop, 9, NULL) == STOP_NONE);
  assert_all(after(&stop, 1, &why) == STOP_CHECKPOINT && (world.rank > 0 || !why));
  checkpoint(&stop, 2);
  assert_all(after(&stop, 9, NULL) == STOP_NONE && after(&stop, 1, NULL) == STOP_CHECKPOINT);
}

/* A checkpoint takes 1 % of the time; the interval is limited to 30 s .. 15 min. */
static void the_interval_adapts_to_the_cost(void **state) {
  (void)state;
  const struct { double seconds, interval; } cases[] = {{0, 30}, {0.1, 30}, {1, 99}, {5, 495}, {100, 900}};
  struct stop_options given = options(0);
  given.save_every = -60;
  struct stop stop = begin(&given, 2e8); /* estimated: 2 s */
  assert_all(after(&stop, 197, NULL) == STOP_NONE && after(&stop, 2, NULL) == STOP_CHECKPOINT);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    checkpoint(&stop, cases[i].seconds);
    const double before = cases[i].interval - 1;
    assert_all(after(&stop, before, NULL) == STOP_NONE);
    assert_all(after(&stop, 1.5, NULL) == STOP_CHECKPOINT);
  }
}

static void the_ranks_agree_five_times_a_second(void **state) {
  (void)state;
  const struct stop_options given = options(0);
  struct stop stop = begin(&given, 0);
  assert_all(stop_due(&stop, 1));
  for (int i = 0; i < 10; i++) (void)after(&stop, 0.0099 * (double)stop.steps_between, NULL);
  assert_all(stop.steps_between == 20 && !stop_due(&stop, stop.step + 19) && stop_due(&stop, stop.step + 20));
  (void)after(&stop, 100, NULL); /* slow steps shorten the interval immediately, fast steps at most double it */
  assert_all(stop.steps_between == 1);
  (void)after(&stop, 0.001, NULL);
  assert_all(stop.steps_between == 2);
}

static void a_signal_to_one_rank_suffices(void **state) {
  (void)state;
  const struct stop_options given = options(0);
  const bool last = world.rank == world.size - 1;
  const char *why;
  stop_install();
  struct stop stop = begin(&given, 0);
  assert_all(after(&stop, 1, NULL) == STOP_NONE);
  if (last) raise(SIGUSR1);
  assert_all(after(&stop, 1, &why) == STOP_CHECKPOINT);
  assert_all(strcmp(why, "signal USR1") == 0);
  assert_all(after(&stop, 1, &why) == STOP_NONE && !why);
  if (last) raise(SIGTERM);
  if (last) raise(SIGTERM); /* SLURM sends it twice */
  if (world.rank == 0) raise(SIGUSR1);
  assert_all(after(&stop, 1, &why) == STOP_END); /* the stronger request wins */
  assert_all(strcmp(why, "signal TERM") == 0);
  assert_all(after(&stop, 1, NULL) == STOP_END); /* the request persists */
  const struct {
    int signal;
    const char *name;
  } others[] = {{SIGUSR2, "USR2"}, {SIGHUP, "HUP"}, {SIGXCPU, "XCPU"}, {SIGQUIT, "QUIT"}};
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
    if (last) raise(others[i].signal);
    assert_all(after(&stop, 1, &why) == STOP_END && !strncmp(why, "signal ", 7));
    assert_all_for(!last || strstr(why, others[i].name), "signal %s", others[i].name);
  }
}

static void an_early_signal_is_explained(void **state) {
  (void)state;
  const struct stop_options given = options(0);
  setenv("SLURM_JOB_ID", "12", 1);
  raise(SIGUSR2);
  for (int early = 0; early < 2; early++) {
    job_end = 60;
    struct stop stop = begin(&given, 0);
    assert_all(after(&stop, early ? 20 : 40, NULL) == STOP_END);
    assert_all((strstr(stop.remark, "after 20 s, 40 s before the time limit") != NULL) == (early && world.rank == 0));
    assert_all((*stop.remark != 0) == (early && world.rank == 0));
  }
  unsetenv("SLURM_JOB_ID");
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(only_a_late_second_interrupt_kills),
      cmocka_unit_test(after_stop_uninstall_signals_kill),
      cmocka_unit_test(the_wall_time_limit_leaves_time_for_steps_and_a_checkpoint),
      cmocka_unit_test(the_time_of_steps_excludes_checkpoints),
      cmocka_unit_test(slow_steps_and_checkpoints_are_forgotten),
      cmocka_unit_test(the_time_of_the_first_checkpoint_is_estimated),
      cmocka_unit_test(the_limit_of_the_job_is_obeyed),
      cmocka_unit_test(a_changed_limit_of_the_job_is_obeyed),
      cmocka_unit_test(the_log_contains_the_limits),
      cmocka_unit_test(the_stop_file_is_obeyed_once),
      cmocka_unit_test(requests_between_steps_leave_the_rates),
      cmocka_unit_test(checkpoints_follow_at_the_interval),
      cmocka_unit_test(the_interval_adapts_to_the_cost),
      cmocka_unit_test(the_ranks_agree_five_times_a_second),
      /* These must be last: a request to stop persists. */
      cmocka_unit_test(a_signal_to_one_rank_suffices),
      cmocka_unit_test(an_early_signal_is_explained),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
