/* history_head: the groups of history.h5 that are written once, when the file is created: target, points, ensemble. */
#ifndef MCKEAN_STORE_HISTORY_HEAD_H
#define MCKEAN_STORE_HISTORY_HEAD_H

#include "config/config.h"
#include "data/dataset.h"
#include "io/h5.h"

/* Writes them to a new file. Local. FULL or FAILED: an I/O error. */
int history_head_write(struct h5 *file, const struct config *config, const struct dataset *data);

/* Returns the approximate size in bytes of these groups. Local. */
double history_head_bytes(const struct dataset *data);

#endif
