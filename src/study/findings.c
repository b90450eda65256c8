#include "study/findings.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

const char *const finding_kind_names[FINDING_KINDS] = {"verdict", "warning", "note", "limit", "condition"};

void findings_add(struct findings *findings, struct finding finding, const char *format, ...) {
  if (findings->count == findings->capacity) {
    findings->capacity = findings->capacity ? 2 * findings->capacity : 64;
    findings->finding = realloc(findings->finding, sizeof *findings->finding * (size_t)findings->capacity);
    if (!findings->finding) die("no memory for %d findings", findings->capacity);
  }
  struct finding *copy = &findings->finding[findings->count++];
  va_list arguments;
  *copy = finding;
  copy->name = strdup(finding.name);
  copy->subject = strdup(finding.subject);
  va_start(arguments, format);
  const int length = vasprintf(&copy->reason, format, arguments);
  va_end(arguments);
  if (!copy->name || !copy->subject || length < 0) die("no memory for a finding");
}

/* Prints the text before the estimate, for example "met     V=-1+-0.1: t = 10, n = 80, ". */
static void print_head(const struct finding *finding, FILE *out) {
  const bool condition = finding->kind == FINDING_CONDITION, warning = finding->kind == FINDING_WARNING;
  if (condition) fprintf(out, "%s %s: ", finding->verdict == VERDICT_MET ? "met    " : "NOT MET", finding->subject);
  if (warning) fputs("WARNING ", out);
  if (!isnan(finding->t)) fprintf(out, condition || warning ? "t = %g, " : "t = %-8g ", finding->t);
  if (!condition) fputs(finding->subject, out);
  if (finding->n > 0) fprintf(out, condition ? "n = %lld, " : ", n = %lld", (long long)finding->n);
  if (finding->kind == FINDING_VERDICT || warning) fputs(": ", out);
}

char *finding_line(const struct finding *finding) {
  char *line = NULL, estimate[ESTIMATE_BYTES];
  size_t size = 0;
  FILE *out = open_memstream(&line, &size);
  if (!out) die("no memory for a finding");
  print_head(finding, out);
  estimate_text(finding->estimate, 1, estimate);
  const bool known = !isnan(finding->estimate.value);
  if (finding->kind == FINDING_VERDICT && known) fprintf(out, "%s: ", estimate);
  fputs(finding->reason, out);
  if (finding->kind == FINDING_CONDITION && known) fprintf(out, ", received %s", estimate);
  if (fclose(out) != 0) die("no memory for a finding");
  return line;
}

void findings_print(const struct findings *findings, enum finding_kind first, enum finding_kind last, FILE *out) {
  for (int i = 0; i < findings->count; i++) {
    if (findings->finding[i].kind < first || findings->finding[i].kind > last) continue;
    char *line = finding_line(&findings->finding[i]);
    fprintf(out, "%s\n", line);
    free(line);
  }
}

void findings_free(struct findings *findings) {
  for (int i = 0; i < findings->count; i++) {
    free((char *)findings->finding[i].name);
    free((char *)findings->finding[i].subject);
    free(findings->finding[i].reason);
  }
  free(findings->finding);
  *findings = (struct findings){0};
}
