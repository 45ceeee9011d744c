"""`python -m coursekit train …`, the form that torchrun takes too."""

from .cli.main import main

raise SystemExit(main())
