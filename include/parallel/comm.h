/* comm: ranks, agreement among them, and groups of ranks. comm.c, rank_sum.c and rank_gather.c contain all MPI calls of
 * a step.
 *
 * Unless stated otherwise, every function is collective over its comm. An error inside MPI aborts all ranks (MPI's
 * default error handler), because a single rank cannot handle it. */
#ifndef MCKEAN_PARALLEL_COMM_H
#define MCKEAN_PARALLEL_COMM_H

#include <mpi.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/isa.h"

struct comm {
  MPI_Comm mpi;
  int rank, size;
};

/* Starts MPI and sets *world to all ranks. USAGE: srun started the program, and the number of ranks differs from the
 * number of tasks in the SLURM step (srun without PMI starts many runs of one rank each); or OMP_STACKSIZE is too
 * small. comm_stop finalizes MPI. */
int comm_start(int *argc, char ***argv, struct comm *world);
void comm_stop(void);

/* Returns the largest status code of all ranks, on every rank. Unless it is OK, every rank also receives the error text
 * of the lowest rank with that status. If only some ranks failed, a prefix such as "rank 3 of 8: " names that rank,
 * unless it is rank 0. Call this at the end of every local phase that can fail. */
int comm_agree(const struct comm *comm, int status);

/* Verifies that all ranks hold the same text. USAGE: a rank holds a different text from rank 0; the message names the
 * lowest such rank and its host. what: the name of the text, such as "the command line"; advice: what to do; both for
 * the message. */
int comm_same(const struct comm *comm, const char *what, const char *text, const char *advice);

/* Returns a new comm of the ranks with equal color, in rank order; NULL on ranks with a negative color. The caller
 * frees it with comm_free, which is collective over the new comm. */
struct comm *comm_split(const struct comm *comm, int color);
void comm_free(struct comm *comm); /* accepts NULL */

/* Returns the largest excess of threads over processors; not positive if every thread has a processor. Each rank makes
 * two comparisons: the threads of all ranks of its node with the processors that any of these ranks may use; and the
 * threads of all ranks that are bound to its own processors, or to a subset of them, with its own processors. threads:
 * the number of threads of the calling rank. */
int comm_oversubscription(const struct comm *comm, int threads);

/* Reductions of one value per rank; every rank receives the result. */
bool comm_any(const struct comm *comm, bool value);
int64_t comm_sum(const struct comm *comm, int64_t value);
double comm_min(const struct comm *comm, double value);
double comm_max(const struct comm *comm, double value);

/* Replaces values [count], floats or doubles of `real` bytes, by their sums over the ranks. The last bits depend on the
 * number of ranks. Sizes above 2 GiB are allowed. */
void comm_sum_reals(const struct comm *comm, void *values, int64_t count, size_t real);

/* Returns the ISA level `wanted` if it is available on all ranks; otherwise, or if wanted < 0, the highest level that
 * is available on all ranks. */
enum isa comm_isa(const struct comm *comm, int wanted);

void comm_barrier(const struct comm *comm);

/* Copies data [bytes] from rank root to all ranks. Sizes above 2 GiB are allowed. */
void comm_bcast(const struct comm *comm, void *data, int64_t bytes, int root);

/* Gathers data [bytes] of all ranks on rank 0, in rank order; bytes may differ between ranks. On rank 0 *all is a new
 * array, which the caller frees, and bytes_of[size] (may be NULL) receives the number of bytes of each rank. On other
 * ranks *all = NULL. Sizes above 2 GiB are allowed. Calls die() if rank 0 has no memory for the array. */
void comm_gather(const struct comm *comm, const void *data, int64_t bytes, void **all, int64_t *bytes_of);

/* Gathers the data of all ranks on every rank, in rank order. Rank r contributes first[r+1] - first[r] bytes. The array
 * first has size + 1 entries and is the same on all ranks; `all` receives first[size] bytes. Sizes above 2 GiB are
 * allowed. */
void comm_allgather(const struct comm *comm, const void *data, const int64_t *first, void *all);

/* Redistributes a global sequence of items of which every rank owns a contiguous range. Rank r owns items
 * [old_first[r], old_first[r+1]) before and [new_first[r], new_first[r+1]) after; both arrays have size + 1 entries and
 * are the same on all ranks. offset(context, item): the byte at which an item starts in the global sequence. from, to:
 * the bytes of the items that this rank owns before and after. */
void comm_redistribute(const struct comm *comm, const int64_t *old_first, const int64_t *new_first,
                       int64_t (*offset)(const void *context, int64_t item), const void *context, const void *from,
                       void *to);

/* Local. Returns the time of a monotonic clock in seconds; only differences are meaningful. */
double comm_time(void);

#endif
