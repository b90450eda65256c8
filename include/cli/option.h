/* option: the options of a verb. Each option is a row in the option table of its verb and a line of
 * cmd_<verb>_options.
 *
 * The parsed options of a verb are stored in a struct of that verb, its request. take() converts the value of an option
 * and stores it in one member of the request. The functions option_* below serve most options; a verb may define its
 * own. Unless stated otherwise, functions are local. USAGE: the value is wrong. */
#ifndef MCKEAN_CLI_OPTION_H
#define MCKEAN_CLI_OPTION_H

#include <stddef.h>

#include "parallel/comm.h"

struct option {
  const char *name; /* "--seed" */
  int (*take)(const struct option *option, const char *text, void *member);
  size_t offset;    /* of the member in the request, in bytes */
  double low, high; /* admissible range of a number, bounds included */
};

int option_flag(const struct option *option, const char *text, void *member);   /* bool; takes no value */
int option_text(const struct option *option, const char *text, void *member);   /* const char * */
int option_file(const struct option *option, const char *text, void *member);   /* same; rejects "" and "-" */
int option_number(const struct option *option, const char *text, void *member); /* double from low to high */
int option_int(const struct option *option, const char *text, void *member);    /* int; accepts 1e6 */
int option_int64(const struct option *option, const char *text, void *member);  /* int64_t or uint64_t */

/* A row of an option table that sets `member` of struct `type`. OPTION_IN is for numbers from least to most. */
#define OPTION(name, take, type, member)                                                                               \
  { (name), (take), offsetof(type, member), 0, 0 }
#define OPTION_IN(name, take, type, member, least, most)                                                               \
  { (name), (take), offsetof(type, member), (least), (most) }

/* The first two arguments of option_parse. */
#define OPTIONS(table) (int)(sizeof(table) / sizeof *(table)), (table)

/* Parses a command line, of which argv[0] is the verb, and stores the options in the request. Arguments that are not
 * options move to argv[0] .. argv[*rest - 1], in the same order. take() is called for each occurrence of an option, so
 * for the functions above the last value counts. USAGE: unknown option, missing or wrong value. */
int option_parse(int count, const struct option *table, int argc, char **argv, void *request, int *rest);

/* Checks the values of -o and --json in a command line before the work begins: the folder of each file exists and can
 * be written, and the file does not exist or is an earlier result. Rank 0 reads the files. Collective. USAGE: a result
 * could not be written there. */
int option_check_files(const struct comm *comm, int argc, char *const *argv);

#endif
