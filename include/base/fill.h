/* fill: text for a terminal of 80 columns. */
#ifndef MCKEAN_BASE_FILL_H
#define MCKEAN_BASE_FILL_H

#include <stdio.h>

enum { FILL_COLUMNS = 80 };

/* Prints a label, padded to `first` columns, and then a text, broken at its spaces into lines of at most FILL_COLUMNS
 * columns; later lines are indented by `later` columns. A longer word has a line of its own. Local. */
void fill_print(FILE *out, const char *label, int first, int later, const char *text);

#endif
