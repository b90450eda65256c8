/* findings: the statements that an analysis makes. One struct holds each of them; the printed line and the entry of
 * "verdicts" in JSON are both made from it, so text and data cannot differ. All functions are local. */
#ifndef MCKEAN_STUDY_FINDINGS_H
#define MCKEAN_STUDY_FINDINGS_H

#include <stdint.h>

#include "study/verdict.h"

enum finding_kind {
  FINDING_VERDICT,   /* compares an estimate with theory */
  FINDING_WARNING,   /* the data must be read with care */
  FINDING_NOTE,      /* a remark on the verdicts before it */
  FINDING_LIMIT,     /* what these runs cannot answer */
  FINDING_CONDITION, /* a condition of the user, met or not */
  FINDING_KINDS
};
extern const char *const finding_kind_names[FINDING_KINDS];

struct finding {
  enum finding_kind kind;
  const char *name;    /* as in study/condition.h where a condition can be put on it: V, loss.p, V_train.heal, clt */
  const char *subject; /* of the printed line: "slope of V in n"; of a condition its text */
  int64_t n;           /* 0: none */
  double t;            /* NAN: none */
  struct estimate estimate;
  double confidence; /* of the interval, or of the test behind the verdict; NAN: none */
  double expected;   /* NAN: none */
  enum verdict verdict;
  char *reason; /* a sentence; set by findings_add */
};

/* Every member but kind, name and subject empty. */
#define FINDING(its_kind, its_name, its_subject)                                                                       \
  ((struct finding){.kind = (its_kind),                                                                                \
                    .name = (its_name),                                                                                \
                    .subject = (its_subject),                                                                          \
                    .t = NAN,                                                                                          \
                    .estimate = ESTIMATE_NONE,                                                                         \
                    .confidence = NAN,                                                                                 \
                    .expected = NAN})

struct findings {
  int count, capacity;
  struct finding *finding;
};

/* Appends a copy, with the formatted text as its reason. */
void findings_add(struct findings *findings, struct finding finding, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Appends a limit: FINDING_LIMIT with a name and a reason. */
#define findings_limit(findings, name, ...) findings_add((findings), FINDING(FINDING_LIMIT, (name), ""), __VA_ARGS__)

/* The line that is printed for a finding, without its end. The caller frees it. */
char *finding_line(const struct finding *finding);

/* Prints the lines of the kinds first to last, in the order in which they were added. */
void findings_print(const struct findings *findings, enum finding_kind first, enum finding_kind last, FILE *out);

/* Releases the members, not the struct. */
void findings_free(struct findings *findings);

#endif
