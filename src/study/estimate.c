#include "study/estimate.h"

enum { NUMBER_BYTES = 32 };

static void number_text(enum estimate_format format, int digits, double value, char text[NUMBER_BYTES]) {
  if (!isfinite(value))
    snprintf(text, NUMBER_BYTES, "-");
  else
    snprintf(text, NUMBER_BYTES, format == ESTIMATE_FIXED && fabs(value) < 1e9 ? "%.*f" : "%.*g", digits, value);
}

void estimate_write(struct estimate estimate, double factor, enum estimate_format format, int digits,
                    char text[ESTIMATE_BYTES]) {
  char value[NUMBER_BYTES], low[NUMBER_BYTES], high[NUMBER_BYTES];
  number_text(format, digits, factor * estimate.value, value);
  number_text(format, digits, factor * estimate.low, low);
  number_text(format, digits, factor * estimate.high, high);
  if (!isfinite(estimate.value) || isnan(estimate.low) || isnan(estimate.high))
    snprintf(text, ESTIMATE_BYTES, "%s", value);
  else
    snprintf(text, ESTIMATE_BYTES, "%s [%s, %s]", value, low, high);
}

void estimate_text(struct estimate estimate, double factor, char text[ESTIMATE_BYTES]) {
  estimate_write(estimate, factor, ESTIMATE_GENERAL, 4, text);
}

void estimate_print(FILE *out, int width, struct estimate estimate, double factor) {
  char text[ESTIMATE_BYTES];
  estimate_text(estimate, factor, text);
  fprintf(out, "  %-*s", width, text);
}
