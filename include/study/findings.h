/* findings: the statements that analyses make. Each one is a struct finding, from which both its printed line and its
 * entry in "verdicts" of the JSON file are made, so they cannot differ. All functions are local. */
#ifndef MCKEAN_STUDY_FINDINGS_H
#define MCKEAN_STUDY_FINDINGS_H

#include <stdint.h>

#include "study/verdict.h"

enum finding_kind {
  FINDING_VERDICT,   /* compares an estimate with theory */
  FINDING_WARNING,   /* the data must be interpreted with care */
  FINDING_NOTE,      /* a remark on the verdicts before it */
  FINDING_LIMIT,     /* what these runs cannot answer */
  FINDING_CONDITION, /* a condition of the user, met or not */
  FINDING_KINDS
};
extern const char *const finding_kind_names[FINDING_KINDS];

struct finding {
  enum finding_kind kind;
  const char *name;    /* of the quantity or test: V, loss.p, V_train.heal, clt; for a condition: its text before "="
                        * or "@" */
  const char *subject; /* of the printed line: "slope of V in n"; for a condition: its text */
  int64_t n;           /* 0: not about one n */
  double t;            /* NAN: not about one time */
  struct estimate estimate;
  double confidence; /* of the interval, or of the test on which the verdict is based; NAN: none */
  double expected;   /* by theory or by the condition; NAN: none */
  enum verdict verdict;
  char *reason; /* a sentence; set by findings_add */
};

/* A finding with kind, name and subject, whose other members are empty. */
#define FINDING(its_kind, its_name, its_subject)                                                                       \
  ((struct finding){.kind = (its_kind),                                                                                \
                    .name = (its_name),                                                                                \
                    .subject = (its_subject),                                                                          \
                    .t = NAN,                                                                                          \
                    .estimate = ESTIMATE_NONE,                                                                         \
                    .confidence = NAN,                                                                                 \
                    .expected = NAN})

/* Initialize to zero. Owns the strings of its findings. */
struct findings {
  int count, capacity;
  struct finding *finding;
};

/* Appends a copy of a finding and of its strings, with the formatted text as its reason. */
void findings_add(struct findings *findings, struct finding finding, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Appends a FINDING_LIMIT with a name and a reason. */
#define findings_limit(findings, name, ...) findings_add((findings), FINDING(FINDING_LIMIT, (name), ""), __VA_ARGS__)

/* Returns the line that is printed for a finding, without a newline. The caller frees it. */
char *finding_line(const struct finding *finding);

/* Prints the lines of the findings of kinds first to last, in the order in which they were added. */
void findings_print(const struct findings *findings, enum finding_kind first, enum finding_kind last, FILE *out);

/* Frees all findings and empties the list; does not free the struct. */
void findings_free(struct findings *findings);

#endif
