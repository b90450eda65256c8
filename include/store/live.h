/* live: the file <output>/live, with the progress of a running run.
 *
 * Rank 0 replaces the file every few seconds and removes it at the end. It contains the token of the lock, so that the
 * file of a killed run is not mistaken for that of its successor. It is neither synced nor needed to resume; errors
 * are ignored. All functions are local, for rank 0. */
#ifndef MCKEAN_STORE_LIVE_H
#define MCKEAN_STORE_LIVE_H

#include <stdbool.h>
#include <stdint.h>

struct live {
  int64_t step, steps; /* current and last step */
  double time;         /* t of the smallest n */
  int64_t n[2];        /* the smallest and the largest n */
  double loss[2];      /* recent mean losses of their networks, divided by `scale`; NAN: none */
  char scale[16];      /* "C_f" or "loss_0" */
  double seconds_left; /* of the run; NAN: unknown */
  double age;          /* live_read: seconds since the file was written, by the clock of this host; at least 0 */
};

/* Writes the file for the run that holds the lock of this output. */
void live_write(const char *output, const struct live *live);

/* Reads the file. Returns false if there is none, or if the current owner of the lock did not write it. */
bool live_read(const char *output, struct live *live);

/* Removes the file. */
void live_remove(const char *output);

#endif
