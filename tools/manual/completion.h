/* completion: what a shell needs to complete verbs, their options, input keys and the names a key chooses from. */
#ifndef MCKEAN_TOOLS_MANUAL_COMPLETION_H
#define MCKEAN_TOOLS_MANUAL_COMPLETION_H

void completion_bash(void); /* on stdout */
void completion_zsh(void);
void completion_fish(void);

#endif
