"""`make image-folder`: carries out the Containerfile without a container engine, in .image, and says how large it is.

The lines of the Containerfile run as they stand, with the image's folders moved below .image. So what is measured and
tested there is what a build makes; of the base image there is nothing but a Python of this machine.
"""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from deploy.image.containerfile import Instruction, context, stages

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".image"
# What a stage may write. Anything else in a RUN would reach this machine.
FOLDERS = ("/opt/vigil", "/srv/vigil", "/build")
MIB = 1024**2


def main() -> None:
    """Lay it out anew; print the size of each layer of the last stage."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    build, last = stages((ROOT / "Containerfile").read_text(encoding="utf-8"))
    with_python = _python(FOLDER / "base")
    for instruction in build:
        if instruction.name == "COPY":
            _copy(instruction)
        elif instruction.name == "RUN":
            subprocess.run(["/bin/sh", "-euc", moved(instruction.rest)], env=with_python, cwd="/", check=True)
    total = 0
    for instruction in last:
        if instruction.name == "COPY":
            _, (source,), _ = instruction.copied
            size = sum(path.lstat().st_size for path in Path(moved(source)).rglob("*") if not path.is_dir())
            total += size
            print(f"{size / MIB:6.1f} MiB  {instruction.name} {instruction.rest}")  # noqa: T201 - it is the answer
    print(f"{total / MIB:6.1f} MiB  above the base image")  # noqa: T201
    (FOLDER / ".laid-out").touch()


def moved(words: str) -> str:
    """The same with the image's folders where they lie here."""
    for folder in FOLDERS:
        words = words.replace(folder, f"{FOLDER}{folder}")
    return words


def _copy(instruction: Instruction) -> None:
    seen = list(context(ROOT))
    _, sources, destination = instruction.copied
    for source in sources:
        for file in seen:
            if file == Path(source):
                target = Path(moved(destination)) / (file.name if destination.endswith("/") else "")
            elif file.is_relative_to(source):
                target = Path(moved(destination)) / file.relative_to(source)
            else:
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / file, target)


def _python(folder: Path) -> dict[str, str]:
    """An environment whose `python` is this one, as that of the base image is there."""
    folder.mkdir(parents=True)
    (folder / "python").write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n', encoding="utf-8")
    (folder / "python").chmod(0o755)
    return {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}


if __name__ == "__main__":
    main()
