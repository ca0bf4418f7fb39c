"""python -m wassr"""

import sys

from wassr.cli.main import main

sys.exit(main())
