/* option: the options of a verb. Each option is a row of the table of its verb, and a line of cmd_<verb>_options.
 *
 * take() converts the value of the option and stores it in the member of the request that the row names. A verb may
 * have such functions of its own. All functions are local. USAGE: the value is wrong. */
#ifndef MCKEAN_CLI_OPTION_H
#define MCKEAN_CLI_OPTION_H

#include <stddef.h>

struct option {
  const char *name; /* "--seed" */
  int (*take)(const struct option *option, const char *text, void *member);
  size_t offset;    /* of the member in the request */
  double low, high; /* range of a number */
};

int option_flag(const struct option *option, const char *text, void *member);   /* bool; the only one without a value */
int option_text(const struct option *option, const char *text, void *member);   /* const char * */
int option_file(const struct option *option, const char *text, void *member);   /* the same, not "-" */
int option_number(const struct option *option, const char *text, void *member); /* double from low to high */
int option_int(const struct option *option, const char *text, void *member);    /* int; 1e6 is one */
int option_int64(const struct option *option, const char *text, void *member);  /* int64_t or uint64_t */

/* A row, from the member of a struct that it sets; OPTION_IN adds the range of a number. */
#define OPTION(name, take, type, member)                                                                               \
  { (name), (take), offsetof(type, member), 0, 0 }
#define OPTION_IN(name, take, type, member, least, most)                                                               \
  { (name), (take), offsetof(type, member), (least), (most) }

#define OPTIONS(table) (int)(sizeof(table) / sizeof *(table)), (table)

/* Reads the options of a command line; argv[0] is the verb. Other arguments move, in their order, to argv[0] ..
 * argv[*rest - 1]. If an option is given twice, the last one counts. USAGE: unknown option, missing or wrong value. */
int option_parse(int count, const struct option *table, int argc, char **argv, void *request, int *rest);

#endif
