/* shell: words of a command line. */
#ifndef MCKEAN_BASE_SHELL_H
#define MCKEAN_BASE_SHELL_H

#include <stdio.h>

/* Writes a word, quoted if the shell would change it, on one line of valid text (base/utf8.h). Local. */
void shell_quote(FILE *out, const char *word);

#endif
