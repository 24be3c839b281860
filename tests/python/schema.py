"""Holds pipelines against the published schema.

usage: schema.py SCHEMA < LINES, each a JSON object of name and pipeline

Prints the names of those that the schema refuses, one a line.
"""

import json
import sys

import jsonschema


def main() -> None:
    with open(sys.argv[1], encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    for line in sys.stdin:
        one = json.loads(line)
        if not validator.is_valid(one["pipeline"]):
            print(one["name"])


main()
