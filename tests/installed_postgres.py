"""Runs a command with the PostgreSQL binaries that this machine has installed; says so and does nothing without."""

import os
import subprocess
import sys

from registry.store.embedded_binaries import installed_binaries, major_version

if __name__ == "__main__":
    binaries = installed_binaries()
    if binaries is None:
        print("No installed PostgreSQL with btree_gist here: tried on the embedded one only.")
        sys.exit(0)
    print(f"Once more on the installed PostgreSQL {major_version(binaries)}:", flush=True)
    sys.exit(subprocess.run(sys.argv[1:], env=os.environ | {"TEST_POSTGRES": "installed"}, check=False).returncode)
