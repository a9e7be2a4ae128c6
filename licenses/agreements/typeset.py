"""A process that sets one document in type and ends; `render.py` starts it, so that its time can be limited.

Reads {"data": JSON text, "at": Unix time} from its input, writes the PDF, and ends with 0. What typst refuses
ends with REFUSED, and {"message", "diagnostic"} as JSON instead. Nothing of the portal is loaded here.
"""

import json
import sys
from pathlib import Path

import typst

HERE = Path(__file__).parent
REFUSED = 3


def main() -> int:
    """Set the document in type, and return how it ended."""
    given = json.loads(sys.stdin.buffer.read())
    # Never the machine's own: a document must not depend on where it was made.
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=[HERE / "fonts"])
    compiler = typst.Compiler(HERE / "agreement.typ", root=HERE, font_paths=fonts)
    try:
        made = compiler.compile(
            format="pdf",
            pdf_standards=["a-2b"],
            sys_inputs={"data": given["data"]},
            timestamp=given["at"],
        )
    except typst.TypstError as error:
        told = {"message": error.message, "diagnostic": error.diagnostic}
        sys.stdout.buffer.write(json.dumps(told).encode())
        return REFUSED
    sys.stdout.buffer.write(made if isinstance(made, bytes) else b"")
    return 0


if __name__ == "__main__":
    sys.exit(main())
