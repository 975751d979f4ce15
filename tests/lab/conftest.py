"""The package comes from the tree, whether it is installed or not."""

import os
import sys
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2] / "tools/lab"
sys.path.insert(0, str(PACKAGE))
# Workers are other processes.
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(PACKAGE), os.environ.get("PYTHONPATH")]))
