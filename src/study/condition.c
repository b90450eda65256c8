#include "study/condition.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

static const char *const suffix[] = {[CONDITION_SLOPE] = "", [CONDITION_POWER] = ".p", [CONDITION_HEAL] = ".heal"};

static int bad(const char *text) {
  return FAIL(USAGE,
              "--expect: expected NAME=SLOPE, NAME.p=P, each with +-TOL or ~TOL and @TIME if wanted, or "
              "NAME.heal=FACTOR, received \"%s\"",
              text);
}

/* A finite number at *at, which then points behind it. */
static bool number(const char **at, double *value) {
  char *end;
  *value = strtod(*at, &end);
  const bool found = end != *at && isfinite(*value);
  *at = end;
  return found;
}

static bool read_name(const char *text, const char *equals, struct condition *expect) {
  size_t length = (size_t)(equals - text);
  for (int kind = CONDITION_HEAL; kind > CONDITION_SLOPE; kind--) {
    const size_t tail = strlen(suffix[kind]);
    if (expect->kind != CONDITION_SLOPE || length <= tail || strncmp(equals - tail, suffix[kind], tail) != 0) continue;
    expect->kind = (enum condition_kind)kind;
    length -= tail;
  }
  if (length == 0 || length >= sizeof expect->name) return false;
  memcpy(expect->name, text, length);
  expect->name[length] = 0;
  return true;
}

int condition_parse(const char *text, struct condition *expect) {
  const char *at = strchr(text, '=');
  *expect = (struct condition){.text = text, .tolerance = NAN, .time = NAN, .whole = true};
  if (!at || !read_name(text, at, expect)) return bad(text);
  at++;
  if (!number(&at, &expect->value)) return bad(text);
  if (expect->kind != CONDITION_HEAL) {
    expect->whole = *at != '~';
    const int sign = *at == '~' ? 1 : strncmp(at, "+-", 2) == 0 ? 2 : 0;
    at += sign;
    if (sign && (!number(&at, &expect->tolerance) || !(expect->tolerance > 0))) return bad(text);
    if (*at == '@' && (at++, !number(&at, &expect->time))) return bad(text);
  }
  return *at ? bad(text) : OK;
}

/* ---- names ---- */

static bool is_known(const struct condition *expect, const struct healing *heal, const char *name) {
  const struct fluctuations_quantity *quantity = fluctuations_find(heal->fluct, name);
  if (expect->kind == CONDITION_HEAL) return healing_find(heal, name);
  return quantity && (expect->kind == CONDITION_SLOPE || quantity->fit);
}

static bool is_at(const struct condition *expect, double time) {
  return isnan(expect->time) ? time > 0 : fabs(time - expect->time) <= 1e-9 * fabs(time);
}

static void append(char *list, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void append(char *list, size_t size, const char *format, ...) {
  const size_t length = strlen(list);
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(list + length, size - length, format, arguments);
  va_end(arguments);
}

static int check_names(const struct condition *expect, const struct healing *heal) {
  const struct study *study = heal->fluct->study;
  char list[2048] = "";
  if (!is_known(expect, heal, expect->name)) {
    for (int q = 0; q < FLUCTUATIONS_QUANTITIES; q++)
      if (is_known(expect, heal, heal->fluct->quantity[q].name))
        append(list, sizeof list, " %s%s", heal->fluct->quantity[q].name, suffix[expect->kind]);
    return FAIL(USAGE, "analyze: --expect %s: expected one of%s, received \"%s%s\"; these runs tell no other",
                expect->text, *list ? list : " nothing", expect->name, suffix[expect->kind]);
  }
  if (expect->kind == CONDITION_HEAL) return OK;
  for (int time = 0; time < study->times; time++) {
    if (is_at(expect, study->time[time])) return OK;
    append(list, sizeof list, " %g", study->time[time]);
  }
  return FAIL(USAGE, "analyze: --expect %s: no such time; recorded are t =%s (output.fields)", expect->text, list);
}

int condition_check_names(int count, const struct condition *expect, const struct healing *heal) {
  for (int i = 0; i < count; i++) TRY(check_names(&expect[i], heal));
  return OK;
}

/* ---- check ---- */

static const char *word(bool met) {
  return met ? "met    " : "NOT MET";
}

static bool lies_within(const struct condition *expect, const struct estimate *e, double tolerance) {
  if (!isfinite(e->low) || !isfinite(e->high)) return false;
  const double low = expect->whole ? e->low : e->value, high = expect->whole ? e->high : e->value;
  return low >= expect->value - tolerance && high <= expect->value + tolerance;
}

static int check_time(const struct condition *expect, const struct fluctuations *fluct, int time, FILE *out) {
  const struct fluctuations_quantity *quantity = fluctuations_find(fluct, expect->name);
  const bool slope = expect->kind == CONDITION_SLOPE;
  const struct estimate *e = slope ? &quantity->slope[time] : &quantity->power[time];
  const double tolerance = isnan(expect->tolerance) ? fluct->options.tolerance : expect->tolerance;
  const bool rejected = !slope && expect->value == 1 && !(quantity->fit[time].probability >= 1 - fluct->options.level);
  const bool met = lies_within(expect, e, tolerance) && !rejected;
  fprintf(out, "%s %s: t = %g, expected %s of %s%s in %g +- %g, received %.4g [%.4g, %.4g]", word(met), expect->text,
          fluct->study->time[time], expect->whole ? "the interval" : "the value", slope ? "the slope of " : "p of ",
          expect->name, expect->value, tolerance, e->value, e->low, e->high);
  if (!slope && expect->value == 1)
    fprintf(out, "; p = 1 %srejected, probability %.2g", rejected ? "" : "not ", quantity->fit[time].probability);
  fputc('\n', out);
  return !met;
}

static int check_size(const struct condition *expect, const struct healing *heal, int size, FILE *out) {
  const struct estimate *ratio = &healing_find(heal, expect->name)->ratio[size];
  const bool met = ratio->low > expect->value;
  fprintf(out, "%s %s: n = %lld, expected max/end of n %s above %g, received %.4g [%.4g, %.4g]\n", word(met),
          expect->text, (long long)heal->fluct->study->n[size], expect->name, expect->value, ratio->value, ratio->low,
          ratio->high);
  return !met;
}

int condition_print(int count, const struct condition *expect, const struct healing *heal, FILE *out) {
  const struct study *study = heal->fluct->study;
  int unmet = 0;
  if (count > 0) fprintf(out, "\nexpectations at %.4g %%\n", 100 * heal->fluct->options.level);
  for (int i = 0; i < count; i++) {
    for (int size = 0; size < study->sizes && expect[i].kind == CONDITION_HEAL; size++)
      unmet += check_size(&expect[i], heal, size, out);
    for (int time = 0; time < study->times && expect[i].kind != CONDITION_HEAL; time++)
      if (is_at(&expect[i], study->time[time])) unmet += check_time(&expect[i], heal->fluct, time, out);
  }
  return unmet;
}
