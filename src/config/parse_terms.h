/* parse_terms: checks target.terms of an input, and reports errors at the entries that cause them. Private to
 * src/config. */
#ifndef MCKEAN_CONFIG_PARSE_TERMS_H
#define MCKEAN_CONFIG_PARSE_TERMS_H

#include "config/config.h"
#include "io/yaml_reader.h"

/* Checks that each term has a coefficient and factors, each factor a direction and a degree, and that the factors of a
 * term have different directions below target.directions. Calls report(context, entry, message) for each error; entry:
 * where it is, or NULL if the input has no such entry. Local. */
void parse_terms_check(const struct config *config, const struct yaml_reader *yaml,
                       void (*report)(void *context, const struct yaml_reader_entry *entry, const char *message),
                       void *context);

#endif
