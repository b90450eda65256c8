#include "config/steps.h"

#include <math.h>

/* ---- lists ---- */

bool steps_hold(const struct steps *steps, int64_t step) {
  for (int i = 0; i < steps->count; i++)
    if (steps->step[i] == step) return true;
  return false;
}

bool steps_insert(struct steps *steps, int64_t step) {
  if (steps_hold(steps, step)) return true;
  if (steps->count == STEPS_MAX) return false;
  int at = steps->count++;
  for (; at > 0 && steps->step[at - 1] > step; at--) steps->step[at] = steps->step[at - 1];
  steps->step[at] = step;
  return true;
}

bool steps_expand(struct steps *steps, int64_t end) {
  if (steps->every == 0 && steps->log == 0) return true;
  bool fits = steps_insert(steps, 0) && steps_insert(steps, end);
  for (int64_t step = steps->every; steps->every > 0 && step < end && fits; step += steps->every)
    fits = steps_insert(steps, step);
  for (int64_t i = 0, step; steps->log > 0 && fits; i++) {
    step = (int64_t)round(pow(10, (double)i / (double)steps->log));
    if (step >= end) break;
    fits = steps_insert(steps, step);
  }
  if (fits) steps->every = steps->log = 0;
  return fits;
}

/* ---- intervals ---- */

bool intervals_hold(const struct intervals *intervals, int64_t step) {
  int i = intervals->count - 1;
  while (i > 0 && intervals->after[i] >= step) i--;
  return step % intervals->every[i] == 0;
}

int64_t intervals_before(const struct intervals *intervals, int64_t end) {
  int64_t count = end > 0; /* step 0 */
  for (int i = 0; i < intervals->count && intervals->after[i] < end - 1; i++) {
    int64_t last = end - 1;
    if (i + 1 < intervals->count && intervals->after[i + 1] < last) last = intervals->after[i + 1];
    count += last / intervals->every[i] - intervals->after[i] / intervals->every[i];
  }
  return count;
}

bool intervals_change(struct intervals *intervals, int64_t after, int64_t every) {
  const int last = intervals->count - 1;
  if (last >= 0 && intervals->every[last] == every) return true;
  const int at = last >= 0 && intervals->after[last] == after ? last : last + 1;
  if (at == INTERVALS_MAX) return false;
  intervals->after[at] = after;
  intervals->every[at] = every;
  intervals->count = at + 1;
  if (at > 0 && intervals->every[at - 1] == every) intervals->count--;
  return true;
}

bool intervals_continue(struct intervals *intervals, const struct intervals *recorded, int64_t step) {
  struct intervals both = {0};
  bool fits = true;
  for (int i = 0; i < recorded->count && (i == 0 || recorded->after[i] < step) && fits; i++)
    fits = intervals_change(&both, recorded->after[i], recorded->every[i]);
  for (int i = 0; i < intervals->count && fits; i++) {
    const bool ends = i + 1 < intervals->count && intervals->after[i + 1] <= step;
    if (!ends)
      fits = intervals_change(&both, intervals->after[i] > step ? intervals->after[i] : step, intervals->every[i]);
  }
  if (fits) *intervals = both;
  return fits;
}
