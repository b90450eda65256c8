/* option: the options of a verb. Each is a row of the verb's table, and its help a line of cmd_<verb>_options.
 *
 * take is what the row does with the option's value; it gets the address of the row's member of the verb's request. A verb
 * may have takes of its own. All functions are local; USAGE. */
#ifndef MCKEAN_CLI_OPTION_H
#define MCKEAN_CLI_OPTION_H

#include <stddef.h>

struct option {
  const char *name; /* "--seed" */
  int (*take)(const struct option *option, const char *text, void *member);
  size_t offset;    /* of the member */
  double low, high; /* of a number */
};

int option_flag(const struct option *option, const char *text, void *member);   /* bool; the only one without a value */
int option_text(const struct option *option, const char *text, void *member);   /* const char * */
int option_file(const struct option *option, const char *text, void *member);   /* the same, not "-" */
int option_number(const struct option *option, const char *text, void *member); /* double from low to high */
int option_int(const struct option *option, const char *text, void *member);    /* int; 1e6 is one */
int option_int64(const struct option *option, const char *text, void *member);  /* int64_t or uint64_t */

/* Rows of a table, by the member of a struct that they set; a number's with its range. */
#define OPTION(name, take, type, member)                                                                               \
  { (name), (take), offsetof(type, member), 0, 0 }
#define OPTION_IN(name, take, type, member, least, most)                                                               \
  { (name), (take), offsetof(type, member), (least), (most) }

#define OPTIONS(table) (int)(sizeof(table) / sizeof *(table)), (table)

/* argv[0] is the verb. What is no option is moved, in its order, to argv[0] to argv[*rest - 1]. Of an option that is given
 * twice the last one counts. */
int option_parse(int count, const struct option *table, int argc, char **argv, void *request, int *rest);

#endif
