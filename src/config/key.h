/* config_key: names of input keys. Private to config*.c. */
#ifndef MCKEAN_RUN_CONFIG_KEY_H
#define MCKEAN_RUN_CONFIG_KEY_H

#include <stdbool.h>

enum { KEY_MAX = 600 };

/* "dynamics.stages[3].dt" -> "dynamics.stages[].dt" and 3; -1 without brackets, INT_MAX for what is no number. A last
 * "[]" is cut off. Returns the number of brackets. */
int key_split(const char *path, char key[KEY_MAX], int *item);

/* Row of the parameter table, -1 if there is none. */
int key_find(const char *key);

/* The known key that takes the fewest edits, NULL if it takes more than half of the letters. */
const char *key_nearest(const char *key);

/* True if some key lies below this one, or if it is empty. */
bool key_is_section(const char *key);

#endif
