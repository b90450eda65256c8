/* Ranks that hang or work for a long time, for tests/fault/fault_hang. Needs 2 or more ranks.
 * usage: hanging deadlock|stuck|alive
 *
 *   deadlock  all ranks wait for a message that no rank sends
 *   stuck     rank 1 is inactive, as in a system call that does not return, and the others wait for it
 *   alive     rank 1 works, with heartbeats, four times as long as the limit of the watchdog; the others wait for it */
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "parallel/heartbeat.h"
#include "parallel/watchdog.h"

static const double LIMIT = 2;

static void work(void) {
  heartbeat_activity("long work");
  const struct timespec tenth = {.tv_nsec = 100000000};
  for (const double began = comm_time(); comm_time() - began < 4 * LIMIT; nanosleep(&tenth, NULL)) heartbeat_beat();
}

int main(int argc, char **argv) {
  struct comm world;
  struct watchdog *watchdog;
  if (comm_start(&argc, &argv, &world) != OK || argc != 2 || world.size < 2) die("usage: hanging deadlock|stuck|alive");
  watchdog_start(&world, LIMIT, &watchdog);
  heartbeat_step(7);
  int word;
  if (strcmp(argv[1], "deadlock") == 0)
    HEARTBEAT_WAIT("a receipt", MPI_Recv(&word, 1, MPI_INT, MPI_ANY_SOURCE, 0, world.mpi, MPI_STATUS_IGNORE));
  if (strcmp(argv[1], "stuck") == 0 && world.rank == 1) pause();
  if (strcmp(argv[1], "alive") == 0 && world.rank == 1) work();
  comm_barrier(&world);
  watchdog_stop(watchdog);
  comm_stop();
  return OK;
}
