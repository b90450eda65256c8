#!/bin/bash
#SBATCH --job-name=mckean-analysis
#SBATCH --nodes=1
#SBATCH --ntasks=1
#SBATCH --time=1:00:00
#SBATCH --output=%x-%j.log
#
# Analyzes runs after their jobs are done. JOB is the id that `sbatch --parsable jobs/run.sh ...` (or jobs/array.sh) printed:
#
#   sbatch --dependency=afterok:JOB --kill-on-invalid-dep=yes jobs/analysis.sh RUN... [OPTIONS of mckean analyze]
#
# Do not use this with chain=depend: JOB is then only the first of several jobs. Submit the analysis after the last one.

# ---- settings ----
launcher=srun     # mpirun if srun has no PMIx
mckean=build/mckean
# modules, if your cluster has them: module load gcc openmpi openblas hdf5 gsl
# ------------------

# shellcheck source=jobs/common.sh
. "${SLURM_SUBMIT_DIR:-.}/jobs/common.sh" || { echo "submit this script from the top folder of McKean" >&2; exit 2; }
[ $# -gt 0 ] || fail "expected run folders: sbatch jobs/analysis.sh RUN..."
start analyze "$@"
