#include "cli/cmd.h"
int cmd_analyze(const struct comm *c,int a,char**v){(void)c;(void)a;(void)v;return 0;}
int cmd_bench(const struct comm *c,int a,char**v){(void)c;(void)a;(void)v;return 0;}
