/* digest: the lines of a summary, wrapped to the width of a terminal of 80 columns. All functions are local. */
#ifndef MCKEAN_STUDY_DIGEST_H
#define MCKEAN_STUDY_DIGEST_H

#include <stdio.h>

#include "study/findings.h"

enum { DIGEST_LINES = 15, DIGEST_COLUMNS = 80 };

struct digest {
  FILE *out;
  int lines; /* printed so far */
  int most;  /* a text that would need more lines is omitted */
};

/* Prints a label and a text, wrapped between words, with later lines indented to the start of the text. Prints nothing
 * if there are not enough lines left. */
void digest_add(struct digest *digest, const char *label, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Writes how many verdicts with this name there are of each kind, for example "3 of 9 times consistent, 6
 * compatible". what: "times", "sizes". Returns the number of verdicts; if it is 0, text is "". */
enum { DIGEST_COUNTS = 160 };
int digest_counts(const struct findings *findings, const char *name, const char *what, char text[DIGEST_COUNTS]);

/* Prints as many findings of a kind as there are lines left, then how many more there are. heading: of the first
 * line. */
void digest_findings(struct digest *digest, const struct findings *findings, enum finding_kind kind,
                     const char *heading);

#endif
