#include "study/condition.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

/* ---- syntax ---- */

/* Reads a finite number at *text and moves *text past it. */
static bool read_number(const char **text, double *value) {
  char *end;
  *value = strtod(*text, &end);
  const bool found = end != *text && isfinite(*value);
  *text = end;
  return found;
}

bool condition_read_time(const char *text, struct condition *condition) {
  if (*text == 0) return true;
  if (*text++ != '@') return false;
  return read_number(&text, &condition->time) && *text == 0;
}

bool condition_read_value(const char *text, struct condition *condition) {
  if (*text++ != '=') return false;
  return read_number(&text, &condition->value) && *text == 0;
}

bool condition_read_interval(const char *text, struct condition *condition) {
  if (*text++ != '=' || !read_number(&text, &condition->value)) return false;
  condition->whole_interval = *text != '~';
  const int sign = *text == '~' ? 1 : strncmp(text, "+-", 2) == 0 ? 2 : 0;
  text += sign;
  if (sign && (!read_number(&text, &condition->tolerance) || !(condition->tolerance > 0))) return false;
  return condition_read_time(text, condition);
}

/* Returns the length of the quantity's name at the start of a text, or -1 if the text is not a condition of this kind.
 * length: number of bytes before "=" or "@". */
static int quantity_length(const struct condition_kind *kind, const char *text, int length) {
  const int own = (int)strlen(kind->name);
  if (own > length || strncmp(text + length - own, kind->name, (size_t)own) != 0) return -1;
  if (kind->quantity) return length > own ? length - own : -1;
  return length == own ? 0 : -1;
}

int condition_parse(const char *text, int kinds, const struct condition_kind *const *kind,
                    struct condition *condition) {
  const int length = (int)strcspn(text, "=@");
  char syntax[1024] = "";
  *condition = (struct condition){.text = text, .value = NAN, .tolerance = NAN, .time = NAN, .whole_interval = true};
  for (int i = 0; i < kinds; i++) {
    const bool longer = !condition->kind || strlen(kind[i]->name) > strlen(condition->kind->name);
    if (quantity_length(kind[i], text, length) >= 0 && longer) condition->kind = kind[i];
    const size_t used = strlen(syntax);
    snprintf(syntax + used, sizeof syntax - used, "%s%s", i == 0 ? "" : i < kinds - 1 ? ", " : " or ", kind[i]->syntax);
  }
  const int quantity = condition->kind ? quantity_length(condition->kind, text, length) : 0;
  if (!condition->kind || (size_t)quantity >= sizeof condition->quantity ||
      !condition->kind->parse(text + length, condition))
    return FAIL(USAGE, "--expect: expected %s, received \"%s\"", syntax, text);
  snprintf(condition->quantity, sizeof condition->quantity, "%.*s", quantity, text);
  snprintf(condition->name, sizeof condition->name, "%.*s", length, text);
  return OK;
}

/* ---- names and times ---- */

bool condition_applies(const struct condition *condition, double time) {
  return isnan(condition->time) ? time > 0 : study_same_time(time, condition->time);
}

static void append(char *list, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void append(char *list, size_t size, const char *format, ...) {
  const size_t length = strlen(list);
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(list + length, size - length, format, arguments);
  va_end(arguments);
}

int condition_check(const struct condition *condition, const void *state, const struct study *study) {
  const struct condition_kind *kind = condition->kind;
  char list[2048] = "";
  const char *name;
  if (!kind->quantity) return OK;
  for (int i = 0; (name = kind->quantity(state, i)) && strcmp(name, condition->quantity) != 0; i++)
    append(list, sizeof list, " %s%s", name, kind->name);
  if (!name)
    return FAIL(USAGE,
                "analyze: --expect %s: expected one of%s, received \"%s%s\"; these runs have no other quantities",
                condition->text, *list ? list : " nothing", condition->quantity, kind->name);
  if (isnan(condition->time)) return OK;
  *list = 0;
  for (int time = 0; time < study->times; time++) {
    if (condition_applies(condition, study->time[time])) return OK;
    append(list, sizeof list, " %g", study->time[time]);
  }
  return FAIL(USAGE, "analyze: --expect %s: no such time; the recorded times are t =%s (output.fields)",
              condition->text, list);
}

/* ---- judgment ---- */

bool condition_within(const struct condition *condition, const struct estimate *estimate, double tolerance) {
  if (!isfinite(estimate->low) || !isfinite(estimate->high)) return false;
  const double low = condition->whole_interval ? estimate->low : estimate->value,
               high = condition->whole_interval ? estimate->high : estimate->value;
  return low >= condition->value - tolerance && high <= condition->value + tolerance;
}

struct finding condition_finding(const struct condition *condition, bool met) {
  struct finding finding = FINDING(FINDING_CONDITION, condition->name, condition->text);
  finding.expected = condition->value;
  finding.verdict = met ? VERDICT_MET : VERDICT_NOT_MET;
  return finding;
}
