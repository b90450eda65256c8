#include "parallel/rank_gather.h"

#include "base/error.h"
#include "parallel/heartbeat.h"
#include "parallel/rank_sum.h"

enum { TAG = 32500 }; /* above all tags of rank_sum; MPI allows tags up to 32767 */

static struct rank_gather *under_way; /* all gathers of this rank that are not complete */

struct neighbors rank_gather_neighbors(const struct comm *comm) {
  const int64_t ranks = comm->size, groups = (ranks + RANK_GATHER_MAX - 1) / RANK_GATHER_MAX;
  const int64_t group = ((comm->rank + 1) * groups - 1) / ranks;
  const int first = (int)(group * ranks / groups), end = (int)((group + 1) * ranks / groups);
  return (struct neighbors){comm, first, end - first};
}

void rank_gather_begin(const struct neighbors *neighbors, const int64_t *cut, int index, void *array,
                       struct rank_gather *gather) {
  const struct comm *comm = neighbors->comm;
  const int own = comm->rank - neighbors->first;
  *gather = (struct rank_gather){.next = under_way};
  for (int sends = 0; sends < 2; sends++) /* receives first */
    for (int k = 0; k < neighbors->count; k++) {
      const int part = sends ? own : k;
      const int64_t bytes = cut[part + 1] - cut[part];
      if (bytes > INT32_MAX) die("a part of %lld bytes does not fit one message", (long long)bytes);
      if (k == own || bytes == 0) continue;
      char *from = (char *)array + cut[part];
      MPI_Request *request = &gather->request[gather->messages++];
      if (sends)
        MPI_Isend(from, (int)bytes, MPI_BYTE, neighbors->first + k, TAG + index, comm->mpi, request);
      else
        MPI_Irecv(from, (int)bytes, MPI_BYTE, neighbors->first + k, TAG + index, comm->mpi, request);
    }
  under_way = gather;
}

void rank_gather_progress(void) {
  rank_sum_progress();
  for (struct rank_gather **link = &under_way; *link;) {
    int complete;
    MPI_Testall((*link)->messages, (*link)->request, &complete, MPI_STATUSES_IGNORE);
    if (!complete) {
      link = &(*link)->next;
      continue;
    }
    (*link)->messages = 0;
    *link = (*link)->next;
  }
}

void rank_gather_end(struct rank_gather *gather) {
  rank_gather_progress();
  if (gather->messages == 0) return;
  HEARTBEAT_WAIT("an exchange of points", MPI_Waitall(gather->messages, gather->request, MPI_STATUSES_IGNORE));
  rank_gather_progress(); /* removes it from the list */
}
