#!/bin/bash
#SBATCH --job-name=mckean-array
#SBATCH --array=1-4%2
#SBATCH --nodes=1
#SBATCH --ntasks-per-node=64
#SBATCH --time=24:00:00
#SBATCH --signal=B:USR2@300
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=%x-%A-%a.log
#
# Executes many runs, each in as many jobs as it needs (see run.sh). Task i executes line i of a manifest. A line contains the
# arguments of `mckean run`, separated by spaces, with quotes and comments as in a shell. Each line needs its own run.output;
# tools/sweep writes manifests:
#
#   input/lln.yaml run.seed=1 run.output=runs/seed-1
#   input/lln.yaml run.seed=2 run.output=runs/seed-2  'output.fields=[0, 100]'  # more fields
#
#   sbatch --array=1-$(grep -c '' MANIFEST)%2 jobs/array.sh MANIFEST     at most 2 runs at a time
#   tools/resubmit MANIFEST                                            later: submits the runs that are not done
#
# SLURM limits the indices of an array (scontrol show config | grep MaxArraySize). tools/resubmit splits longer manifests into
# arrays with a second argument: task i of `jobs/array.sh MANIFEST 1000` executes line 1000 + i.

# ---- settings ----
manifest=${1:-manifest.txt}
lines_before=${2:-0}
restarts=20       # maximum number of restarts of each run
chain=requeue     # the same job again; depend: a new job that starts after this one, for sites that forbid requeue
launcher=srun     # mpirun if srun has no PMIx
mckean=build/mckean
# modules, if your cluster has them: module load gcc openmpi openblas hdf5 gsl
# ------------------

# shellcheck source=jobs/common.sh
. "${SLURM_SUBMIT_DIR:-.}/jobs/common.sh" || { echo "submit this script from the top folder of McKean" >&2; exit 2; }
[ -n "${SLURM_ARRAY_TASK_ID:-}" ] || fail "expected an array: sbatch --array=1-N jobs/array.sh MANIFEST"
[ -r "$manifest" ] || fail "$manifest: cannot read this manifest"
run --manifest "$manifest" --line $((lines_before + SLURM_ARRAY_TASK_ID))
