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

/* Commands, each with what it does. */
static const char *const examples[][2] = {
    {"mpirun -n 2 mckean run mine.yaml --dry-run",
     "Prints what a run would do, its time, memory and disk space; writes nothing."},
    {"mpirun -n 2 mckean run mine.yaml unit.type=tanh",
     "Starts a run with another unit type, or resumes it. Writes to runs/mine."},
    {"mckean status runs", "Prints the state of all runs below a folder."},
    {"touch runs/mine/stop", "Stops a run with a checkpoint."},
    {"mckean analyze runs/mine --tables",
     "Tests the law of large numbers and the central limit theorem; prints all tables."},
    {"mckean-report runs/mine -o report.html", "Writes a page with answers, figures and provenance."},
};

/* Files of a run, below its output folder. */
static const char *const files[][2] = {
    {"history.h5", "series of losses and other observables, outputs f_n at test and training points, dt/limit"},
    {"history.previous.h5", "the history before; a run resumes from it if history.h5 is damaged"},
    {"checkpoints/step-000000000100.h5", "the particles at a step; a run resumes from the newest intact checkpoint"},
    {"run.log", "printed messages, input with all defaults, provenance, times"},
    {"summary.json", "state of the run, C_f, origin of the points, losses at the start and at the end, speed, "
                     "stability of dt; or why the run failed"},
    {"analysis.txt, analysis.json, analysis.h5", "tables and results of analyze"},
    {"lock, live, stop", "the lock of the process that writes; its progress; a file named stop stops the run"},
};

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
  heading("EXAMPLES");
  for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
    label(examples[i][0]);
    text(examples[i][1]);
  }
  heading("FILES");
  text("In the output folder of a run:");
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    label(files[i][0]);
    text(files[i][1]);
  }
  heading("EXIT STATUS");
  text(verb_exit_codes);
}
