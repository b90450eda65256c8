/* options: iterates over the items of a verb's `--help` text (include/cli/cmd.h). */
#ifndef MCKEAN_TOOLS_MANUAL_OPTIONS_H
#define MCKEAN_TOOLS_MANUAL_OPTIONS_H

#include <stdbool.h>

struct item {
  char label[128]; /* "--max-wall H:MM:SS", "INPUT"; "" for a paragraph */
  char text[2048]; /* joined to one line */
};

/* Reads the item at *at, a position in the text, and advances *at past it. Returns false at the end of the text. */
bool options_next(const char **at, struct item *item);

/* Extracts the name of an option, such as "--max-wall", from the label of an item. *value: whether the option takes a
 * value. Returns false if the item is not an option; then name and *value are unchanged. */
bool item_option(const struct item *item, char name[64], bool *value);

#endif
