#include "parallel/watchdog.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/utf8.h"
#include "parallel/heartbeat.h"

enum { HOST = 64, TEXT = 40, COORDINATORS = 2, REPORTED_MAX = 16 };
static const double POLL_SECONDS = 10; /* time allowed for the replies to a poll, if the limit is not shorter */

enum { LOG_SECONDS = 5 };

/* The log of the run, or NULL. The watchdog's thread reads it. */
static _Atomic(const char *) log_path;

enum kind { REQUEST_POLL, QUERY, REPLY };

/* A message between watchdog threads. Only a reply fills the members after kind. */
struct message {
  int kind;
  int blocked; /* whether the rank is in a blocking call */
  double idle; /* seconds since the last heartbeat of the rank */
  int64_t step;
  char what[TEXT];
};

struct pending_send {
  struct pending_send *next;
  MPI_Request request;
  struct message message;
};

struct watchdog {
  pthread_t thread;
  pthread_mutex_t mutex;
  pthread_cond_t condition;
  bool stop; /* guarded by mutex */

  MPI_Comm mpi;
  int rank, size;
  int coordinator[COORDINATORS];
  char (*host)[HOST]; /* [size] */
  double limit, tick; /* in seconds; the thread runs once per tick */

  /* This rank. */
  struct heartbeat heartbeat; /* at the last check */
  double idle, last_request;  /* seconds without a heartbeat; time of the last request for a poll */
  struct pending_send *pending;

  /* The poll that this rank runs as a coordinator. */
  bool polling;
  double poll_end;
  bool *replied;         /* [size] */
  struct message *reply; /* [size] */
};

/* ---- messages ---- */

/* Does not wait for the receiver, because a rank that hangs may never receive the message. */
static void send_message(struct watchdog *watchdog, int to, const struct message *message) {
  struct pending_send *send = alloc_small(sizeof *send);
  *send = (struct pending_send){.next = watchdog->pending, .message = *message};
  watchdog->pending = send;
  MPI_Isend(&send->message, sizeof send->message, MPI_BYTE, to, 0, watchdog->mpi, &send->request);
}

static void free_completed_sends(struct watchdog *watchdog) {
  for (struct pending_send **at = &watchdog->pending; *at;) {
    struct pending_send *send = *at;
    int completed;
    MPI_Test(&send->request, &completed, MPI_STATUS_IGNORE);
    if (!completed) {
      at = &send->next;
      continue;
    }
    *at = send->next;
    free(send);
  }
}

/* ---- the poll ---- */

static void begin_poll(struct watchdog *watchdog, double now) {
  if (watchdog->polling) return;
  const double wait = POLL_SECONDS < watchdog->limit ? POLL_SECONDS : watchdog->limit;
  watchdog->polling = true;
  /* The second coordinator waits longer, so that it acts only if the first coordinator does not. */
  watchdog->poll_end = now + (watchdog->rank == watchdog->coordinator[0] ? wait : 2.5 * wait);
  memset(watchdog->replied, 0, sizeof *watchdog->replied * (size_t)watchdog->size);
}

static void send_reply(struct watchdog *watchdog, int to) {
  const struct heartbeat *now = &watchdog->heartbeat;
  const bool blocked = now->blocking_call != NULL;
  struct message reply = {.kind = REPLY, .blocked = blocked, .idle = watchdog->idle, .step = now->step};
  snprintf(reply.what, sizeof reply.what, "%s", blocked ? now->blocking_call : now->activity);
  send_message(watchdog, to, &reply);
}

static void receive(struct watchdog *watchdog, double now) {
  for (;;) {
    int arrived;
    MPI_Status from;
    struct message message;
    MPI_Iprobe(MPI_ANY_SOURCE, 0, watchdog->mpi, &arrived, &from);
    if (!arrived) return;
    MPI_Recv(&message, sizeof message, MPI_BYTE, from.MPI_SOURCE, 0, watchdog->mpi, MPI_STATUS_IGNORE);
    if (message.kind == REQUEST_POLL) begin_poll(watchdog, now);
    if (message.kind == QUERY) send_reply(watchdog, from.MPI_SOURCE);
    if (message.kind != REPLY) continue;
    watchdog->replied[from.MPI_SOURCE] = true;
    watchdog->reply[from.MPI_SOURCE] = message;
  }
}

static bool hangs(const struct watchdog *watchdog, int rank) {
  const struct message *reply = &watchdog->reply[rank];
  return !watchdog->replied[rank] || (!reply->blocked && reply->idle >= watchdog->limit);
}

static void print_rank(const struct watchdog *watchdog, int rank, FILE *out) {
  const struct message *reply = &watchdog->reply[rank];
  fprintf(out, "mckean: watchdog: rank %d of %d on %s ", rank, watchdog->size, watchdog->host[rank]);
  if (!watchdog->replied[rank])
    fprintf(out, "hangs: it does not respond (a stopped process or a failed node)\n");
  else if (reply->blocked)
    fprintf(out, "has waited in %s, step %lld, for %.0f s\n", reply->what, (long long)reply->step, reply->idle);
  else
    fprintf(out, "hangs: no progress in %s, step %lld, for %.0f s\n", reply->what, (long long)reply->step, reply->idle);
}

static void print_ranks(const struct watchdog *watchdog, bool deadlock, FILE *out) {
  int hung = 0, reported = 0;
  for (int r = 0; r < watchdog->size; r++) {
    if (!deadlock && !hangs(watchdog, r)) continue;
    hung++;
    if (reported >= REPORTED_MAX) continue;
    print_rank(watchdog, r, out);
    reported++;
  }
  if (hung > reported) fprintf(out, "mckean: watchdog: %d more ranks hang\n", hung - reported);
  for (int r = 0; r < watchdog->size && !deadlock; r++) {
    if (hangs(watchdog, r) || !watchdog->reply[r].blocked) continue;
    print_rank(watchdog, r, out); /* one waiting rank shows where the others wait */
    break;
  }
  fprintf(
      out,
      "mckean: watchdog: %sno progress for %g s (run.watchdog): all ranks are aborted, exit code %d; the same command "
      "resumes from the newest checkpoint; increase run.watchdog if a single step takes this long\n",
      deadlock ? "all ranks wait for one another, " : "", watchdog->limit, STOPPED);
}

static void *append_to_log(void *context) {
  const char *const *path_and_text = context;
  FILE *log = fopen(path_and_text[0], "a");
  if (!log) return NULL;
  fputs(path_and_text[1], log);
  fclose(log);
  return NULL;
}

/* Appends the text to the log of the run, for at most LOG_SECONDS, because the file system may hang. */
static void log_text(const char *text) {
  static const char *path_and_text[2]; /* the thread may outlive this function */
  pthread_t thread;
  struct timespec until;
  path_and_text[0] = atomic_load(&log_path);
  path_and_text[1] = text;
  if (!path_and_text[0] || pthread_create(&thread, NULL, append_to_log, path_and_text) != 0) return;
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_sec += LOG_SECONDS;
  pthread_timedjoin_np(thread, NULL, &until);
}

static void abort_all(const struct watchdog *watchdog, bool deadlock) {
  char *text = NULL;
  size_t bytes;
  FILE *out = open_memstream(&text, &bytes);
  print_ranks(watchdog, deadlock, out ? out : stderr);
  if (out) fclose(out);
  if (text) fputs(text, stderr);
  fflush(stderr);
  alarm(30); /* ends this process if MPI_Abort hangs, too */
  if (text) log_text(text);
  MPI_Abort(MPI_COMM_WORLD, STOPPED);
}

static void end_poll(struct watchdog *watchdog) {
  int hung = 0, waiting = 0;
  watchdog->polling = false;
  for (int r = 0; r < watchdog->size; r++) {
    hung += hangs(watchdog, r);
    waiting += watchdog->replied[r] && watchdog->reply[r].blocked && watchdog->reply[r].idle >= watchdog->limit;
  }
  const bool deadlock = waiting == watchdog->size;
  if (hung > 0 || deadlock) abort_all(watchdog, deadlock);
}

/* ---- the thread ---- */

/* Sleeps for one tick. Returns false if the thread must stop. */
static bool sleep_tick(struct watchdog *watchdog) {
  struct timespec until;
  clock_gettime(CLOCK_MONOTONIC, &until);
  const long nanoseconds = until.tv_nsec + (long)(watchdog->tick * 1e9);
  until.tv_sec += nanoseconds / 1000000000;
  until.tv_nsec = nanoseconds % 1000000000;
  pthread_mutex_lock(&watchdog->mutex);
  while (!watchdog->stop && pthread_cond_timedwait(&watchdog->condition, &watchdog->mutex, &until) != ETIMEDOUT)
    continue;
  const bool stop = watchdog->stop;
  pthread_mutex_unlock(&watchdog->mutex);
  return !stop;
}

static void check_heartbeat(struct watchdog *watchdog, double elapsed) {
  const struct heartbeat now = heartbeat_read();
  /* A sleep much longer than a tick means that the whole process was stopped. At most two ticks of it count. */
  const double running = elapsed < 2 * watchdog->tick ? elapsed : 2 * watchdog->tick;
  watchdog->idle = now.beats == watchdog->heartbeat.beats ? watchdog->idle + running : 0;
  watchdog->heartbeat = now;
}

static void *run_thread(void *context) {
  struct watchdog *watchdog = context;
  double last = comm_time();
  while (sleep_tick(watchdog)) {
    const double now = comm_time();
    check_heartbeat(watchdog, now - last);
    last = now;
    free_completed_sends(watchdog);
    receive(watchdog, now);
    if (watchdog->idle >= watchdog->limit && now - watchdog->last_request >= watchdog->limit) {
      watchdog->last_request = now;
      for (int c = 0; c < COORDINATORS; c++)
        send_message(watchdog, watchdog->coordinator[c], &(struct message){.kind = REQUEST_POLL});
    }
    if (watchdog->polling && now >= watchdog->poll_end) end_poll(watchdog);
    /* Queries all ranks at each tick. Later replies replace earlier ones: the state at the end of the poll counts. */
    for (int r = 0; r < watchdog->size && watchdog->polling; r++)
      send_message(watchdog, r, &(struct message){.kind = QUERY});
  }
  return NULL;
}

/* ---- start, stop ---- */

static void gather_hosts(const struct comm *comm, struct watchdog *watchdog) {
  char name[HOST] = "?", own[HOST] = "";
  gethostname(name, sizeof name - 1);
  utf8_append(own, sizeof own, 0, name);
  watchdog->host = alloc_small(sizeof *watchdog->host * (size_t)comm->size);
  MPI_Allgather(own, HOST, MPI_CHAR, watchdog->host, HOST, MPI_CHAR, watchdog->mpi);
  watchdog->coordinator[1] = comm->size > 1;
  for (int r = comm->size - 1; r > 0; r--)
    if (strcmp(watchdog->host[r], watchdog->host[0]) != 0) watchdog->coordinator[1] = r;
}

/* The thread blocks all signals, so that the main thread receives them. */
static void start_thread(struct watchdog *watchdog) {
  sigset_t all, before;
  pthread_condattr_t attributes;
  pthread_condattr_init(&attributes);
  pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  pthread_mutex_init(&watchdog->mutex, NULL);
  pthread_cond_init(&watchdog->condition, &attributes);
  pthread_condattr_destroy(&attributes);
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const int error = pthread_create(&watchdog->thread, NULL, run_thread, watchdog);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (error != 0) die("cannot start the watchdog's thread: %s", strerror(error));
}

void watchdog_start(const struct comm *comm, double limit, struct watchdog **out) {
  int thread_support;
  *out = NULL;
  MPI_Query_thread(&thread_support);
  if (!(limit > 0)) return;
  if (thread_support < MPI_THREAD_MULTIPLE) {
    if (comm->rank == 0)
      fprintf(stderr,
              "mckean: warning: this MPI does not support MPI_THREAD_MULTIPLE: run.watchdog has no effect, and hanging "
              "ranks are not detected\n");
    return;
  }
  struct watchdog *watchdog = alloc_small(sizeof *watchdog);
  *watchdog = (struct watchdog){.rank = comm->rank, .size = comm->size, .limit = limit};
  watchdog->tick = limit < 10 ? limit / 10 : 1;
  watchdog->last_request = -limit;
  watchdog->replied = alloc_small(sizeof *watchdog->replied * (size_t)comm->size);
  watchdog->reply = alloc_small(sizeof *watchdog->reply * (size_t)comm->size);
  MPI_Comm_dup(comm->mpi, &watchdog->mpi);
  gather_hosts(comm, watchdog);
  watchdog->heartbeat = heartbeat_read();
  start_thread(watchdog);
  *out = watchdog;
}

void watchdog_log(const char *path) {
  atomic_store(&log_path, path);
}

void watchdog_stop(struct watchdog *watchdog) {
  if (!watchdog) return;
  /* A rank may hang before this barrier, so every thread continues to reply until all ranks are here. */
  HEARTBEAT_WAIT("shutdown", MPI_Barrier(watchdog->mpi));
  pthread_mutex_lock(&watchdog->mutex);
  watchdog->stop = true;
  pthread_cond_signal(&watchdog->condition);
  pthread_mutex_unlock(&watchdog->mutex);
  pthread_join(watchdog->thread, NULL);
  pthread_cond_destroy(&watchdog->condition);
  pthread_mutex_destroy(&watchdog->mutex);
  /* Messages of a poll that found no hung rank may still be in flight. MPI completes them and needs their buffers until
   * MPI_Finalize, so the buffers are not freed. */
  while (watchdog->pending) {
    struct pending_send *send = watchdog->pending;
    watchdog->pending = send->next;
    MPI_Request_free(&send->request);
  }
  MPI_Comm_free(&watchdog->mpi);
  free(watchdog->host);
  free(watchdog->replied);
  free(watchdog->reply);
  free(watchdog);
}
