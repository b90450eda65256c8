#!/bin/bash
#SBATCH --job-name=mckean
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=64
#SBATCH --time=24:00:00
#SBATCH --signal=B:USR2@300
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=%x-%j.log
#
# Executes one run in as many jobs as it needs. Run `make`, edit the lines above and the settings below, then submit from the
# top folder of McKean:
#
#   sbatch jobs/run.sh INPUT [KEY=VALUE...]
#
# Before the time limit the run writes a checkpoint and stops, and the job is queued again. The run stops at the signal, 300 s
# before the limit, or earlier if its steps and checkpoints are slow. After scancel the job is not queued again; the run writes
# a checkpoint if time permits.

# ---- settings ----
restarts=20       # maximum number of restarts
chain=requeue     # the same job again; depend: a new job that starts after this one, for sites that forbid requeue
launcher=srun     # mpirun if srun has no PMIx
mckean=build/mckean
# modules, if your cluster has them: module load gcc openmpi openblas hdf5 gsl
# ------------------

# shellcheck source=jobs/common.sh
. "${SLURM_SUBMIT_DIR:-.}/jobs/common.sh" || { echo "submit this script from the top folder of McKean" >&2; exit 2; }
[ $# -gt 0 ] || fail "expected an input: sbatch jobs/run.sh INPUT [KEY=VALUE...]"
run "$@"
