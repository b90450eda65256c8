/* slurm: what SLURM tells of the job that this process runs in. */
#ifndef MCKEAN_LOG_SLURM_H
#define MCKEAN_LOG_SLURM_H

#include <stdbool.h>

/* Local. The job's id, of an array's task "ARRAY_TASK": the last task's own id is that of the whole array. False
 * outside of a job. */
enum { SLURM_ID = 64 };
bool slurm_job(char id[SLURM_ID]);

/* Local. How often SLURM, or jobs/common.sh by new jobs (MCKEAN_RESTARTS), started this job anew. */
int slurm_restarts(void);

/* Local. Seconds until SLURM ends this job; INFINITY: it has no limit; NAN: not known. Asks squeue, which knows of a
 * limit that was changed and needs no right clock here; without an answer the environment (SLURM_JOB_END_TIME, set by
 * newer versions). Takes up to SLURM_PATIENCE seconds when the controller does not answer. */
enum { SLURM_PATIENCE = 10 };
double slurm_left(void);

/* Local. Bytes of this node that the job may hold; INFINITY: not told (SLURM_MEM_PER_NODE, SLURM_MEM_PER_CPU). */
double slurm_memory(void);

#endif
