/* history_rows: the rows that a history has in memory until history_write appends them to its file. Private to
 * store/history*.c. */
#ifndef MCKEAN_STORE_HISTORY_ROWS_H
#define MCKEAN_STORE_HISTORY_ROWS_H

#include "io/durable_file.h"
#include "io/h5.h"
#include "store/history.h"

/* Rows of one kind that are not in the file yet. The rank that leads a network stores a record {row, network,
 * values...} per row and network. */
struct rows {
  int width;         /* values in a record */
  int64_t kept;      /* number of rows that precede them in the file */
  bool kept_known;   /* kept has been read from the file (rows_count_kept) */
  int64_t count;     /* number of rows in memory */
  int64_t *step;     /* [count] */
  double *time, *dt; /* [count][members] */
  int64_t records, capacity;
  double *record; /* [records][2 + width] */
};

enum { HISTORY_GATHERED = 5, HISTORY_KINDS }; /* kinds of rows with records per network, and all kinds */

struct history {
  const struct comm *comm;
  const struct config *config;
  const struct dataset *data;
  char *path, temporary[PATH_BYTES];
  union {
    struct rows kind[HISTORY_KINDS];
    struct {
      struct rows series, field, train, second_moment, overlap;
      struct rows limit; /* its records are per member of the ensemble, not per network; all ranks have them */
    };
  };
  int64_t start;
  bool written; /* history_write extends the file; false: it creates the file or replaces it */
  int64_t step; /* step of the last history_write of this process, -1: none */
};

/* Starts a row of a step. Local. */
void rows_begin(struct rows *rows, int64_t step, const struct dt_segment *segment, const struct particles *particles);

/* Adds a record of the current row for a network. Returns a pointer to its values, which the caller fills in. Local. */
double *rows_record(struct rows *rows, int64_t network);

/* Gathers the values of one member on rank 0 as [row][replica][width]; returns NULL on other ranks. Collective. */
double *rows_gather(const struct history *history, const struct rows *rows, int member);

/* Sets rows->kept to the number of rows of a group in the file before the step from which the run started. Local.
 * FAILED: an I/O error, no memory. */
int rows_count_kept(const struct history *history, struct h5 *file, const char *group, struct rows *rows);

/* Empties rows that are now in the file. Local. */
void rows_discard(struct rows *rows);

#endif
