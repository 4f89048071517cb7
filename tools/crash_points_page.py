"""Writes the program's list of crash points between its two marks in a page of the docs."""

import pathlib
import re
import subprocess
import sys

program, page = sys.argv[1], pathlib.Path(sys.argv[2])
table = subprocess.run([program, "manual", "--markdown", "crash-points"], check=True,
                       capture_output=True, text=True).stdout
text, count = re.subn(r"(<!-- crash points: [^\n]*-->\n).*?(<!-- end -->)",
                      lambda found: found[1] + "\n" + table + "\n" + found[2], page.read_text(),
                      flags=re.DOTALL)
assert count == 1, page
page.write_text(text)
