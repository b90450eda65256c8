/* history_groups: the groups of history.h5 that grow: series, stability, field, overlaps. */
#ifndef MCKEAN_STORE_HISTORY_GROUPS_H
#define MCKEAN_STORE_HISTORY_GROUPS_H

#include "history_rows.h"

/* Appends the rows in memory to the groups of a member. table [HISTORY_GATHERED]: from rows_gather, in the order of
 * history->kind. Local, on rank 0. FULL or FAILED: an I/O error, no memory. */
int history_append_member(const struct history *history, struct h5 *file, int member, double *const *table);

#endif
