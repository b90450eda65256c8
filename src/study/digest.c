#include "study/digest.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

enum { INDENT = 10 };

/* Returns the number of characters of the next line of text: as many words as fit, at least one. */
static int line_length(const char *text) {
  const int width = DIGEST_COLUMNS - INDENT, length = (int)strlen(text);
  if (length <= width) return length;
  for (int end = width; end > 0; end--)
    if (text[end] == ' ') return end;
  return (int)strcspn(text, " ");
}

static int lines_of(const char *text) {
  int lines = 0;
  for (; *text; lines++) {
    text += line_length(text);
    text += *text == ' ';
  }
  return lines;
}

static void put(struct digest *digest, const char *label, const char *text) {
  if (digest->lines + lines_of(text) > digest->most) return;
  while (*text) {
    const int length = line_length(text);
    fprintf(digest->out, "%-*s%.*s\n", INDENT, label, length, text);
    text += length;
    text += *text == ' ';
    label = "";
    digest->lines++;
  }
}

void digest_add(struct digest *digest, const char *label, const char *format, ...) {
  va_list arguments;
  char *text;
  va_start(arguments, format);
  if (vasprintf(&text, format, arguments) < 0) die("no memory for a summary");
  va_end(arguments);
  put(digest, label, text);
  free(text);
}

int digest_counts(const struct findings *findings, const char *name, const char *what, char text[DIGEST_COUNTS]) {
  static const struct {
    enum verdict verdict;
    const char *words;
  } row[] = {{VERDICT_WITHIN, "consistent"},
             {VERDICT_COMPATIBLE, "compatible"},
             {VERDICT_DIFFERENT, "different"},
             {VERDICT_OUTSIDE, "NOT consistent"}};
  enum { ROWS = sizeof row / sizeof *row };
  int count[ROWS] = {0}, total = 0;
  *text = 0;
  for (int f = 0; f < findings->count; f++) {
    const struct finding *finding = &findings->finding[f];
    if (finding->kind != FINDING_VERDICT || strcmp(finding->name, name) != 0) continue;
    for (int i = 0; i < ROWS; i++) count[i] += finding->verdict == row[i].verdict;
    total += finding->verdict != VERDICT_NONE;
  }
  for (int i = 0, first = 1; i < ROWS; i++) {
    char of[48] = "";
    if (count[i] == 0) continue;
    if (first) snprintf(of, sizeof of, " of %d %s", total, what);
    const size_t used = strlen(text);
    snprintf(text + used, DIGEST_COUNTS - used, "%s%d%s %s", first ? "" : ", ", count[i], of, row[i].words);
    first = 0;
  }
  return total;
}

void digest_findings(struct digest *digest, const struct findings *findings, enum finding_kind kind,
                     const char *heading) {
  int total = 0, shown = 0;
  for (int f = 0; f < findings->count; f++) total += findings->finding[f].kind == kind;
  for (int f = 0, full = 0; f < findings->count && !full; f++) {
    if (findings->finding[f].kind != kind) continue;
    char *line = finding_line(&findings->finding[f]);
    full = digest->lines + lines_of(line) + (shown + 1 < total) > digest->most;
    if (!full) put(digest, shown == 0 ? heading : "", line);
    shown += !full;
    free(line);
  }
  if (shown < total)
    digest_add(digest, shown == 0 ? heading : "", shown ? "and %d more, in the tables" : "%d, in the tables",
               total - shown);
}
