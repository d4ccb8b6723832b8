"""``python -m rnnviz``."""

import os
import sys

# One thread is fastest for matrices this small; NumPy reads this when it is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from rnnviz.cli import main

sys.exit(main())
