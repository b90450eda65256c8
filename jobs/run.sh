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
# One run, over as many jobs as it needs. From the top folder of McKean, after `make` and editing the lines above and below:
#
#   sbatch jobs/run.sh INPUT [KEY=VALUE...]
#
# Before the time limit the run writes a checkpoint and stops, and the job is queued again: at the signal, 300 s before, or
# earlier if its steps and checkpoints are so slow. scancel ends it for good, with a checkpoint if there is time.

# ---- settings ----
restarts=20       # at most
chain=requeue     # depend: for sites that forbid requeue, a new job that waits for this one to end
launcher=srun     # mpirun: where srun has no PMIx
mckean=build/mckean
# modules, if your cluster has them: module load gcc openmpi openblas hdf5 gsl
# ------------------

# shellcheck source=jobs/common.sh
. "${SLURM_SUBMIT_DIR:-.}/jobs/common.sh"
[ $# -gt 0 ] || fail "expected an input: sbatch jobs/run.sh INPUT [KEY=VALUE...]"
run "$@"
