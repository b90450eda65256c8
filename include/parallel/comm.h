/* comm: ranks, agreement between them, and groups of them. All MPI of the time loop is in comm.c.
 *
 * Unless said otherwise every function is collective over its comm. A failure of MPI itself aborts (the default error
 * handler): there is nothing a rank could do alone. */
#ifndef MCKEAN_PARALLEL_COMM_H
#define MCKEAN_PARALLEL_COMM_H

#include <mpi.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct comm {
  MPI_Comm mpi;
  int rank, size;
};

/* Starts MPI and fills world. USAGE when MPI has another number of ranks than the SLURM step asked for (srun without
 * PMI starts as many single-rank runs). */
int comm_start(int *argc, char ***argv, struct comm *world);
void comm_stop(void);

/* Every rank returns the worst status of all; ranks without a text of their own receive the text of the lowest failing
 * rank, preceded by "rank 3 of 8: " unless all ranks failed or it is rank 0, which does much alone. Call it at the end
 * of every local phase that can fail. */
int comm_agree(const struct comm *comm, int status);

/* USAGE, naming the lowest rank that differs and its host, unless all ranks hold the text of rank 0. what: "the command
 * line"; advice: what to do. */
int comm_same(const struct comm *comm, const char *what, const char *text, const char *advice);

/* The ranks of equal color form a new comm, in rank order; NULL for those with a negative color. */
struct comm *comm_split(const struct comm *comm, int color);
void comm_free(struct comm *comm); /* accepts NULL */

/* Collective. By how many the threads of all ranks on a node, or of those bound to a rank's processors or fewer, exceed
 * the processors that they may use; the largest such number anywhere, not positive where all have room. */
int comm_crowding(const struct comm *comm, int threads);

bool comm_any(const struct comm *comm, bool value);
int64_t comm_sum(const struct comm *comm, int64_t value);
double comm_min(const struct comm *comm, double value);
double comm_max(const struct comm *comm, double value);
void comm_barrier(const struct comm *comm);
void comm_bcast(const struct comm *comm, void *data, int64_t bytes, int root);

/* words[count] += the words of all other ranks: begin, then end on the same comm. In the background, for work
 * meanwhile; or at once, which takes half as many messages. All ranks choose alike. */
struct comm_sum {
  MPI_Request request;
};
void comm_sum_begin(const struct comm *comm, int64_t *words, int64_t count, bool background, struct comm_sum *sum);
void comm_sum_end(struct comm_sum *sum); /* local */

/* Rank 0 receives the bytes of all ranks in rank order in a new array (*all, to be freed) and their counts
 * (bytes_of[size], may be NULL); other ranks get NULL. Any size beyond 2 GiB included. */
void comm_gather(const struct comm *comm, const void *data, int64_t bytes, void **all, int64_t *bytes_of);

/* All ranks receive the bytes of all ranks in rank order: rank r has first[r+1] - first[r] of them, first [size + 1] is
 * the same on all ranks, all holds first[size]. Any size. */
void comm_allgather(const struct comm *comm, const void *data, const int64_t *first, void *all);

/* Contiguous redistribution: rank r owns items [old_first[r], old_first[r+1]) and shall own [new_first[r],
 * new_first[r+1]); both arrays have size + 1 entries and are the same on all ranks. offset(context, item) is the byte
 * at which an item starts in the global sequence of all items. from/to hold the bytes of the rank's own items. */
void comm_redistribute(const struct comm *comm, const int64_t *old_first, const int64_t *new_first,
                       int64_t (*offset)(const void *context, int64_t item), const void *context, const void *from,
                       void *to);

double comm_time(void); /* local: seconds of the wall clock since some moment */

#endif
