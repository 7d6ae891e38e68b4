#!/usr/bin/env python3
"""Makes noto-sans-sc-400.woff2 and -600.woff2: Noto Sans SC with the Chinese letters that
the program's own texts use (the catalogue and the data files) and nothing more.

    apt-get install fonttools python3-brotli
    npm pack @fontsource/noto-sans-sc@5.3.0 && tar xzf fontsource-noto-sans-sc-5.3.0.tgz
    /usr/bin/python3 static/fonts/subset.py package

A test of package static fails when a letter is missing; run this again then. The file
noto-sans-sc.json records what is inside. Letters of other texts, such as an office's own
questionnaire, fall back to the reader's system font.
"""

import hashlib
import io
import json
import pathlib
import re
import sys

from fontTools import merge, subset
from fontTools.ttLib import TTFont

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent


def chinese(value, inside=False):
    """Yields the texts of a JSON value that stand under the key "zh"."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield from chinese(part, inside or key == "zh")
    elif isinstance(value, list):
        for part in value:
            yield from chinese(part, inside)
    elif isinstance(value, str) and inside:
        yield value


def letters():
    catalogue = json.loads((ROOT / "templates/i18n/zh.json").read_text(encoding="utf8"))
    texts = list(catalogue.values()) + ["中文"]
    for path in sorted((ROOT / "data").rglob("*.json")):
        texts += chinese(json.loads(path.read_text(encoding="utf8")))
    return {ord(c) for c in "".join(texts) if ord(c) >= 0x2E80}


def build(package, weight, wanted):
    parts = []
    for path in sorted(package.glob(f"files/noto-sans-sc-*-{weight}-normal.woff2")):
        if not re.search(r"noto-sans-sc-(\d+|chinese-simplified)-", path.name):
            continue
        font = TTFont(path)
        mine = wanted & set(font.getBestCmap())
        if not mine:
            continue
        wanted = wanted - mine
        options = subset.Options(layout_features=[], hinting=False, name_IDs=[0, 1, 2, 13, 14], notdef_outline=True)
        worker = subset.Subsetter(options)
        worker.populate(unicodes=mine)
        worker.subset(font)
        for table in ("GPOS", "GSUB", "GDEF", "BASE", "vhea", "vmtx", "VORG", "STAT", "DSIG", "gasp", "prep"):
            if table in font:
                del font[table]
        font.flavor = None
        buffer = io.BytesIO()
        font.save(buffer)
        buffer.seek(0)
        parts.append(buffer)
    if wanted:
        sys.exit("no glyph for: " + "".join(map(chr, sorted(wanted))))
    whole = merge.Merger().merge(parts)
    whole.flavor = "woff2"
    whole["head"].created = whole["head"].modified = 0  # the same input gives the same file
    whole.recalcTimestamp = False
    target = HERE / f"noto-sans-sc-{weight}.woff2"
    whole.save(target)
    print(target.name, target.stat().st_size, "bytes")


def main():
    wanted = letters()
    for weight in (400, 600):
        build(pathlib.Path(sys.argv[1]), weight, set(wanted))
    record = {
        "letters": "".join(map(chr, sorted(wanted))),
        "sha256": {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(HERE.glob("noto-sans-sc-*.woff2"))},
    }
    text = json.dumps(record, ensure_ascii=False, indent="\t") + "\n"
    (HERE / "noto-sans-sc.json").write_text(text, encoding="utf8")


if __name__ == "__main__":
    main()
