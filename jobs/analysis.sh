#!/bin/bash
#SBATCH --job-name=mckean-analysis
#SBATCH --nodes=1
#SBATCH --ntasks=1
#SBATCH --time=1:00:00
#SBATCH --output=%x-%j.log
#
# The analysis of runs, when they are done. JOB is what `sbatch --parsable jobs/run.sh ...` or array.sh printed:
#
#   sbatch --dependency=afterok:JOB --kill-on-invalid-dep=yes jobs/analysis.sh RUN... [OPTIONS of mckean analyze]
#
# Not for chain=depend: there JOB is only the first of several; submit it when the last is done.

# ---- settings ----
launcher=srun     # mpirun: where srun has no PMIx
mckean=build/mckean
# modules, if your cluster has them: module load gcc openmpi openblas hdf5 gsl
# ------------------

# shellcheck source=jobs/common.sh
. "${SLURM_SUBMIT_DIR:-.}/jobs/common.sh"
[ $# -gt 0 ] || fail "expected run folders"
start analyze "$@"
