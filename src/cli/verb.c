/* The verbs, in the order of the help. To add a verb: a row here, a file cmd_<verb>.c, and declarations in
 * cli/cmd.h. */
#include "cli/cmd.h"

const struct verb verb_table[] = {
    {"run", "INPUT [KEY=VALUE ...] [OPTIONS]", "start a run, or resume it from its newest checkpoint", cmd_run,
     cmd_run_options, .stops = true},
    {"info", "FILE|RUN", "content of a checkpoint, a history or a run", cmd_info, cmd_info_options, .prints = true},
    {"status", "DIR ... [OPTIONS]", "state of runs: done, running, stopped, failed, damaged", cmd_status,
     cmd_status_options, .prints = true},
    {"verify", "FILE|RUN ...", "check every byte of checkpoints and histories", cmd_verify, cmd_verify_options,
     .prints = true},
    {"compare", "A B", "compare checkpoints bit for bit", cmd_compare, cmd_compare_options, .prints = true},
    {"analyze", "RUN ... [OPTIONS]", "LLN and CLT tables with intervals, and verdicts", cmd_analyze,
     cmd_analyze_options, .blas = true, .prints = true},
    {"predict", "RUN [OPTIONS]", "limit of sqrt n (f_n - f_t), predicted without replicas", cmd_predict,
     cmd_predict_options, .blas = true, .prints = true},
    {"eval", "CHECKPOINT|RUN POINTS.h5 [OPTIONS]", "f of trained networks at your points", cmd_eval, cmd_eval_options,
     .prints = true},
    {"spectrum", "CHECKPOINT|RUN [KEY=VALUE ...] [OPTIONS]",
     "tangent kernel: relaxation times, stable dt, best readout", cmd_spectrum, cmd_spectrum_options, .blas = true,
     .prints = true},
    {"advise", "INPUT|CHECKPOINT|RUN [KEY=VALUE ...] [OPTIONS]", "stable dt, batch, noise, time and memory for a run",
     cmd_advise, cmd_advise_options, .prints = true},
    {"targets", "[SEED ...] [OPTIONS]", "C_f and linear fraction of spin targets, with percentiles", cmd_targets,
     cmd_targets_options, .prints = true},
    {"import", "DATA.csv OUT.h5", "how to convert CSV and NumPy files (in Python)", cmd_import, cmd_import_options,
     .prints = true},
    {"bench", "[OPTIONS]", "speed of steps, rows, sums and disk on this machine", cmd_bench, cmd_bench_options,
     .blas = true, .prints = true},
    {"help", "[KEY]", "reference of the input keys", cmd_help, cmd_help_options, .prints = true},
};
const int verb_count = sizeof verb_table / sizeof *verb_table;

const char verb_exit_codes[] =
    "0 complete, 1 failed, 2 wrong usage or input,\n75 stopped early: the same command resumes";
