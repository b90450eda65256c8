"""McKean in Python: reads runs, evaluates trained networks, writes data files, starts runs and sweeps.

The tools of McKean (tools/plot, report, studies and others) use the same modules.
"""
