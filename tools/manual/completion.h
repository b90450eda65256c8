/* completion: prints shell scripts that complete verbs, their options, input keys and the choices of a key. */
#ifndef MCKEAN_TOOLS_MANUAL_COMPLETION_H
#define MCKEAN_TOOLS_MANUAL_COMPLETION_H

/* Each prints its script on stdout. */
void completion_bash(void);
void completion_zsh(void);
void completion_fish(void);

#endif
