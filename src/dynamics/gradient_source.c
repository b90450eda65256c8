#include "dynamics/gradient_source.h"

#include <stddef.h>

static const struct gradient_source *const sources[] = {&population_source};

const struct gradient_source *gradient_source_find(const struct unit_spec *unit, const struct dataset *data) {
  for (size_t i = 0; i < sizeof sources / sizeof *sources; i++)
    if (sources[i]->covers(unit, data)) return sources[i];
  return NULL;
}
