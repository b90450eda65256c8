#!/bin/bash
#SBATCH --job-name=mckean-reference
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=64
#SBATCH --time=24:00:00
#SBATCH --signal=B:USR2@300
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=%x-%j.log
#
# Executes the reference run, which approximates the limit n -> infinity: input/reference.yaml with networks of n units, in as
# many jobs as it needs (see run.sh):
#
#   sbatch jobs/reference.sh [KEY=VALUE...]
#
# Then analyze the networks of input/lln.yaml together with it: sbatch jobs/analysis.sh runs/lln runs/reference

# ---- settings ----
input=input/reference.yaml
n=1e6             # units per network
restarts=20       # maximum number of restarts
chain=requeue     # the same job again; depend: a new job that starts after this one, for sites that forbid requeue
launcher=srun     # mpirun if srun has no PMIx
mckean=build/mckean
# modules, if your cluster has them: module load gcc openmpi openblas hdf5 gsl
# ------------------

# shellcheck source=jobs/common.sh
. "${SLURM_SUBMIT_DIR:-.}/jobs/common.sh" || { echo "submit this script from the top folder of McKean" >&2; exit 2; }
run "$input" "ensemble.n=$n" "$@"
