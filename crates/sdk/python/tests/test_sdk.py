"""The SDK against the vectors of proto/testdata/pipelines, and its own messages.

Run from crates/sdk/python: python3 -m unittest
"""

import doctest
import importlib
import json
import os
import pkgutil
import re
import subprocess
import sys
import tempfile
import unittest
from datetime import timedelta
from pathlib import Path
from typing import Any, Dict, List, Tuple

import gofer_sdk
from gofer_sdk import ITEM, InvalidPipeline, Pipeline, Queue, Retry, Source, Task, Value, script, secret, variable
from gofer_sdk._limits import FAULTS_MAX
from gofer_sdk._values import as_values

from . import pipelines

PACKAGE = Path(__file__).parent.parent
VECTORS = PACKAGE / "../../../proto/testdata/pipelines"
COMMAND = ["true"]


def expand(value: Any) -> Any:
    """Writes the abbreviations of the vectors out; docs/pipeline-format.md describes them."""
    if isinstance(value, str):
        if value.startswith("@repeat "):
            text, count = value[len("@repeat ") :].rsplit(" ", 1)
            return text * int(count)
        return value
    if isinstance(value, list):
        if value and isinstance(value[0], str) and value[0].startswith("@times "):
            return [expand(value[1])] * int(value[0].split()[1])
        return [expand(item) for item in value]
    if isinstance(value, dict):
        out: Dict[str, Any] = {}
        for name, item in value.items():
            if name.startswith("@each "):
                _, count, prefix = name.split(" ")
                out.update({f"{prefix}{n}": expand(item) for n in range(int(count))})
            else:
                out[expand(name)] = expand(item)
        return out
    return value


def duration(text: Any) -> Any:
    if text is None:
        return None
    units = {"d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1_000, "ms": 1}
    parts = re.findall(r"(\d+)(ms|d|h|m|s)", text)
    return timedelta(milliseconds=sum(int(number) * units[unit] for number, unit in parts))


def memory(text: str) -> int:
    units = {"B": 1, "MiB": 1 << 20, "TiB": 1 << 40}
    number, unit = re.match(r"(\d+)(\w+)", text).groups()  # type: ignore[union-attr]
    return int(number) * units[unit]


KINDS = ("approval", "run", "uses", "settings")


def value(written: Any, tasks: Dict[str, Task]) -> Any:
    """A value of a vector, through what authors call; a text, and a list, as it is."""
    if not isinstance(written, dict):
        return written
    if "output" in written:
        task, name = written["output"].split(".", 1)
        return tasks[task].output(name)
    if "variable" in written:
        return variable(written["variable"])
    return Value("text", written["text"]) if "text" in written else ITEM


def add_values(config: Dict[str, Any], tasks: Dict[str, Task]) -> None:
    """What refers to other tasks, once there are handles of all."""
    for id, task in config.items():
        values = tasks[id]._config.values
        for one in task.get("when", []):
            origin = value(one, tasks)
            tasks[id].when(origin.is_(*one["is"]) if "is" in one else origin.is_not(*one["is_not"]))
        values.inputs = as_values(id, {name: value(one, tasks) for name, one in task.get("inputs", {}).items()})
        if values.uses is not None:
            settings = {name: value(one, tasks) for name, one in task.get("settings", {}).items()}
            values.uses.settings = as_values(id, settings)
        if values.run is not None:
            variables = task["run"].get("variables", {})
            values.run.variables = as_values(id, {name: value(one, tasks) for name, one in variables.items()})
            items = value(task["run"].get("for_each"), tasks)
            values.run.for_each = Value("text", items) if isinstance(items, str) else items


def build(config: Dict[str, Any]) -> Pipeline:
    """The pipeline of a vector, through what authors call."""
    overlap = config.get("overlap", "allow")
    p = Pipeline(
        config["id"],
        description=config.get("description", ""),
        overlap=Queue(overlap["queue"]) if isinstance(overlap, dict) else overlap,
        timeout=duration(config.get("timeout")),
        env=config.get("env"),
    )
    for name, fields in config.get("parameters", {}).items():
        p.parameter(name, **fields)
    tasks: Dict[str, Task] = {}
    for id, task in config["tasks"].items():
        fields = {name: value for name, value in task.items() if name not in ("depends_on", "when", "inputs", *KINDS)}
        if "retry" in task:
            retry = task["retry"]
            times = {name: duration(retry[name]) for name in ("backoff", "backoff_max") if name in retry}
            fields["retry"] = Retry(**{**retry, **times})
        for name in ("secret_env", "secret_files"):
            if name in task:
                fields[name] = {target: secret(named) for target, named in task[name].items()}
        if "timeout" in task:
            fields["timeout"] = duration(task["timeout"])
        if "cpu" in task:
            fields["cpu"] = float(task["cpu"])
        if "memory" in task:
            fields["memory"] = memory(task["memory"])
        if "approval" in task:
            tasks[id] = p.approval(id, **task["approval"], **fields)
        elif "uses" in task:
            name, _, version = task["uses"].partition("@")
            tasks[id] = p.uses(id, name, version=int(version or 0), **fields)
        elif "run" in task:
            run = {name: task["run"][name] for name in ("pipeline", "parallelism") if name in task["run"]}
            tasks[id] = p.run(id, **run, **fields)
        else:
            tasks[id] = p.task(id, **fields)
    add_values(config["tasks"], tasks)
    for id, task in config["tasks"].items():
        parents = task.get("depends_on", [])
        how = parents if isinstance(parents, dict) else dict.fromkeys(parents, "success")
        for parent, requirement in how.items():
            tasks[id]._depend([tasks[parent]], requirement)
    return p


class Golden(unittest.TestCase):
    def test_every_golden_pipeline_comes_out_byte_for_byte(self) -> None:
        written = set()
        for name, make in pipelines.ALL.items():
            with self.subTest(name):
                wanted = (VECTORS / "valid" / f"{name}.json").read_bytes().decode()
                self.assertEqual(make().to_json(), wanted)
                written.add(f"{name}.json")
        self.assertEqual(written, set(os.listdir(VECTORS / "valid")))

    def test_sources_stand_where_the_format_has_them(self) -> None:
        p = Pipeline("sourced", env={"A": "1"}, source=Source("ci/pipeline.star", 3))
        p.task("build", command=["make"], env={"B": "2"}, source=Source("ci/build.star", 12))
        p.task("bare", image="busybox", source=Source('ci/bare "1".star', 4_294_967_295))
        self.assertEqual(p.to_json_with_sources(), (VECTORS / "with-sources.json").read_text("utf-8"))


class Faults(unittest.TestCase):
    def test_the_faults_are_those_of_a_cluster(self) -> None:
        cases = json.loads((VECTORS / "faults.json").read_text("utf-8"))
        compared = 0
        for case in cases:
            if case.get("handles") is False:
                continue
            with self.subTest(case["name"]):
                found = build(expand(case["pipeline"])).faults()
                shown = [{"field": one.field, "message": one.message, "help": one.help} for one in found]
                self.assertEqual(shown, case["faults"])
                compared += 1
        self.assertGreater(compared, 150)

    def check(self, p: Pipeline, *wanted: Tuple[str, str]) -> None:
        found = p.faults()
        self.assertEqual([one.field for one in found], [field for field, _ in wanted], found)
        for fault, (_, message) in zip(found, wanted):
            self.assertIn(message, fault.message)

    def test_what_no_file_can_say_is_a_fault(self) -> None:
        p, other = Pipeline("p", parallelism=-1), Pipeline("other")
        there = other.task("there", command=COMMAND)
        a = p.task("a", command=COMMAND, cpu=0.0001, retry=Retry(2, multiplier=float("nan")))
        p.task("b", command=COMMAND, cpu=-1, after=[a, there], after_any=[a])
        p.task("b", command=COMMAND, script=script("sh", "true"), timeout=timedelta(microseconds=1500))
        p.task("c", command=COMMAND, timeout=timedelta(seconds=-1), retry=Retry(2, backoff=timedelta(seconds=-1)))
        self.check(
            p,
            ("tasks.a.resources.cpu_millis", "0.0001 is not a number of thousandths"),
            ("tasks.a.retry.multiplier_percent", "nan is not a number of hundredths"),
            ("tasks.b.resources.cpu_millis", "-1 is not a number of thousandths"),
            ("tasks.b", "both a script and a program"),
            ("tasks.b.depends_on", "a task of another pipeline"),
            ("tasks.b.depends_on", '"a" comes twice'),
            ("tasks.b", "comes twice, first at tests/test_sdk.py:"),
            ("parallelism", "parallelism is -1"),
            ("tasks.b.timeout", "1.5ms, finer than a millisecond"),
            ("tasks.c.retry.backoff", "-1s, less than nothing"),
            ("tasks.c.timeout", "-1s, allowed are 1ms to"),
        )

    def test_what_no_file_can_say_of_values_is_a_fault(self) -> None:
        p, other = Pipeline("p"), Pipeline("other")
        there = other.task("there", command=COMMAND).output("X")
        p.parameter("A", type="boolean", default="yes")
        p.parameter("A", type="integer", least=1 << 63, most=1)
        p.task("a", command=COMMAND, inputs={"X": there}, when=there.is_("x"))
        p.run("b", "q", variables={"X": there}, for_each=there, parallelism=-1)
        self.check(
            p,
            ("parameters.A", "comes twice, first at tests/test_sdk.py:"),
            ("tasks.a.conditions.0", "takes an output of a task of another pipeline"),
            ("tasks.a.inputs.X", "takes an output of a task of another pipeline"),
            ("tasks.b.call.variables.X", "takes an output of a task of another pipeline"),
            ("tasks.b.call.for_each", "takes an output of a task of another pipeline"),
            ("parameters.A.least", "parameters.A.least is 9223372036854775808, allowed are"),
            ("parameters.A", "allows no number"),
            ("tasks.b.call.parallelism", "parallelism is -1"),
        )

    def test_half_a_character_is_a_fault(self) -> None:
        p = Pipeline("p", env={"V": "\ud800"})
        p.task("a", command=COMMAND)
        self.check(p, ("", "\\ud800, half of a character"))

    def test_the_number_of_faults_is_bounded(self) -> None:
        p = Pipeline("p")
        for n in range(1_000):
            p.task(f"t{n}", image=" ", working_directory="x")
        self.assertEqual(len(p.faults()), FAULTS_MAX)

    def test_values_of_a_wrong_kind_are_refused_at_once(self) -> None:
        p = Pipeline("p")
        wrong: List[Dict[str, Any]] = [
            {"command": "make test"},
            {"command": ["make", 1]},
            {"image": 1},
            {"env": {"PORT": 8080}},
            {"secret_env": {"TOKEN": "hunter2"}},
            {"memory": "4GiB"},
            {"memory": True},
            {"pull": "sometimes"},
            {"driver": "podman"},
            {"after": ["build"]},
            {"inputs": {"X": 1}},
            {"when": ["x"]},
        ]
        for fields in wrong:
            with self.subTest(str(fields)), self.assertRaises((TypeError, ValueError)) as caught:
                p.task("a", **fields)
            self.assertRegex(str(caught.exception), "tasks.a|task a")
        with self.assertRaisesRegex(TypeError, "not the text 'ab'"):
            p.run("a", "q", for_each="ab")
        for wrong_parameter in ({"choices": ["a"]}, {"least": 1}, {"type": "number"}):
            with self.subTest(str(wrong_parameter)), self.assertRaisesRegex(ValueError, "parameters.A"):
                p.parameter("A", **wrong_parameter)  # type: ignore[arg-type]
        with self.assertRaisesRegex(ValueError, "python3, node"):
            script("python", "")
        with self.assertRaisesRegex(ValueError, "allowed are allow, forbid, replace"):
            Pipeline("p", overlap="wait")  # type: ignore[arg-type]

    def test_an_invalid_pipeline_has_no_json(self) -> None:
        with self.assertRaises(InvalidPipeline) as caught:
            Pipeline("p").to_json()
        self.assertEqual([one.field for one in caught.exception.faults], ["tasks"])


class Programs(unittest.TestCase):
    def run_program(self, source: str) -> "subprocess.CompletedProcess[bytes]":
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "pipeline.py").write_text(source, "utf-8")
            # The C locale, and no UTF-8 mode: what is printed must not depend on either.
            env = {**os.environ, "PYTHONPATH": str(PACKAGE.resolve()), "LC_ALL": "C", "PYTHONUTF8": "0"}
            command = [sys.executable, str(Path(folder).resolve() / "pipeline.py")]
            return subprocess.run(command, cwd=folder, env=env, capture_output=True, timeout=60, check=False)

    def test_a_program_prints_its_pipeline_and_nothing_else(self) -> None:
        done = self.run_program(
            "from gofer_sdk import Pipeline\n"
            "p = Pipeline('p', description='\\u00e9\\u2028')\n"
            "p.task('a',\n    command=['true'])\n"
            "p.emit()\n"
        )
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        pipeline = json.loads(done.stdout.decode("utf-8"))
        self.assertEqual(pipeline["description"], "é\u2028")
        self.assertEqual(pipeline["source"], {"file": "pipeline.py", "line": 2})
        self.assertEqual(pipeline["tasks"]["a"]["source"]["file"], "pipeline.py")
        self.assertIn(pipeline["tasks"]["a"]["source"]["line"], (3, 4))

    def test_a_faulty_program_names_its_lines(self) -> None:
        done = self.run_program(
            "from gofer_sdk import Pipeline\n"
            "p = Pipeline('p')\n"
            "p.task('a', image='a b')\n"
            "p.task('b')\n"
            "p.emit()\n"
        )
        self.assertEqual((done.returncode, done.stdout), (1, b""))
        lines = done.stderr.decode().splitlines()
        self.assertEqual(lines[0], "pipeline.py:3: tasks.a.image holds a space (write it as registry/name:tag)")
        self.assertTrue(lines[1].startswith("pipeline.py:4: tasks.b has neither an image"), lines)

    def test_a_file_that_is_too_large_is_not_printed(self) -> None:
        done = self.run_program(
            "from gofer_sdk import Pipeline\n"
            "p = Pipeline('p', env={f'V{n}': '\\x01' * 30_000 for n in range(10)})\n"
            "p.task('a', command=['true'])\n"
            "p.emit()\n"
        )
        self.assertEqual((done.returncode, done.stdout), (1, b""))
        self.assertIn(b"pipeline.py:2: the file would be", done.stderr)


def load_tests(loader: Any, tests: unittest.TestSuite, ignore: Any) -> unittest.TestSuite:
    for module in pkgutil.iter_modules(gofer_sdk.__path__, "gofer_sdk."):
        tests.addTests(doctest.DocTestSuite(importlib.import_module(module.name)))
    tests.addTests(doctest.DocTestSuite(gofer_sdk))
    return tests
