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
# The reference for n -> infinity, input/reference.yaml with networks of n units, over as many jobs as it needs (see run.sh):
#
#   sbatch jobs/reference.sh [KEY=VALUE...]
#
# then the networks of other sizes against it, those of input/lln.yaml: sbatch jobs/analysis.sh runs/lln runs/reference

# ---- settings ----
input=input/reference.yaml
n=1e6             # units of a network
restarts=20       # at most
chain=requeue     # depend: for sites that forbid requeue, a new job that waits for this one to end
launcher=srun     # mpirun: where srun has no PMIx
mckean=build/mckean
# modules, if your cluster has them: module load gcc openmpi openblas hdf5 gsl
# ------------------

# shellcheck source=jobs/common.sh
. "${SLURM_SUBMIT_DIR:-.}/jobs/common.sh"
run "$input" "ensemble.n=$n" "$@"
