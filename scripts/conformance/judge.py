"""Runs the checks against the emulator that AWS_ENDPOINT_URL names, and writes what came
of each as JSON. judge.py RESULT [--labels] [--patience SECONDS] [CHECK...]"""
import argparse
import concurrent.futures
import json
import sys
import traceback

import boto3
from botocore.exceptions import BotoCoreError, ClientError

import checks
from world import World, Wrong


def ran(world, entry):
    topic, says, source, function = entry
    verdict, why = "right", ""
    try:
        function(world)
    except Wrong as e:
        verdict, why = "wrong", str(e)
    except (ClientError, BotoCoreError) as e:
        verdict, why = "wrong", str(e)
    except (KeyError, IndexError, StopIteration, TypeError) as e:  # an answer without what it should have
        verdict, why = "wrong", "the answer lacks " + repr(e) + " at " + traceback.format_tb(e.__traceback__)[-1].strip().splitlines()[-1]
    return {"check": function.__name__, "topic": topic, "says": says, "source": source, "verdict": verdict, "why": why[:300]}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("result")
    parser.add_argument("--labels", action="store_true", help="labels of images say what containers do")
    parser.add_argument("--patience", type=float, default=30)
    parser.add_argument("check", nargs="*")
    arguments = parser.parse_intermixed_args()
    world = World(arguments.labels, arguments.patience)
    chosen = [c for c in checks.ALL if not arguments.check or c[3].__name__ in arguments.check]
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        results = list(pool.map(lambda c: ran(world, c), chosen))
    for result in results:
        if result["verdict"] != "right":
            print(f"{result['check']}: {result['why']}", file=sys.stderr)
    with open(arguments.result, "w") as f:
        json.dump({"boto3": boto3.__version__, "results": results}, f, indent=1)
    print(f"{sum(r['verdict'] == 'right' for r in results)} of {len(results)} right")


main()
