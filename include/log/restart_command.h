/* restart_command: the command that resumes a run, for the last line of its log. */
#ifndef MCKEAN_LOG_RESTART_COMMAND_H
#define MCKEAN_LOG_RESTART_COMMAND_H

/* Returns the command as one line for the shell; the caller frees it. It is the value of the environment variable
 * MCKEAN_AGAIN if a job script has set it; otherwise the command line of mpirun if that is the parent process;
 * otherwise the command line of this process, for more than one rank after `mpirun -n RANKS`, or after `srun --mpi=pmix
 * -n RANKS` in a SLURM step. --fresh and --stop-at are left out: they would keep the run from being resumed. Local,
 * rank 0. */
char *restart_command(int ranks);

#endif
