/* page: generates the man page from the tables of verbs and input keys. */
#include "page.h"

#include <stdio.h>
#include <string.h>

#include "cli/cmd.h"
#include "config/config.h"
#include "options.h"

enum { LINE = 72 };

/* Prints words in lines of about LINE characters. Escapes characters that are special in troff; text between backquotes
 * becomes bold. */
static void text(const char *words) {
  int column = 0;
  bool bold = false;
  for (const char *c = words; *c; c++) {
    if (*c == ' ' && column > LINE - 20 && c[1] != ' ') {
      putchar('\n');
      column = 0;
      continue;
    }
    if (column == 0 && (*c == '.' || *c == '\'')) fputs("\\&", stdout);
    column++;
    switch (*c) {
    case '\\':
      fputs("\\e", stdout);
      break;
    case '-':
      fputs("\\-", stdout);
      break;
    case '~':
      fputs("\\(ti", stdout);
      break;
    case '^':
      fputs("\\(ha", stdout);
      break;
    case '`':
      bold = !bold;
      fputs(bold ? "\\fB" : "\\fR", stdout);
      break;
    default:
      putchar(*c);
    }
  }
  putchar('\n');
}

static void heading(const char *name) {
  printf(".SH %s\n", name);
}

static void label(const char *name) {
  fputs(".TP\n\\fB", stdout);
  for (const char *c = name; *c; c++) printf(*c == '-' ? "\\-" : *c == '\\' ? "\\e" : "%c", *c);
  fputs("\\fR\n", stdout);
}

static void verb(const struct verb *verb) {
  struct item item;
  char synopsis[256];
  snprintf(synopsis, sizeof synopsis, "%s %s", verb->name, verb->arguments);
  printf(".SS %s\n", verb->name);
  text(verb->help);
  fputs(".PP\n", stdout);
  snprintf(synopsis, sizeof synopsis, "`mckean %s` %s", verb->name, verb->arguments);
  text(synopsis);
  for (const char *at = verb->options; options_next(&at, &item);) {
    if (*item.label)
      label(item.label);
    else
      fputs(".PP\n", stdout);
    text(item.text);
  }
}

static void keys(void) {
  struct config_key key;
  char value[700];
  for (int i = 0; config_key(i, &key); i++) {
    snprintf(value, sizeof value, "%s; %s%s", key.expects, key.fallback,
             key.may_change ? "; may change on resume" : "");
    label(key.key);
    text(key.help);
    for (int c = 0; c < key.choices; c++) {
      if (!key.choice_help[c]) continue;
      char choice[256];
      snprintf(choice, sizeof choice, "%s: %s", key.choice[c], key.choice_help[c]);
      fputs(".br\n", stdout);
      text(choice);
    }
    fputs(".br\n", stdout);
    text(value);
  }
}

void page_print(const char *version) {
  printf(".\\\" Made by tools/manual from the tables of verbs and input keys.\n.TH MCKEAN 1 \"\" \"mckean %s\"\n",
         version);
  heading("NAME");
  text("mckean - wide one-hidden-layer neural networks as an interacting particle system");
  heading("SYNOPSIS");
  text("`mpirun -n` RANKS `mckean` VERB ...");
  heading("DESCRIPTION");
  text("Simulates the training of wide one-hidden-layer networks: their units are particles that interact only "
       "through the output of the network, and are distributed over MPI ranks. Every verb runs on any number of ranks; "
       "without mpirun it runs on one.");
  heading("VERBS");
  for (int v = 0; v < verb_count; v++) verb(&verb_table[v]);
  heading("INPUT KEYS");
  text("An input is a YAML file; sections nest at the dots. Any key can be given after the file as KEY=VALUE.");
  keys();
  heading("EXIT STATUS");
  text(verb_exit_codes);
}
