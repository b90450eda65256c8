/* effects: input keys that have no effect with some values of another key. Private to src/config. */
#ifndef MCKEAN_CONFIG_EFFECTS_H
#define MCKEAN_CONFIG_EFFECTS_H

#include "config/config.h"

/* Returns OK if a key has an effect in this input. USAGE: it has none; the error text names the deciding key and its
 * value, and gives advice. Local. */
int effects_check(const struct config *config, const char *key);

#endif
