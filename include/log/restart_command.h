/* restart_command: the command that resumes a run, for the last line of its log. */
#ifndef MCKEAN_LOG_RESTART_COMMAND_H
#define MCKEAN_LOG_RESTART_COMMAND_H

/* Returns the command as one line for the shell; the caller frees it. Local; call it on rank 0. The command is the
 * first of these that is available:
 *
 *   - the value of the environment variable MCKEAN_AGAIN, which a job script sets,
 *   - the command line of mpirun, if mpirun is the parent process,
 *   - the command line of this process; if ranks > 1, preceded by `mpirun -n RANKS`, or in a SLURM step by
 *     `srun --mpi=pmix -n RANKS`.
 *
 * --fresh and --stop-at are removed from a command line, because --fresh would start a new run, and --stop-at would
 * stop the run again. */
char *restart_command(int ranks);

/* Returns the command that resumes the run that wrote a checkpoint: the command line and the number of ranks in its
 * provenance, with the program of this process, and without --fresh and --stop-at. The caller frees it. Local. NULL: it
 * cannot be read. */
char *restart_command_recorded(const char *path);

#endif
