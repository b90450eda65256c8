/* slurm: facts about the SLURM job of this process. All functions are local. */
#ifndef MCKEAN_LOG_SLURM_H
#define MCKEAN_LOG_SLURM_H

#include <stdbool.h>

/* Writes the id of the job; for a task of an array "ARRAY_TASK", because the last task's own id is that of the whole
 * array. Returns false outside of a job. */
enum { SLURM_ID = 64 };
bool slurm_job(char id[SLURM_ID]);

/* Returns how often this job was restarted: by SLURM, or by jobs/common.sh, which submits new jobs
 * (MCKEAN_RESTARTS). */
int slurm_restarts(void);

/* Returns the seconds until SLURM ends this job. INFINITY: no limit. NAN: unknown. squeue is asked first: it knows a
 * limit that was changed, and does not depend on the clock of this machine. Without its answer the environment is used
 * (SLURM_JOB_END_TIME, set by newer versions). Cost: up to SLURM_PATIENCE seconds if the controller does not answer. */
enum { SLURM_PATIENCE = 10 };
double slurm_left(void);

/* Returns the bytes of memory that the job may use on this node (SLURM_MEM_PER_NODE, SLURM_MEM_PER_CPU). INFINITY:
 * unknown. */
double slurm_memory(void);

#endif
