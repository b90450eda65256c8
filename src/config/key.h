/* key: names of input keys. Private to src/config. */
#ifndef MCKEAN_CONFIG_KEY_H
#define MCKEAN_CONFIG_KEY_H

#include <stdbool.h>

enum { KEY_MAX = 600 };

/* Splits a path: "dynamics.stages[3].dt" becomes key "dynamics.stages[].dt" and item 3. *item: the number in the first
 * pair of brackets; -1 without brackets, INT_MAX if they do not contain a number. Removes a final "[]" from key.
 * Returns the number of pairs of brackets. */
int key_split(const char *path, char key[KEY_MAX], int *item);

/* Returns the index of a key in parameter_table, or -1. */
int key_find(const char *key);

/* Returns the known key with the smallest edit distance to key; NULL if this distance is more than half the length of
 * key. */
const char *key_nearest(const char *key);

/* Returns the first known key at or after index *i of the table in which the components of `part` follow one another:
 * "dt" or "stages[].dt" in "dynamics.stages[].dt". Ignores case. *i becomes its index plus 1. NULL: there is none. */
const char *key_containing(const char *part, int *i);

/* Returns advice on a name that other programs use for a key or for a value, such as "lr" or "adam"; NULL if unknown.
 * Only the last component of the name counts. Ignores case. */
const char *key_advice(const char *name);

/* Returns whether key, which parameter_table does not contain, is a section, that is, the beginning of other keys; ""
 * is a section. */
bool key_is_section(const char *key);

#endif
