#include "parallel/comm.h"

#include <ctype.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/error.h"
#include "parallel/heartbeat.h"

/* MPI counts are int, so larger transfers are split into pieces of this many bytes. */
enum { PIECE = 1 << 30 };

/* Returns the size of the next piece of a transfer that has `left` bytes left. */
static int piece(int64_t left) {
  return (int)(left < PIECE ? left : PIECE);
}

static int world_rank = -1;

static void abort_all(void) {
  fprintf(stderr, "mckean: rank %d aborts the run\n", world_rank);
  MPI_Abort(MPI_COMM_WORLD, FAILED);
}

/* With a smaller stack, OpenMP ends the program when it creates a thread, or the thread crashes: drawing and labeling
 * points takes up to 550 KiB (data/dataset.c, data/target_hermite.c). */
static int check_stack(void) {
  enum { LEAST = 1 << 20 };
  const char *text = getenv("OMP_STACKSIZE");
  char *unit;
  struct rlimit limit;
  if (getrlimit(RLIMIT_STACK, &limit) == 0 && limit.rlim_cur < LEAST)
    return FAIL(USAGE, "ulimit -s: expected at least %d KiB for the stack, received %lld; run ulimit -s 8192",
                LEAST >> 10, (long long)limit.rlim_cur >> 10);
  if (!text) return OK;
  double bytes = strtod(text, &unit);
  while (isspace((unsigned char)*unit)) unit++;
  const char letter = (char)toupper((unsigned char)*unit); /* without a unit, OpenMP reads KiB */
  bytes *= letter == 'B' ? 1 : letter == 'M' ? 1 << 20 : letter == 'G' ? 1 << 30 : 1 << 10;
  return unit == text || bytes >= LEAST
             ? OK
             : FAIL(USAGE, "OMP_STACKSIZE=%s: expected at least %dK for a thread; unset OMP_STACKSIZE", text,
                    LEAST >> 10);
}

int comm_start(int *argc, char ***argv, struct comm *world) {
  int provided;
  MPI_Init_thread(argc, argv, MPI_THREAD_MULTIPLE, &provided); /* the watchdog thread calls MPI, too */
  world->mpi = MPI_COMM_WORLD;
  MPI_Comm_rank(world->mpi, &world->rank);
  MPI_Comm_size(world->mpi, &world->size);
  world_rank = world->rank;
  error_set_abort(abort_all);

  /* srun sets SLURM_STEP_NUM_TASKS to the number of tasks in its step. mpirun inside a batch job starts steps of other
   * sizes, so the comparison applies only to runs that srun started. */
  const char *tasks = getenv("SLURM_STEP_NUM_TASKS");
  const char *launched = getenv("OMPI_COMM_WORLD_SIZE");
  if (tasks && !launched && atoi(tasks) != world->size)
    return FAIL(
        USAGE,
        "srun started %s tasks, but MPI reports %d rank(s): each task would be a separate run. Use srun --mpi=pmix "
        "(srun --mpi=list shows the supported types), or mpirun inside the job",
        tasks, world->size);
  return comm_agree(world, check_stack());
}

void comm_stop(void) {
  MPI_Finalize();
}

static void reduce_one(const struct comm *comm, const void *value, void *result, MPI_Datatype type, MPI_Op op) {
  HEARTBEAT_WAIT("a collective decision", MPI_Allreduce(value, result, 1, type, op, comm->mpi));
}

int comm_agree(const struct comm *comm, int status) {
  /* MPI_MAXLOC returns the largest code and the lowest rank that has it. */
  int mine[2] = {status, comm->rank}, worst[2];
  reduce_one(comm, mine, worst, MPI_2INT, MPI_MAXLOC);
  if (worst[0] == OK) return OK;
  const int64_t failing = comm_sum(comm, status != OK);
  int64_t length = (int64_t)strlen(error_text()) + 1;
  comm_bcast(comm, &length, sizeof length, worst[1]);
  char *text = alloc_small((size_t)length);
  if (comm->rank == worst[1]) memcpy(text, error_text(), (size_t)length);
  comm_bcast(comm, text, length, worst[1]);
  if (failing < comm->size && worst[1] > 0)
    error_fail(worst[0], "rank %d of %d: %s", worst[1], comm->size, text);
  else
    error_fail(worst[0], "%s", text);
  free(text);
  return worst[0];
}

int comm_same(const struct comm *comm, const char *what, const char *text, const char *advice) {
  int64_t length = (int64_t)strlen(text) + 1;
  comm_bcast(comm, &length, sizeof length, 0);
  char *expected = alloc_small((size_t)length), host[256] = "?";
  if (comm->rank == 0) memcpy(expected, text, (size_t)length);
  comm_bcast(comm, expected, length, 0);
  gethostname(host, sizeof host - 1);
  const int status = strcmp(text, expected) == 0
                         ? OK
                         : FAIL(USAGE, "%s: expected that of rank 0, \"%.1000s\", received \"%.1000s\" on %s; %s", what,
                                expected, text, host, advice);
  free(expected);
  return comm_agree(comm, status);
}

struct comm *comm_split(const struct comm *comm, int color) {
  MPI_Comm group;
  HEARTBEAT_WAIT("the creation of a communicator",
                 MPI_Comm_split(comm->mpi, color < 0 ? MPI_UNDEFINED : color, comm->rank, &group));
  if (group == MPI_COMM_NULL) return NULL;
  struct comm *new = alloc_small(sizeof *new);
  new->mpi = group;
  MPI_Comm_rank(group, &new->rank);
  MPI_Comm_size(group, &new->size);
  return new;
}

void comm_free(struct comm *comm) {
  if (!comm) return;
  HEARTBEAT_WAIT("the creation of a communicator", MPI_Comm_free(&comm->mpi));
  free(comm);
}

/* *set = the processors that this rank may run on. */
static void own_processors(cpu_set_t *set) {
  CPU_ZERO(set);
  if (sched_getaffinity(0, sizeof *set, set) == 0) return;
  for (long cpu = 0; cpu < sysconf(_SC_NPROCESSORS_ONLN) && cpu < CPU_SETSIZE; cpu++) CPU_SET((size_t)cpu, set);
}

int comm_oversubscription(const struct comm *comm, int threads) {
  struct binding {
    cpu_set_t set;
    int threads;
  } own = {.threads = threads}, *all;
  MPI_Comm node;
  int ranks, inside = 0, total = 0;
  own_processors(&own.set);
  HEARTBEAT_WAIT("the creation of a communicator",
                 MPI_Comm_split_type(comm->mpi, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node));
  MPI_Comm_size(node, &ranks);
  all = alloc_small(sizeof *all * (size_t)ranks);
  HEARTBEAT_WAIT("a gather", MPI_Allgather(&own, sizeof own, MPI_BYTE, all, sizeof own, MPI_BYTE, node));
  MPI_Comm_free(&node);
  cpu_set_t any, both;
  CPU_ZERO(&any);
  for (int r = 0; r < ranks; r++) {
    CPU_OR(&any, &any, &all[r].set);
    CPU_OR(&both, &own.set, &all[r].set);
    if (CPU_EQUAL(&both, &own.set)) inside += all[r].threads;
    total += all[r].threads;
  }
  free(all);
  const int own_excess = inside - CPU_COUNT(&own.set), node_excess = total - CPU_COUNT(&any);
  return (int)comm_max(comm, own_excess > node_excess ? own_excess : node_excess);
}

bool comm_any(const struct comm *comm, bool value) {
  int mine = value, any;
  reduce_one(comm, &mine, &any, MPI_INT, MPI_MAX);
  return any;
}

int64_t comm_sum(const struct comm *comm, int64_t value) {
  int64_t sum;
  reduce_one(comm, &value, &sum, MPI_INT64_T, MPI_SUM);
  return sum;
}

double comm_min(const struct comm *comm, double value) {
  double min;
  reduce_one(comm, &value, &min, MPI_DOUBLE, MPI_MIN);
  return min;
}

double comm_max(const struct comm *comm, double value) {
  double max;
  reduce_one(comm, &value, &max, MPI_DOUBLE, MPI_MAX);
  return max;
}

enum isa comm_isa(const struct comm *comm, int wanted) {
  if (wanted >= 0 && comm_min(comm, isa_available((enum isa)wanted)) > 0) return (enum isa)wanted;
  enum isa isa = ISA_LEVELS - 1;
  while (comm_min(comm, isa_available(isa)) < 1) isa--;
  return isa;
}

void comm_barrier(const struct comm *comm) {
  HEARTBEAT_WAIT("a barrier", MPI_Barrier(comm->mpi));
}

void comm_bcast(const struct comm *comm, void *data, int64_t bytes, int root) {
  for (int64_t at = 0; at < bytes; at += PIECE)
    HEARTBEAT_WAIT("a broadcast", MPI_Bcast((char *)data + at, piece(bytes - at), MPI_BYTE, root, comm->mpi));
}

void comm_sum_reals(const struct comm *comm, void *values, int64_t count, size_t real) {
  const MPI_Datatype type = real == sizeof(float) ? MPI_FLOAT : MPI_DOUBLE;
  const int64_t bytes = count * (int64_t)real;
  for (int64_t at = 0; at < bytes; at += PIECE)
    HEARTBEAT_WAIT("a sum over ranks", MPI_Allreduce(MPI_IN_PLACE, (char *)values + at, piece(bytes - at) / (int)real,
                                                     type, MPI_SUM, comm->mpi));
}

void comm_gather(const struct comm *comm, const void *data, int64_t bytes, void **all, int64_t *bytes_of) {
  int64_t *counts = alloc_small(sizeof(int64_t) * (size_t)comm->size);
  HEARTBEAT_WAIT("a gather", MPI_Gather(&bytes, 1, MPI_INT64_T, counts, 1, MPI_INT64_T, 0, comm->mpi));
  *all = NULL;
  if (comm->rank != 0) {
    for (int64_t at = 0; at < bytes; at += PIECE)
      HEARTBEAT_WAIT("a gather", MPI_Send((const char *)data + at, piece(bytes - at), MPI_BYTE, 0, 0, comm->mpi));
    free(counts);
    return;
  }
  int64_t total = 0;
  for (int r = 0; r < comm->size; r++) total += counts[r];
  char *to = *all = alloc_small((size_t)total);
  if (bytes) memcpy(to, data, (size_t)bytes);
  for (int r = 1; r < comm->size; r++) {
    to += counts[r - 1];
    for (int64_t at = 0; at < counts[r]; at += PIECE)
      HEARTBEAT_WAIT("a gather",
                     MPI_Recv(to + at, piece(counts[r] - at), MPI_BYTE, r, 0, comm->mpi, MPI_STATUS_IGNORE));
  }
  if (bytes_of) memcpy(bytes_of, counts, sizeof(int64_t) * (size_t)comm->size);
  free(counts);
}

void comm_allgather(const struct comm *comm, const void *data, const int64_t *first, void *all) {
  const int size = comm->size, me = comm->rank;
  if (first[size] > PIECE) { /* the int counts of MPI could overflow: each rank broadcasts in pieces */
    memcpy((char *)all + first[me], data, (size_t)(first[me + 1] - first[me]));
    for (int r = 0; r < size; r++) comm_bcast(comm, (char *)all + first[r], first[r + 1] - first[r], r);
    return;
  }
  int *count = alloc_small(2 * sizeof *count * (size_t)size), *start = count + size;
  for (int r = 0; r < size; r++) {
    count[r] = (int)(first[r + 1] - first[r]);
    start[r] = (int)first[r];
  }
  HEARTBEAT_WAIT("a gather", MPI_Allgatherv(data, count[me], MPI_BYTE, all, count, start, MPI_BYTE, comm->mpi));
  free(count);
}

struct byte_range {
  int64_t begin, end;
};

/* Returns the bytes of the items that are in both a[0] .. a[1]-1 and b[0] .. b[1]-1. */
static struct byte_range common_bytes(const int64_t *a, const int64_t *b,
                                      int64_t (*offset)(const void *context, int64_t item), const void *context) {
  const int64_t first = a[0] > b[0] ? a[0] : b[0], end = a[1] < b[1] ? a[1] : b[1];
  return first < end ? (struct byte_range){offset(context, first), offset(context, end)} : (struct byte_range){0, 0};
}

struct request_list {
  MPI_Request *request;
  int count, capacity;
};

static MPI_Request *add_request(struct request_list *list) {
  if (list->count == list->capacity) {
    list->capacity = list->capacity ? 2 * list->capacity : 64;
    list->request = realloc(list->request, sizeof *list->request * (size_t)list->capacity);
    if (!list->request) die("no memory for %d requests", list->capacity);
  }
  return &list->request[list->count++];
}

void comm_redistribute(const struct comm *comm, const int64_t *old_first, const int64_t *new_first,
                       int64_t (*offset)(const void *context, int64_t item), const void *context, const void *from,
                       void *to) {
  const int me = comm->rank;
  const int64_t from_base = offset(context, old_first[me]), to_base = offset(context, new_first[me]);
  /* Ranges are contiguous, so each pair of ranks exchanges at most one range. Receives are posted first. */
  struct request_list list = {0};
  for (int r = 0; r < comm->size; r++) {
    if (r == me) continue;
    const struct byte_range range = common_bytes(old_first + r, new_first + me, offset, context);
    for (int64_t at = range.begin; at < range.end; at += PIECE)
      MPI_Irecv((char *)to + (at - to_base), piece(range.end - at), MPI_BYTE, r, 1, comm->mpi, add_request(&list));
  }
  for (int r = 0; r < comm->size; r++) {
    if (r == me) continue;
    const struct byte_range range = common_bytes(old_first + me, new_first + r, offset, context);
    for (int64_t at = range.begin; at < range.end; at += PIECE)
      MPI_Isend((const char *)from + (at - from_base), piece(range.end - at), MPI_BYTE, r, 1, comm->mpi,
                add_request(&list));
  }
  const struct byte_range own = common_bytes(old_first + me, new_first + me, offset, context);
  if (own.begin < own.end)
    memcpy((char *)to + (own.begin - to_base), (const char *)from + (own.begin - from_base),
           (size_t)(own.end - own.begin));
  HEARTBEAT_WAIT("an exchange of units", MPI_Waitall(list.count, list.request, MPI_STATUSES_IGNORE));
  free(list.request);
}

double comm_time(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}
