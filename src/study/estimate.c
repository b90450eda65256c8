#include "study/estimate.h"

void estimate_text(struct estimate estimate, double factor, char text[ESTIMATE_BYTES]) {
  snprintf(text, ESTIMATE_BYTES, "-");
  if (!isnan(estimate.value)) snprintf(text, ESTIMATE_BYTES, "%.4g", factor * estimate.value);
  if (!isnan(estimate.value) && !isnan(estimate.low))
    snprintf(text, ESTIMATE_BYTES, "%.4g [%.4g, %.4g]", factor * estimate.value, factor * estimate.low,
             factor * estimate.high);
}

void estimate_print(FILE *out, int width, struct estimate estimate, double factor) {
  char text[ESTIMATE_BYTES];
  estimate_text(estimate, factor, text);
  fprintf(out, "  %-*s", width, text);
}
