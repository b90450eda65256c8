/* yaml: strict reading of YAML through libyaml's events, into a flat list of leaves.
 *
 * Refused, each with its place: more than 1 MiB, depth beyond 8, aliases, anchors, tags, merge keys, second documents,
 * embedded NUL, keys that are not plain words, duplicate keys, what libyaml itself refuses. (Its document interface
 * would accept duplicates and cyclic aliases, and takes quadratic time on nested brackets.) Local. */
#ifndef MCKEAN_BASE_YAML_H
#define MCKEAN_BASE_YAML_H

#include <stdbool.h>
#include <stddef.h>

enum { YAML_BYTES_MAX = 1 << 20 };

enum yaml_kind { YAML_PLAIN, YAML_QUOTED, YAML_EMPTY_LIST, YAML_EMPTY_MAP };

/* A leaf: "dynamics.stages[0].dt" = "0.5". Sections and lists themselves are not entries unless they are empty. */
struct yaml_entry {
  char *path, *value;
  enum yaml_kind kind;
  const char *name; /* of the text it comes from; not owned */
  int line, column; /* of the value, from 1 */
};

struct yaml {
  int count, capacity;
  struct yaml_entry *entry;
};

/* Reads a regular file of at most YAML_BYTES_MAX bytes, text ends with a NUL; to be freed. USAGE: empty, too large,
 * holds NUL. FAILED: cannot be read, not a regular file. */
int yaml_load(const char *path, char **text);

/* Appends the leaves of a text to yaml, their paths behind prefix ("" or "ensemble.n"). name: for messages, to outlive
 * yaml. USAGE. */
int yaml_parse(const char *name, const char *text, const char *prefix, struct yaml *yaml);

/* Removes all entries at or below a path. */
void yaml_remove(struct yaml *yaml, const char *path);

void yaml_free(struct yaml *yaml);

#endif
