/* rules: the rules for inputs beyond those in parameter_table. Private to src/config. */
#ifndef MCKEAN_CONFIG_RULES_H
#define MCKEAN_CONFIG_RULES_H

#include "config/config.h"
#include "rule.h"

/* Calls report(context, message) for each rule that the input breaks. message: "key: what was expected, what was
 * received". config: all values, with the defaults of the keys that are not given. Local. */
void rules_check(const struct config *config, const struct given_keys *given,
                 void (*report)(void *context, const char *message), void *context);

#endif
