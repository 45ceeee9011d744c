"""`python -m coursekit.release build|check`: see `cli`."""

import sys

# jsonschema, behind nbformat, would build a grammar of web addresses (2 s) that no notebook needs.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]

from coursekit.release.cli import main  # noqa: E402

sys.exit(main())
