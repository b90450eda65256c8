#include "completion.h"

#include <stdio.h>
#include <string.h>

#include "cli/cmd.h"
#include "config/config.h"
#include "options.h"

/* The arguments of a verb are KEY=VALUE, a key alone, or otherwise files. */
static bool takes_values(const struct verb *verb) {
  return strstr(verb->arguments, "KEY=VALUE") || strstr(verb->options, "KEY=VALUE");
}
static bool takes_keys(const struct verb *verb) {
  return strstr(verb->arguments, "[KEY]") != NULL;
}

/* Returns a key as it is written on the command line; a key of all items of a list becomes that of the first item. The
 * result is valid until the next call. */
static const char *key_word(const struct config_key *key) {
  static char word[96];
  size_t length = 0;
  for (const char *from = key->key; *from && length < sizeof word - 2; from++) {
    word[length++] = *from;
    if (*from == '[') word[length++] = '0';
  }
  word[length] = 0;
  return word;
}

static void print_keys(void) {
  struct config_key key;
  for (int i = 0; config_key(i, &key); i++) printf("%s%s", i ? " " : "", key_word(&key));
}

/* Prints a case of a shell script, "  unit.type) VARIABLE='sigmoid tanh' ;;", for each key that has choices. */
static void print_choices(const char *variable) {
  struct config_key key;
  for (int i = 0; config_key(i, &key); i++) {
    if (key.choices == 0) continue;
    const char *word = key_word(&key), *stage = strstr(word, "[0]");
    if (stage)
      printf("    %.*s*%s) %s='", (int)(stage - word), word, stage + 3, variable);
    else
      printf("    %s) %s='", word, variable);
    for (int c = 0; c < key.choices; c++) printf("%s%s", c ? " " : "", key.choice[c]);
    fputs("' ;;\n", stdout);
  }
}

struct option {
  struct item item;
  char name[64];
  bool value; /* the option takes a value */
};

/* Advances to the next option in an options text; skips further lines of the same option. Returns false at the end. */
static bool next_option(const char **at, struct option *option) {
  char name[64];
  while (options_next(at, &option->item)) {
    if (!item_option(&option->item, name, &option->value) || strcmp(name, option->name) == 0) continue;
    memcpy(option->name, name, sizeof name);
    return true;
  }
  return false;
}

static void print_options(const struct verb *verb, bool with_value_only) {
  struct option option = {.name = ""};
  for (const char *at = verb->options; next_option(&at, &option);)
    if (option.value || !with_value_only) printf("%s ", option.name);
}

/* ---- bash ---- */

void completion_bash(void) {
  fputs(
      "# Completion of mckean for bash; made by tools/manual from the tables of verbs and input keys.\n"
      "_mckean() {\n"
      "  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} key='' words='' values='' take=''\n"
      "  COMPREPLY=()\n"
      "  case ${COMP_WORDS[1]} in\n",
      stdout);
  for (int v = 0; v < verb_count; v++) {
    printf("    %s) words='", verb_table[v].name);
    print_options(&verb_table[v], false);
    fputs("--help' values='", stdout);
    print_options(&verb_table[v], true);
    printf("' take=%s ;;\n", takes_values(&verb_table[v]) ? "values" : takes_keys(&verb_table[v]) ? "keys" : "files");
  }
  fputs("  esac\n"
        "  if ((COMP_CWORD == 1)); then\n"
        "    words='",
        stdout);
  for (int v = 0; v < verb_count; v++) printf("%s ", verb_table[v].name);
  fputs("--help --version'\n"
        "  elif [[ $word == = || $before == = ]]; then # readline splits KEY=VALUE in three\n"
        "    [[ $word == = ]] && key=$before word='' || key=${COMP_WORDS[COMP_CWORD - 2]}\n"
        "    words=''\n"
        "    case $key in\n",
        stdout);
  print_choices("words");
  fputs("    esac\n"
        "  elif [[ \" $values \" == *\" $before \"* ]]; then\n"
        "    return # of an option: files\n"
        "  elif [[ $word != -* ]]; then\n"
        "    words=''\n"
        "    if [[ $take == keys || ($take == values && $COMP_CWORD -gt 2) ]]; then\n"
        "      words='",
        stdout);
  print_keys();
  fputs("'\n"
        "      [[ $take == keys ]] || { words=${words// /= }=; compopt -o nospace; }\n"
        "    fi\n"
        "  fi\n"
        "  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
        "  [[ $take != values || ${COMPREPLY[0]-} == *= ]] || compopt +o nospace\n"
        "}\n"
        "complete -o bashdefault -o default -F _mckean mckean\n",
        stdout);
}

/* ---- zsh ---- */

/* Prints text for use inside '...': escapes quotes and the characters that are special in _describe and _arguments of
 * zsh. */
static void zsh_text(const char *text) {
  for (const char *c = text; *c; c++) {
    if (*c == '\'')
      fputs("'\\''", stdout);
    else if (strchr(":[]\\", *c))
      printf("\\%c", *c);
    else
      putchar(*c);
  }
}

static void zsh_verb(const struct verb *verb) {
  struct option option = {.name = ""};
  printf("  %s) _arguments", verb->name);
  for (const char *at = verb->options; next_option(&at, &option);) {
    printf(" '*%s[", option.name);
    zsh_text(option.item.text);
    fputs(option.value ? "]:value:_files'" : "]'", stdout);
  }
  printf(" '--help[list the options]' '*:argument:_mckean_%s' ;;\n", takes_values(verb) ? "values"
                                                                     : takes_keys(verb) ? "keys"
                                                                                        : "files");
}

void completion_zsh(void) {
  fputs("#compdef mckean\n"
        "# Completion of mckean for zsh; made by tools/manual from the tables of verbs and input keys.\n"
        "local -a verbs keys\n"
        "keys=(",
        stdout);
  struct config_key key;
  for (int i = 0; config_key(i, &key); i++) printf("%s'%s'", i ? " " : "", key_word(&key));
  fputs(")\n"
        "_mckean_files() { _files }\n"
        "_mckean_keys() { compadd -a keys }\n"
        "_mckean_values() {\n"
        "  local key=${PREFIX%%=*} values=''\n"
        "  if ! compset -P '*='; then\n"
        "    compadd -q -S = -a keys\n"
        "    _files\n"
        "    return\n"
        "  fi\n"
        "  case $key in\n",
        stdout);
  print_choices("values");
  fputs("  esac\n"
        "  if [[ -n $values ]]; then compadd ${=values}; else _files; fi\n"
        "}\n"
        "if ((CURRENT == 2)); then\n"
        "  verbs=(",
        stdout);
  for (int v = 0; v < verb_count; v++) {
    printf("'%s:", verb_table[v].name);
    zsh_text(verb_table[v].help);
    fputs("' ", stdout);
  }
  fputs(")\n"
        "  _describe verb verbs\n"
        "  return\n"
        "fi\n"
        "local verb=$words[2]\n"
        "shift words\n"
        "((CURRENT--))\n"
        "case $verb in\n",
        stdout);
  for (int v = 0; v < verb_count; v++) zsh_verb(&verb_table[v]);
  fputs("esac\n", stdout);
}

/* ---- fish ---- */

static void fish_text(const char *text) {
  putchar('\'');
  for (const char *c = text; *c; c++) {
    if (*c == '\'' || *c == '\\') putchar('\\');
    putchar(*c);
  }
  putchar('\'');
}

static void fish_verb(const struct verb *verb) {
  struct option option = {.name = ""};
  printf("complete -c mckean -n __fish_use_subcommand -f -a %s -d ", verb->name);
  fish_text(verb->help);
  putchar('\n');
  for (const char *at = verb->options; next_option(&at, &option);) {
    printf("complete -c mckean -n '__fish_seen_subcommand_from %s' %s %s%s -d ", verb->name,
           option.name[1] == '-' ? "-l" : "-s", option.name + strspn(option.name, "-"), option.value ? " -r" : "");
    fish_text(option.item.text);
    putchar('\n');
  }
}

void completion_fish(void) {
  fputs("# Completion of mckean for fish; made by tools/manual from the tables of verbs and input keys.\n"
        "complete -c mckean -l help -d 'list the verbs or the options'\n"
        "complete -c mckean -n __fish_use_subcommand -l version -d 'print the version'\n",
        stdout);
  for (int v = 0; v < verb_count; v++) fish_verb(&verb_table[v]);
  struct config_key key;
  for (int i = 0; config_key(i, &key); i++)
    for (int v = 0; v < verb_count; v++) {
      const struct verb *verb = &verb_table[v];
      if (!takes_values(verb) && !takes_keys(verb)) continue;
      printf("complete -c mckean -n '__fish_seen_subcommand_from %s' %s-a '", verb->name,
             takes_keys(verb) ? "-f " : "");
      if (takes_keys(verb)) {
        fputs(key.key, stdout);
      } else {
        printf("%s=", key_word(&key));
        for (int c = 0; c < key.choices; c++) printf(" %s=%s", key_word(&key), key.choice[c]);
      }
      fputs("' -d ", stdout);
      fish_text(key.help);
      putchar('\n');
    }
}
