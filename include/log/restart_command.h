/* again: the command that goes on with a run, for the last line of its log. */
#ifndef MCKEAN_LOG_RESTART_COMMAND_H
#define MCKEAN_LOG_RESTART_COMMAND_H

/* Local (rank 0). One line for the shell, to be freed: what the job script says in the environment's MCKEAN_AGAIN;
 * otherwise the command line of mpirun if it is our parent, else our own after `mpirun -n RANKS` or, in a SLURM step,
 * `srun --mpi=pmix -n RANKS` where there is more than one rank. --fresh and --stop-at are left out: with them the run
 * would not go on. */
char *restart_command(int ranks);

#endif
