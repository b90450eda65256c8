/* Text that describes an input: the values of all keys, and the help of the keys. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/fill.h"
#include "config/config.h"
#include "key.h"
#include "table.h"

/* ---- echo ---- */

/* Prints the sections of a key that differ from those of the previous key, then the last component of the key. */
static void print_key(FILE *out, const char *key, const char *before) {
  int depth = 0;
  bool same = true;
  for (const char *dot; (dot = strchr(key, '.')); key = dot + 1, depth++) {
    const size_t length = (size_t)(dot - key) + 1;
    same = same && before && strncmp(before, key, length) == 0;
    if (!same) fprintf(out, "%*s%.*s:\n", 2 * depth, "", (int)length - 1, key);
    if (same) before += length;
  }
  fprintf(out, "%*s%s:", 2 * depth, "", key);
}

/* Prints each item of a list of a section on lines of its own. */
static void print_list(FILE *out, const struct config *config, const struct parameter *list) {
  void *base = (void *)(uintptr_t)config; /* is not changed */
  const int items = *parameter_items(list, base);
  fputs(items > 0 ? "\n" : " []\n", out);
  for (int i = 0; i < items; i++)
    parameter_print_item(out, list, parameter_item(list, base, i), "    - ", "\n      ", "\n");
}

/* Returns whether the key has a value; only data.samples, target.d and the keys of a file with particles may have
 * none. */
static bool has_value(const struct config *config, const struct parameter *parameter) {
  const size_t import = offsetof(struct config, unit.import);
  if (parameter->offset >= import && parameter->offset < import + sizeof config->unit.import)
    return *config->unit.import.path;
  if (strcmp(parameter->key, "data.samples") == 0) return config->data.samples > 0;
  if (strcmp(parameter->key, "target.d") == 0) return config->target.d > 0;
  return true;
}

char *config_echo(const struct config *config) {
  char *text;
  size_t size;
  FILE *out = open_memstream(&text, &size);
  if (!out) die("no memory for the input's echo");
  const char *before = NULL;
  for (int i = 0; i < parameter_count; i++) {
    const struct parameter *parameter = &parameter_table[i];
    if (parameter_of_item(parameter) || !has_value(config, parameter)) continue;
    print_key(out, parameter->key, before);
    before = parameter->key;
    if (parameter->kind == P_LIST) {
      print_list(out, config, parameter);
      continue;
    }
    fputc(' ', out);
    parameter_print(out, parameter, config);
    fputc('\n', out);
  }
  fclose(out);
  return text;
}

/* ---- help ---- */

static void key_choices(const struct parameter *parameter, struct config_key *key) {
  static const char *const flags[] = {"true", "false"};
  const int capacity = (int)(sizeof key->choice / sizeof *key->choice);
  if (parameter->kind == P_FLAG)
    for (; key->choices < 2; key->choices++) key->choice[key->choices] = flags[key->choices];
  if (parameter->kind == P_AUTO || parameter->kind == P_COUNT_AUTO) key->choice[key->choices++] = "auto";
  for (int i = 0; parameter->choice && i < capacity && parameter->choice(i).name; i++) {
    key->choice[i] = parameter->choice(i).name;
    key->choice_help[i] = parameter->choice(i).help;
    key->choices++;
  }
}

bool config_key(int i, struct config_key *key) {
  if (i < 0 || i >= parameter_count) return false;
  const struct parameter *parameter = &parameter_table[i];
  *key = (struct config_key){.key = parameter->key, .help = parameter->help, .may_change = parameter->may_change};
  parameter_expects(parameter, key->expects, sizeof key->expects);
  snprintf(key->fallback, sizeof key->fallback, "%s%s",
           !parameter->fallback   ? "no default"
           : *parameter->fallback ? "default "
                                  : "default: see above",
           parameter->fallback ? parameter->fallback : "");
  key_choices(parameter, key);
  return true;
}

static void help_row(FILE *out, const struct config_key *key) {
  char value[640], choice[256];
  snprintf(value, sizeof value, "%s; %s%s", key->expects, key->fallback,
           key->may_change ? "; may change on resume" : "");
  fprintf(out, "%s\n", key->key);
  fill_print(out, "", 4, 4, key->help);
  for (int i = 0; i < key->choices; i++) {
    if (!key->choice_help[i]) continue;
    snprintf(choice, sizeof choice, "%s: %s", key->choice[i], key->choice_help[i]);
    fill_print(out, "", 4, 4, choice);
  }
  fill_print(out, "", 4, 4, value);
}

int config_help(FILE *out, const char *key) {
  char name[KEY_MAX] = "";
  int item[KEY_ITEMS], rows = 0;
  if (key) {
    if (strlen(key) >= KEY_MAX) return FAIL(USAGE, "help: the key is longer than any known key");
    key_split(key, name, item);
  }
  struct config_key row;
  for (int i = 0; config_key(i, &row); i++) {
    const size_t length = strlen(name);
    if (length > 0 && (strncmp(row.key, name, length) != 0 || !strchr(".[", row.key[length]))) continue;
    help_row(out, &row);
    rows++;
  }
  if (rows > 0) return OK;
  for (int i = 0; key_containing(name, &i) && config_key(i - 1, &row); rows++) help_row(out, &row);
  for (int i = 0; rows == 0 && config_key(i, &row); i++)
    for (int c = 0; c < row.choices && rows == 0; c++)
      if (strcasecmp(row.choice[c], name) == 0) {
        fprintf(out, "%s is a value of\n", row.choice[c]);
        help_row(out, &row);
        rows++;
      }
  if (rows > 0) return OK;
  const char *advice = key_advice(name), *nearest = key_nearest(name);
  if (advice) return FAIL(USAGE, "help: %s: unknown key; %s", key, advice);
  return nearest ? FAIL(USAGE, "help: %s: unknown key; did you mean \"%s\"?", key, nearest)
                 : FAIL(USAGE, "help: %s: unknown key; `mckean help keys` lists all keys", key);
}

char *config_value(const struct config *config, const char *key) {
  return parameter_text(&parameter_table[key_find(key)], config);
}
