#include "run/disk_full.h"

#include <time.h>

#include "base/error.h"
#include "config/config.h"
#include "parallel/heartbeat.h"

static const double RETRY_SECONDS = 5, POLL_SECONDS = 0.2;

static int give_up(const struct disk_full *policy) {
  if (policy->stop->begun)
    report_line(policy->report, "the steps since the newest checkpoint are not on the disk and will be computed again");
  return STOPPED;
}

/* Sleeps until the next attempt is due and returns OK. STOPPED: a request ended the wait. */
static int wait_for_retry(const struct disk_full *policy) {
  const double due = comm_time() + RETRY_SECONDS;
  for (;;) {
    heartbeat_activity("the wait for free disk space");
    nanosleep(&(struct timespec){.tv_nsec = (long)(1e9 * POLL_SECONDS)}, NULL);
    const char *reason;
    const enum stop_request asked = stop_ask(policy->stop, &reason);
    if (asked == STOP_END) {
      report_line(policy->report, "%s ends the wait for free space", reason);
      return give_up(policy);
    }
    bool now = comm_time() >= due || (asked == STOP_CHECKPOINT && reason); /* by the clock of rank 0 */
    comm_bcast(policy->comm, &now, sizeof now, 0);
    if (now) return OK;
  }
}

/* began: clock time of the first attempt. Excludes failed attempts and the wait from the time of steps. */
static int wait_and_write(const struct disk_full *policy, double began, int (*attempt)(void *context), void *context) {
  report_line(policy->report,
              "waiting for free space (output.on_full: wait): the run tries again every %g s and on signal USR1, and "
              "continues once the write succeeds; a file named stop, signal USR2 or the time limit ends the wait",
              RETRY_SECONDS);
  int status = FULL;
  double seconds = 0;
  while (status == FULL) {
    TRY(wait_for_retry(policy));
    seconds = comm_time() - began;
    status = attempt(context);
  }
  stop_waited(policy->stop, seconds);
  char waited[32];
  report_duration(seconds, waited);
  if (status == OK) report_line(policy->report, "write succeeded after waiting %s; the run continues", waited);
  return status;
}

int disk_full_write(const struct disk_full *policy, int (*attempt)(void *context), void *context) {
  const double began = comm_time();
  const int status = attempt(context);
  if (status != FULL || policy->on_full == ON_FULL_STOP) return status;
  report_line(policy->report, "%s", error_text());
  return policy->ending ? give_up(policy) : wait_and_write(policy, began, attempt, context);
}
