/* table: the input keys. Each key is a row of parameter_table; reading, checking, defaults, help, the echo and the
 * comparison on resume use this table. Private to src/config. */
#ifndef MCKEAN_CONFIG_TABLE_H
#define MCKEAN_CONFIG_TABLE_H

#include "config/config.h"

enum parameter_kind {
  P_INTEGER,
  P_COUNT,
  P_COUNT_AUTO, /* auto is stored as -1 */
  P_SEED,
  P_REAL,
  P_AUTO,
  P_FLAG,
  P_TEXT,
  P_PATH,   /* of a file that is read; a relative one: io/relative_path.h */
  P_FOLDER, /* path of a folder that is written, or its last name */
  P_CHOICE,
  P_SIZES,
  P_STEPS,
  P_INTERVALS,
  P_FIELDS,
  P_RIDGE,
  P_LIST /* of items with keys of their own: dynamics.stages */
};

struct choice {
  const char *name, *help; /* help: the meaning; NULL if the help of the key explains it */
  const char *alias;       /* another accepted name; NULL: none */
};

/* A list of items: an array of structs and the number of its items, an int. The rows of the keys of an item follow the
 * row of the list: "dynamics.stages", then "dynamics.stages[].dt". A list can be a key of an item. */
struct list {
  const char *key;
  size_t count;               /* offset of the number of items; that of the array is parameter.offset */
  size_t size;                /* of an item */
  int max;                    /* number of items in the array */
  const char *item, *one_key; /* for messages: an item, and a key of an item with a value, as a user would write them */
};

struct parameter {
  const char *key; /* "dynamics.stages[].dt" is a key of each stage */
  enum parameter_kind kind;
  size_t offset;                  /* in struct config; in the struct of the item for keys of items */
  double low, high;               /* range of numbers; P_CHOICE: low is the value of the first name */
  bool above;                     /* the value must be greater than low; otherwise, at least low */
  const char *fallback;           /* the default, as a user would write it; NULL: none */
  struct choice (*choice)(int i); /* P_CHOICE: the choice with index i; .name is NULL after the last one */
  bool may_change;                /* the value may differ when a run is resumed */
  const char *help;
};

#define STEPS_LIMIT 0x1p40 /* largest step */

enum { PARAMETERS_MAX = 128 }; /* upper bound of parameter_count */
extern const struct parameter parameter_table[];
extern const int parameter_count;

/* Return whether the key belongs to the items of a list ("target.terms[].coefficient"), or to the stages
 * ("dynamics.stages[].dt"). Local. */
bool parameter_of_item(const struct parameter *parameter);
bool parameter_of_stage(const struct parameter *parameter);

/* Returns the list of a row of the kind P_LIST. Local. */
const struct list *parameter_list(const struct parameter *parameter);

/* Return the number of items of a list, and an item. base: the struct that contains the list. Local. */
int *parameter_items(const struct parameter *parameter, void *base);
void *parameter_item(const struct parameter *parameter, void *base, int item);

/* Returns whether the text of a value may be in quotes. Local. */
bool parameter_quotable(const struct parameter *parameter);

/* Writes a description of the accepted values, such as "an integer from 1 to 1024". Local. */
void parameter_expects(const struct parameter *parameter, char *text, size_t size);

/* Sets a value from text. base: struct config, or the struct of an item for keys of items. item: index in a list; 0
 * clears the list first. quoted: the text was in quotes, which only the kinds of parameter_quotable accept. Returns
 * false if the text is not an accepted value. Local. */
bool parameter_assign(const struct parameter *parameter, void *base, int item, const char *text, bool quoted);

/* Sets a part of a value that the input gives as a mapping: form "every" or "log" of a list of steps, form "500" of
 * intervals. Returns false if the kind of the key has no such form or the text is not an accepted value. Local. */
bool parameter_assign_form(const struct parameter *parameter, void *base, const char *form, const char *text);

/* Prints the value as a user would write it. Local. */
void parameter_print(FILE *out, const struct parameter *parameter, const void *base);

/* Returns the text of parameter_print; the caller frees it. Local. */
char *parameter_text(const struct parameter *parameter, const void *base);

/* Prints the keys of an item of a list that have a value, as "key: value" with these separators. Local. */
void parameter_print_item(FILE *out, const struct parameter *list, const void *item, const char *begin,
                          const char *between, const char *end);

#endif
