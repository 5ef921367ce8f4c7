"""The checklist of the wire contract, each line with the tests that name it.

`python tests/practice/conformance_table.py` writes it anew into docs/practice-market.md.
"""

import ast
import re
from collections import defaultdict
from pathlib import Path

HERE = Path(__file__).parent
DOCUMENT = HERE.parents[2] / "docs" / "practice-market.md"
BEGIN, END = "<!-- checklist: begin -->\n", "<!-- checklist: end -->\n"

_ITEM = re.compile(r"(\d+)\. (.+)")
_HEADING = re.compile(r"\*\*(.+)\*\*")
_NUMBERS = re.compile(r"_c(\d{2})(?=_)")


def named_tests() -> dict[int, list[str]]:
    """Return the names of the tests of each item: test_c22_..., or test_c29_c30_... for several."""
    found: dict[int, list[str]] = defaultdict(list)
    for path in sorted(HERE.glob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_c"):
                for number in _NUMBERS.findall(node.name):
                    found[int(number)].append(f"`{path.stem}::{node.name}`")
    return found


def items() -> dict[int, str]:
    return {int(match[1]): match[2] for match in map(_ITEM.match, _lines()) if match}


def _lines() -> list[str]:
    return (HERE / "conformance_checklist.md").read_text().splitlines()


def rendered() -> str:
    """Return the tables."""
    tests, parts = named_tests(), []
    for line in _lines():
        heading, item = _HEADING.match(line), _ITEM.match(line)
        if heading:
            parts.append(f"\n### {heading[1]}\n\n| | what is asserted | tests |\n| --- | --- | --- |\n")
        elif item:
            named = "<br>".join(tests[int(item[1])]) or "none"
            parts.append(f"| {item[1]} | {item[2].replace('|', '/')} | {named} |\n")
    return "".join(parts)


def written() -> str:
    """Return the tables as they stand in the document."""
    return DOCUMENT.read_text().partition(BEGIN)[2].partition(END)[0]


if __name__ == "__main__":
    before, _, rest = DOCUMENT.read_text().partition(BEGIN)
    DOCUMENT.write_text(before + BEGIN + rendered() + END + rest.partition(END)[2])
