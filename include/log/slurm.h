/* slurm: facts about the SLURM job of this process. All functions are local. */
#ifndef MCKEAN_LOG_SLURM_H
#define MCKEAN_LOG_SLURM_H

#include <stdbool.h>

/* Writes the id of the job. For a task of a job array the id is "ARRAY_TASK", because the last task has the same
 * SLURM_JOB_ID as the whole array. Returns false outside of a job, or if the id is too long or contains characters
 * other than digits and "_". */
enum { SLURM_ID = 64 };
bool slurm_job(char id[SLURM_ID]);

/* Returns how many times this job was restarted: by SLURM (SLURM_RESTART_COUNT), or by jobs/common.sh with
 * chain=depend, which submits a new job for each restart (MCKEAN_RESTARTS). */
int slurm_restarts(void);

/* Returns the seconds until SLURM ends this job. INFINITY: no limit. NAN: unknown, or not in a job. Runs squeue, which
 * reports changed limits and does not depend on the clock of this machine. If squeue fails, uses SLURM_JOB_END_TIME,
 * which newer versions of SLURM set. Cost: up to SLURM_PATIENCE seconds if the SLURM controller does not answer. */
enum { SLURM_PATIENCE = 10 };
double slurm_left(void);

/* Returns the bytes of memory that the job may use on this node, from SLURM_MEM_PER_NODE, or SLURM_MEM_PER_CPU times
 * SLURM_CPUS_ON_NODE. INFINITY: unknown. */
double slurm_memory(void);

/* Returns whether the job reserved processors that a run of `ranks` ranks and `threads` threads per rank leaves unused:
 * the job has several tasks, but no launcher started the run; or a task has more processors than threads. text: which,
 * and what to do. */
enum { SLURM_TEXT = 384 };
bool slurm_unused(int ranks, int threads, char text[SLURM_TEXT]);

#endif
