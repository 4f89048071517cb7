"""Makes `support` and `oracle` importable from every test folder, and the fixture `shim`."""

import pathlib
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))


@pytest.fixture(name="shim", scope="session")
def the_shim(tmp_path_factory):
    """A library for LD_PRELOAD: another clock, a file system without rename flags."""
    library = tmp_path_factory.mktemp("shim") / "shim.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", HERE / "support/shim.c", "-o", library,
                    "-ldl"], check=True)
    return str(library)
