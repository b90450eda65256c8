#include "parallel/watchdog.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/error.h"
#include "parallel/heartbeat.h"

enum { HOST = 64, TEXT = 40, CLERKS = 2, NAMED = 16 };
static const double COLLECT = 10; /* seconds for the answers of a roll call, at most the limit */

enum kind { CALL, ASK, ANSWER };

/* What the threads send one another. */
struct note {
  int kind;
  int waits;   /* answer: for other ranks */
  double idle; /* answer: seconds without a sign of life */
  int64_t step;
  char what[TEXT];
};

struct letter {
  struct letter *next;
  MPI_Request request;
  struct note note;
};

struct watchdog {
  pthread_t thread;
  pthread_mutex_t mutex;
  pthread_cond_t condition;
  bool stop; /* guarded by mutex */

  MPI_Comm mpi;
  int rank, size;
  int clerk[CLERKS];
  char (*host)[HOST]; /* [size] */
  double limit, tick;

  /* This rank. */
  struct heartbeat pulse;
  double idle, called;
  struct letter *sent;

  /* A roll call that this rank holds as a clerk. */
  bool calling;
  double closes;
  bool *answered;       /* [size] */
  struct note *answers; /* [size] */
};

/* ---- letters ---- */

static void send_note(struct watchdog *watchdog, int to, const struct note *note) {
  struct letter *letter = alloc_small(sizeof *letter);
  *letter = (struct letter){.next = watchdog->sent, .note = *note};
  watchdog->sent = letter;
  MPI_Isend(&letter->note, sizeof letter->note, MPI_BYTE, to, 0, watchdog->mpi, &letter->request);
}

/* Those to a rank that hangs may never arrive. */
static void drop_arrived(struct watchdog *watchdog) {
  for (struct letter **at = &watchdog->sent; *at;) {
    struct letter *letter = *at;
    int arrived;
    MPI_Test(&letter->request, &arrived, MPI_STATUS_IGNORE);
    if (!arrived) {
      at = &letter->next;
      continue;
    }
    *at = letter->next;
    free(letter);
  }
}

/* ---- the roll call ---- */

static void open_roll(struct watchdog *watchdog, double now) {
  if (watchdog->calling) return;
  const double collect = COLLECT < watchdog->limit ? COLLECT : watchdog->limit;
  watchdog->calling = true;
  /* The second clerk active only if the first does not. */
  watchdog->closes = now + (watchdog->rank == watchdog->clerk[0] ? collect : 2.5 * collect);
  memset(watchdog->answered, 0, sizeof *watchdog->answered * (size_t)watchdog->size);
}

static void answer(struct watchdog *watchdog, int to) {
  const struct heartbeat *pulse = &watchdog->pulse;
  struct note note = {.kind = ANSWER, .waits = pulse->wait != NULL, .idle = watchdog->idle, .step = pulse->step};
  snprintf(note.what, sizeof note.what, "%s", pulse->wait ? pulse->wait : pulse->work);
  send_note(watchdog, to, &note);
}

static void receive(struct watchdog *watchdog, double now) {
  for (;;) {
    int there;
    MPI_Status from;
    struct note note;
    MPI_Iprobe(MPI_ANY_SOURCE, 0, watchdog->mpi, &there, &from);
    if (!there) return;
    MPI_Recv(&note, sizeof note, MPI_BYTE, from.MPI_SOURCE, 0, watchdog->mpi, MPI_STATUS_IGNORE);
    if (note.kind == CALL) open_roll(watchdog, now);
    if (note.kind == ASK) answer(watchdog, from.MPI_SOURCE);
    if (note.kind != ANSWER) continue;
    watchdog->answered[from.MPI_SOURCE] = true;
    watchdog->answers[from.MPI_SOURCE] = note;
  }
}

static bool hangs(const struct watchdog *watchdog, int rank) {
  const struct note *note = &watchdog->answers[rank];
  return !watchdog->answered[rank] || (!note->waits && note->idle >= watchdog->limit);
}

/* A line on a rank, for stderr. */
static void tell(const struct watchdog *watchdog, int rank) {
  const struct note *note = &watchdog->answers[rank];
  fprintf(stderr, "mckean: watchdog: rank %d of %d on %s ", rank, watchdog->size, watchdog->host[rank]);
  if (!watchdog->answered[rank])
    fprintf(stderr, "hangs: it does not answer (a stopped process, or a node that is gone)\n");
  else if (note->waits)
    fprintf(stderr, "waits in %s, step %lld, since %.0f s\n", note->what, (long long)note->step, note->idle);
  else
    fprintf(stderr, "hangs: it has been at %s, step %lld, for %.0f s without a sign of life\n", note->what,
            (long long)note->step, note->idle);
}

static void abort_all(const struct watchdog *watchdog, bool deadlock) {
  fprintf(stderr,
          "mckean: watchdog: %sno sign of life for %g s (run.watchdog): all ranks are aborted, exit code %d; the same "
          "command goes on from the newest checkpoint, with a larger run.watchdog if it is steps that take so long\n",
          deadlock ? "all ranks wait for one another, " : "", watchdog->limit, STOPPED);
  fflush(stderr);
  alarm(30); /* should the abort hang, too */
  MPI_Abort(MPI_COMM_WORLD, STOPPED);
}

static void close_roll(struct watchdog *watchdog) {
  int hung = 0, waiting = 0, told = 0;
  watchdog->calling = false;
  for (int r = 0; r < watchdog->size; r++) {
    hung += hangs(watchdog, r);
    waiting += watchdog->answered[r] && watchdog->answers[r].waits && watchdog->answers[r].idle >= watchdog->limit;
  }
  const bool deadlock = waiting == watchdog->size;
  if (hung == 0 && !deadlock) return;
  for (int r = 0; r < watchdog->size && told < NAMED; r++) {
    if (!deadlock && !hangs(watchdog, r)) continue;
    tell(watchdog, r);
    told++;
  }
  if (hung > NAMED) fprintf(stderr, "mckean: watchdog: and %d more ranks\n", hung - NAMED);
  for (int r = 0; r < watchdog->size && !deadlock; r++) {
    if (hangs(watchdog, r) || !watchdog->answers[r].waits) continue;
    tell(watchdog, r); /* a witness */
    break;
  }
  abort_all(watchdog, deadlock);
}

/* ---- the thread ---- */

/* False when it is to stop. */
static bool rest(struct watchdog *watchdog) {
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

static void look(struct watchdog *watchdog, double elapsed) {
  const struct heartbeat now = heartbeat_read();
  /* A longer rest than was asked for means that this process was stopped, too. */
  const double awake = elapsed < 2 * watchdog->tick ? elapsed : 2 * watchdog->tick;
  watchdog->idle = now.beats == watchdog->pulse.beats ? watchdog->idle + awake : 0;
  watchdog->pulse = now;
}

static void *keep_watch(void *context) {
  struct watchdog *watchdog = context;
  double last = comm_time();
  while (rest(watchdog)) {
    const double now = comm_time();
    look(watchdog, now - last);
    last = now;
    drop_arrived(watchdog);
    receive(watchdog, now);
    if (watchdog->idle >= watchdog->limit && now - watchdog->called >= watchdog->limit) {
      watchdog->called = now;
      for (int c = 0; c < CLERKS; c++) send_note(watchdog, watchdog->clerk[c], &(struct note){.kind = CALL});
    }
    if (watchdog->calling && now >= watchdog->closes) close_roll(watchdog);
    for (int r = 0; r < watchdog->size && watchdog->calling; r++) /* again and again: what counts is the end */
      send_note(watchdog, r, &(struct note){.kind = ASK});
  }
  return NULL;
}

/* ---- start, stop ---- */

static void gather_hosts(const struct comm *comm, struct watchdog *watchdog) {
  char own[HOST] = "?";
  gethostname(own, sizeof own - 1);
  watchdog->host = alloc_small(sizeof *watchdog->host * (size_t)comm->size);
  MPI_Allgather(own, HOST, MPI_CHAR, watchdog->host, HOST, MPI_CHAR, watchdog->mpi);
  watchdog->clerk[1] = comm->size > 1;
  for (int r = comm->size - 1; r > 0; r--)
    if (strcmp(watchdog->host[r], watchdog->host[0]) != 0) watchdog->clerk[1] = r;
}

/* Signals are for the main thread. */
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
  const int error = pthread_create(&watchdog->thread, NULL, keep_watch, watchdog);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (error != 0) die("cannot start the watchdog's thread: %s", strerror(error));
}

void watchdog_start(const struct comm *comm, double limit, struct watchdog **out) {
  int level;
  *out = NULL;
  MPI_Query_thread(&level);
  if (!(limit > 0)) return;
  if (level < MPI_THREAD_MULTIPLE) {
    if (comm->rank == 0)
      fprintf(stderr, "mckean: warning: this MPI allows one thread only (MPI_THREAD_MULTIPLE is missing): nobody will "
                      "notice a rank that hangs (run.watchdog)\n");
    return;
  }
  struct watchdog *watchdog = alloc_small(sizeof *watchdog);
  *watchdog = (struct watchdog){.rank = comm->rank, .size = comm->size, .limit = limit};
  watchdog->tick = limit < 10 ? limit / 10 : 1;
  watchdog->called = -limit;
  watchdog->answered = alloc_small(sizeof *watchdog->answered * (size_t)comm->size);
  watchdog->answers = alloc_small(sizeof *watchdog->answers * (size_t)comm->size);
  MPI_Comm_dup(comm->mpi, &watchdog->mpi);
  gather_hosts(comm, watchdog);
  watchdog->pulse = heartbeat_read();
  start_thread(watchdog);
  *out = watchdog;
}

void watchdog_stop(struct watchdog *watchdog) {
  if (!watchdog) return;
  /* Who is late may hang at its end: until then all answer. */
  HEARTBEAT_WAIT("the end", MPI_Barrier(watchdog->mpi));
  pthread_mutex_lock(&watchdog->mutex);
  watchdog->stop = true;
  pthread_cond_signal(&watchdog->condition);
  pthread_mutex_unlock(&watchdog->mutex);
  pthread_join(watchdog->thread, NULL);
  pthread_cond_destroy(&watchdog->condition);
  pthread_mutex_destroy(&watchdog->mutex);
  /* Those of a roll call that found all alive: MPI sends them, and needs their memory till its end. */
  while (watchdog->sent) {
    struct letter *letter = watchdog->sent;
    watchdog->sent = letter->next;
    MPI_Request_free(&letter->request);
  }
  MPI_Comm_free(&watchdog->mpi);
  free(watchdog->host);
  free(watchdog->answered);
  free(watchdog->answers);
  free(watchdog);
}
