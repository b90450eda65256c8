#include "log/slurm.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

bool slurm_job(char id[SLURM_ID]) {
  const char *job = getenv("SLURM_JOB_ID"), *array = getenv("SLURM_ARRAY_JOB_ID"),
             *task = getenv("SLURM_ARRAY_TASK_ID");
  int length;
  if (array && task)
    length = snprintf(id, SLURM_ID, "%s_%s", array, task);
  else
    length = snprintf(id, SLURM_ID, "%s", job ? job : "");
  /* The id becomes part of a shell command, so other characters must not occur. */
  return length > 0 && length < SLURM_ID && strspn(id, "0123456789_") == (size_t)length;
}

int slurm_restarts(void) {
  const char *chained = getenv("MCKEAN_RESTARTS"), *requeued = getenv("SLURM_RESTART_COUNT");
  return chained ? atoi(chained) : requeued ? atoi(requeued) : 0;
}

/* Reads [days-][hours:]minutes:seconds as seconds. Returns INFINITY for UNLIMITED, and NAN if the text is not a
 * time. */
static double parse(const char *text) {
  long long days, hours, minutes, seconds;
  if (strncmp(text, "UNLIMITED", 9) == 0) return INFINITY;
  if (sscanf(text, "%lld-%lld:%lld:%lld", &days, &hours, &minutes, &seconds) == 4)
    hours += 24 * days;
  else if (sscanf(text, "%lld:%lld:%lld", &hours, &minutes, &seconds) == 3) {
  } else if (sscanf(text, "%lld:%lld", &minutes, &seconds) == 2)
    hours = 0;
  else
    return NAN;
  return 3600. * (double)hours + 60. * (double)minutes + (double)seconds;
}

static double ask(const char *id) {
  char command[256], line[128] = "";
  snprintf(command, sizeof command, "timeout %d squeue --noheader --states=all --jobs=%s --format=%%L 2>/dev/null",
           SLURM_PATIENCE, id);
  FILE *answer = popen(command, "r");
  if (!answer) return NAN;
  const bool answered = fgets(line, sizeof line, answer) != NULL;
  return pclose(answer) == 0 && answered ? parse(line) : NAN;
}

double slurm_left(void) {
  char id[SLURM_ID];
  if (!slurm_job(id)) return NAN;
  const double left = ask(id);
  const char *end = getenv("SLURM_JOB_END_TIME");
  if (!isnan(left) || !end) return left;
  const double seconds = strtod(end, NULL) - (double)time(NULL);
  return seconds > 0 ? seconds : NAN;
}

/* Returns a number from the environment; 0 if it is not set. */
static double given(const char *name) {
  const char *text = getenv(name);
  return text ? strtod(text, NULL) : 0;
}

double slurm_memory(void) {
  const double of_node = given("SLURM_MEM_PER_NODE"), of_cpu = given("SLURM_MEM_PER_CPU") * given("SLURM_CPUS_ON_NODE");
  const double megabytes = of_node > 0 ? of_node : of_cpu;
  return megabytes > 0 ? megabytes * (1 << 20) : INFINITY;
}

/* Returns whether mpirun (of Open MPI, MPICH) or srun started this process. */
static bool launched(void) {
  return getenv("OMPI_COMM_WORLD_SIZE") || getenv("PMI_SIZE") || getenv("SLURM_STEP_ID");
}

bool slurm_unused(int ranks, int threads, char text[SLURM_TEXT]) {
  char id[SLURM_ID];
  const int tasks = (int)given("SLURM_NTASKS"), cpus = (int)given("SLURM_CPUS_PER_TASK");
  if (!slurm_job(id)) return false;
  if (ranks == 1 && tasks > 1 && !launched()) {
    snprintf(text, SLURM_TEXT,
             "SLURM job %s has %d tasks, and this run uses one: start it with a launcher (srun --mpi=pmix mckean run "
             "..., or mpirun mckean run ...), or request one task",
             id, tasks);
    return true;
  }
  if (cpus > threads)
    snprintf(
        text, SLURM_TEXT,
        "SLURM job %s has %d processors per task, and each rank of this run uses %d: set run.threads=%d, or request "
        "more tasks instead of --cpus-per-task=%d",
        id, cpus, threads, cpus, cpus);
  return cpus > threads;
}
