/* key: names of input keys. Private to src/config. */
#ifndef MCKEAN_CONFIG_KEY_H
#define MCKEAN_CONFIG_KEY_H

#include <stdbool.h>

enum { KEY_MAX = 600 };

/* Splits "dynamics.stages[3].dt" into "dynamics.stages[].dt" and item 3. item: -1 without brackets, INT_MAX if the text
 * in brackets is not a number. Removes a final "[]". Returns the number of brackets. */
int key_split(const char *path, char key[KEY_MAX], int *item);

/* Returns the row of a key in parameter_table, or -1. */
int key_find(const char *key);

/* Returns the known key with the smallest edit distance; NULL if this is more than half the length of the key. */
const char *key_nearest(const char *key);

/* Whether there are keys below this one, or it is empty. */
bool key_is_section(const char *key);

#endif
