"""Writes docs/conformance.md from what came of the checks, and fails where an emulator of
others is right and the sandbox is not. table.py PAGE DATE NAME=RESULT..., the sandbox first."""
import json
import re
import sys

SIGNS = {"right": "✓", "wrong": "✗"}


def main():
    page, date, columns = sys.argv[1], sys.argv[2], []
    for argument in sys.argv[3:]:
        name, files = argument.split("=", 1)
        results = {}
        for file in files.split(","):
            with open(file) as f:
                document = json.load(f)
            results |= {r["check"]: r for r in document["results"]}
        columns.append((name, results))
    checks = list(columns[0][1].values())
    lines = [f"Written by `make conformance` on {date}, with boto3 {document['boto3']}.", "",
             "| | " + " | ".join(name for name, _ in columns) + " |", "| --- |" + " :-: |" * len(columns)]
    topic = None
    for check in checks:
        if check["topic"] != topic:
            topic = check["topic"]
            lines.append(f"| **{topic}** |" + " |" * len(columns))
        signs = [SIGNS[results[check["check"]]["verdict"]] for _, results in columns]
        lines.append(f"| [{check['says']}]({check['source']}) | " + " | ".join(signs) + " |")
    sums = [f"{sum(r['verdict'] == 'right' for r in results.values())} of {len(results)}" for _, results in columns]
    lines.append("| | " + " | ".join(sums) + " |")
    with open(page) as f:
        text = f.read()
    marked = re.compile(r"(<!-- table: [^\n]*-->\n).*?(<!-- end of the table -->)", re.S)
    with open(page, "w") as f:
        f.write(marked.sub(lambda m: m[1] + "\n".join(lines) + "\n" + m[2], text))
    behind = [c for c in checks if c["verdict"] != "right"]
    for check in behind:
        others = [name for name, results in columns[1:] if results[check["check"]]["verdict"] == "right"]
        print(f"{check['check']}: {check['why']}" + (f" ({', '.join(others)} is right)" if others else ""), file=sys.stderr)
    print(f"conformance: {len(checks) - len(behind)} passed, {len(behind)} failed")
    sys.exit(bool(behind))


main()
