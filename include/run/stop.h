/* stop: reasons to write a checkpoint or to end early.
 *
 * Signals: USR1 = checkpoint and go on; USR2, TERM, INT = checkpoint and stop. They may come more than once (SLURM
 * sends TERM at the limit); only a second INT at least 1 s after the first ends the process at once. Besides: a
 * wall-time limit, and a file named "stop" in the output folder. All functions are local: what one rank sees becomes a
 * decision when the ranks have agreed on it (run/sim.c). */
#ifndef MCKEAN_RUN_STOP_H
#define MCKEAN_RUN_STOP_H

enum stop_request { STOP_NONE, STOP_CHECKPOINT, STOP_END };

struct stop {
  double (*clock)(void); /* seconds; comm_time, another one in tests */
  double start, limit;   /* limit: seconds after start, 0 = none */
  double reserve;        /* seconds a checkpoint and the way to the next poll may take */
  char file[4200];       /* the stop file; "" where this rank does not look for it */
};

/* Installs the signal handlers of this process. */
void stop_install(void);

struct stop stop_create(double (*clock)(void), double limit, const char *output);

/* The strongest request since the last call; *why names it for the log (static text, or untouched for STOP_NONE). */
enum stop_request stop_poll(struct stop *stop, const char **why);

/* A checkpoint took that many seconds, the polls are that many apart: keeps twice the longest of both in reserve. */
void stop_learn(struct stop *stop, double checkpoint, double interval);

#endif
