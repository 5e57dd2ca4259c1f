"""Holds the generated JSON Schema against a good tagboat.yaml and against bad ones."""
import copy
import json
import sys

import jsonschema
import yaml

schema = json.load(open(sys.argv[1]))
good = yaml.safe_load(open(sys.argv[2]))
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)
validator.validate(good)


def bad(change):
    document = copy.deepcopy(good)
    change(document)
    assert list(validator.iter_errors(document)), f"the schema accepts {document}"


bad(lambda d: d.update(imgaes={}))
bad(lambda d: d["images"]["app"].update(repo="x"))
bad(lambda d: d["services"]["web"].update(containers=["app"]))
bad(lambda d: d.update(stages={}))
print("the schema accepts the good file and refuses four bad ones")
