/* key: names of input keys. Private to src/config. */
#ifndef MCKEAN_CONFIG_KEY_H
#define MCKEAN_CONFIG_KEY_H

#include <stdbool.h>

enum { KEY_MAX = 600, KEY_ITEMS = 4 };

/* Splits a path: "dynamics.stages[3].dt" becomes key "dynamics.stages[].dt" and item[0] = 3. item: the numbers in
 * the pairs of brackets; -1 if there are fewer pairs, INT_MAX if a pair does not contain a number. Removes a final "[]"
 * from key. Returns the number of pairs of brackets, of which only the first KEY_ITEMS have an item. */
int key_split(const char *path, char key[KEY_MAX], int item[KEY_ITEMS]);

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
