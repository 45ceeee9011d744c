"""`python -m coursekit train …`, the form that torchrun takes too."""

from .command.cli import main

raise SystemExit(main())
