"""The OpenAPI document and its page as files: `python -m app.openapi FOLDER`, for the documentation site."""

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from app.api import create_app
from app.api.reference import render
from app.settings import Settings


def files() -> dict[str, str]:
    """File name and content."""
    with TemporaryDirectory() as folder:
        document = create_app(Settings(vigil_data_dir=Path(folder))).openapi()
    return {
        "openapi.json": json.dumps(document, indent=2, ensure_ascii=False) + "\n",
        "openapi.html": render(document),
    }


def main(folder: Path) -> None:
    """Write the files."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files().items():
        (folder / name).write_text(content, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
