"""`python -m coursetools`: see `cli`."""

import sys

from coursetools.cli import main

sys.exit(main())
