/* yml: strict reading of YAML (libyaml has the prefix yaml) through libyaml's events, into a flat list of leaves.
 *
 * Refused, each with its place: more than 1 MiB, depth beyond 8, more than 8192 entries, aliases, anchors, tags, merge
 * keys, second documents, embedded NUL, keys that are not plain words, duplicate keys, what libyaml itself refuses.
 * (Its document interface would accept duplicates and cyclic aliases, and takes quadratic time on nested brackets.)
 * Local. */
#ifndef MCKEAN_IO_YAML_READER_H
#define MCKEAN_IO_YAML_READER_H

#include <stdbool.h>
#include <stddef.h>

enum { YAML_READER_BYTES_MAX = 1 << 20, YAML_READER_ENTRIES_MAX = 8192 };

enum yaml_reader_kind { YAML_READER_PLAIN, YAML_READER_QUOTED, YAML_READER_EMPTY_LIST, YAML_READER_EMPTY_MAP };

/* A leaf: "dynamics.stages[0].dt" = "0.5". Sections and lists themselves are not entries unless they are empty. */
struct yaml_reader_entry {
  char *path, *value;
  enum yaml_reader_kind kind;
  const char *name; /* of the text it comes from; not owned */
  int line, column; /* of the value, from 1 */
};

struct yaml_reader {
  int count, capacity;
  struct yaml_reader_entry *entry;
  size_t end; /* characters of the text read last, up to the end of its last value: comments may follow */
};

/* Reads a regular file of at most YAML_READER_BYTES_MAX bytes, text ends with a NUL; to be freed. USAGE: cannot be opened, not a
 * regular file, empty, too large, holds NUL. FAILED: cannot be read. */
int yaml_reader_load(const char *path, char **text);

/* Appends the leaves of a text to yaml, their paths behind prefix ("" or "ensemble.n"). name: for messages, to outlive
 * yaml. USAGE. */
int yaml_reader_parse(const char *name, const char *text, const char *prefix, struct yaml_reader *yaml);

/* Removes all entries at or below a path. */
void yaml_reader_remove(struct yaml_reader *yaml, const char *path);

void yaml_reader_free(struct yaml_reader *yaml);

#endif
