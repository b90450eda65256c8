/* options: the items of a verb's `--help` (include/cli/cmd.h), one after the other. */
#ifndef MCKEAN_TOOLS_MANUAL_OPTIONS_H
#define MCKEAN_TOOLS_MANUAL_OPTIONS_H

#include <stdbool.h>

struct item {
  char label[128]; /* "--max-wall H:MM:SS", "INPUT"; "" for a paragraph */
  char text[2048]; /* in one line */
};

/* Reads the item at *at and moves on; false at the end. */
bool options_next(const char **at, struct item *item);

/* "--max-wall" of a label that is an option; false for others. *value: it takes one. */
bool item_option(const struct item *item, char name[64], bool *value);

#endif
