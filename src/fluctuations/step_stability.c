#include "fluctuations/step_stability.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/error.h"
#include "config/config.h"
#include "io/h5.h"
#include "store/history.h"

static int read_run(struct h5 *file, struct step_stability *stability) {
  char *text = NULL;
  struct config *config = NULL;
  int status = h5_get_text(file, "/", "config", &text);
  if (status == OK) status = config_parse("history.h5", text, &config);
  free(text);
  TRY(status);
  const int sizes = stability->sizes + config->ensemble.members;
  stability->size = realloc(stability->size, sizeof *stability->size * (size_t)sizes);
  if (!stability->size) die("no memory for %d sizes of a study", sizes);
  for (int e = 0; e < config->ensemble.members && status == OK; e++)
    status = history_stability(file, config, e, &stability->size[stability->sizes + e]);
  stability->sizes = sizes;
  config_free(config);
  return status;
}

static int by_n(const void *a, const void *b) {
  const struct summary_stability *x = a, *y = b;
  return (x->n > y->n) - (x->n < y->n);
}

int step_stability_create(const struct study *study, struct step_stability **out) {
  struct step_stability *stability = calloc(1, sizeof *stability);
  if (!stability) die("no memory for the stability of a study");
  for (int run = 0; run < study->runs; run++) {
    const int status = read_run(study->file[run], stability);
    if (status == OK) continue;
    step_stability_free(stability);
    return status;
  }
  qsort(stability->size, (size_t)stability->sizes, sizeof *stability->size, by_n);
  *out = stability;
  return OK;
}

void step_stability_free(struct step_stability *stability) {
  if (!stability) return;
  free(stability->size);
  free(stability);
}
