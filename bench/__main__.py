"""`python -m bench NAME...` runs benches one after the other; without a name it lists them.

A bench is a module of this folder with a docstring, whose first line says what it measures, and a function
`main(words: list[str]) -> None`, which prints its figures and raises SystemExit when it cannot take them. Words after
`--` go to it.
"""

import os
import pkgutil
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType


def benches() -> dict[str, ModuleType]:
    """The benches by name."""
    names = sorted(module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)]))
    modules = {name: import_module(f"bench.{name}") for name in names if not name.startswith("_")}
    return {name: module for name, module in modules.items() if hasattr(module, "main")}


def main(arguments: list[str]) -> None:
    """Run the named benches, or list all of them."""
    place = arguments.index("--") if "--" in arguments else len(arguments)
    names, words = arguments[:place], arguments[place + 1 :]
    known = benches()
    if unknown := [name for name in names if name not in known]:
        sys.exit(f"bench: there is no bench {', '.join(unknown)}; there are: {', '.join(known)}")
    if not names:
        print("python -m bench NAME... [-- WORDS]\n")
        for name, module in known.items():
            print(f"  {name:<12} {(module.__doc__ or '').strip().splitlines()[0]}")
    for name in names:
        print(f"== {name} ({os.cpu_count()} cores, load {os.getloadavg()[0]:.1f})", flush=True)
        known[name].main(words)


if __name__ == "__main__":
    main(sys.argv[1:])
