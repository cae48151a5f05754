"""What the commands ask of the API, and what they print."""

from __future__ import annotations

import ast
import csv
import io
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cli.stand_in import EVALUATION, PREDICTIONS, STAGES, Call, StandIn, sample_results

import headstart
from headstart.base.errors import DataError, StoreError
from headstart.base.options import Option, options_of
from headstart.experiment.option_table import VERBS
from headstart.records.answers import Evaluation
from headstart.records.codec import encoded
from headstart.records.listing import CachedAbout, CacheListing
from headstart.records.metrics import Calibration, NoneOfThese, SetCoverage, SetsMeasured
from headstart.records.record import changed
from headstart.records.results import Skipped
from headstart.report.trackers.choosing import Tracked

EVERY_OPTION = """
compare photos --strategies linear,svm --backbone resnet18 --weights w.safetensors --cut layer3
--head pool-bn --epochs 3 --seed 7 --image-size 96 --framing pad --augment none --readout stages --select val
--split s.parquet --device cpu --threads 1 --offline --out my.run --scratch convnet4 --unfreeze 2
--set optimizer=sgd --set batch-size=16 --set clip=null --interval clopper-pearson --folds 5 --seeds 4
--wandb --tensorboard --budget 10m
"""


def test_compare_hands_over_every_option(call: Call, verbs: StandIn) -> None:
    result = call(*EVERY_OPTION.split())
    assert result.exit_code == 0, result.output
    assert verbs.calls == [
        (
            "compare",
            ("photos",),
            {
                "strategies": ["linear", "svm"],
                "backbone": "resnet18",
                "weights": Path("w.safetensors"),
                "scratch": "convnet4",
                "cut": "layer3",
                "unfreeze": 2,
                "head": "pool-bn",
                "epochs": 3,
                "seed": 7,
                "image_size": 96,
                "framing": "pad",
                "augment": "none",
                "readout": "stages",
                "select": "val",
                "split": Path("s.parquet"),
                "device": "cpu",
                "threads": 1,
                "offline": True,
                "out": Path("my.run"),
                "budget": "10m",
                "interval": "clopper-pearson",
                "folds": 5,
                "seeds": 4,
                "training": {"optimizer": "sgd", "batch_size": 16, "clip": None},
                "trackers": ["tensorboard", "wandb"],
            },
        )
    ]


def test_compare_asks_for_nothing_by_default(call: Call, verbs: StandIn) -> None:
    assert call("compare", "photos").exit_code == 0
    ((_, _, options),) = verbs.calls
    assert options == {}, "defaults are the library's"


def test_zero_is_said_too(call: Call, verbs: StandIn) -> None:
    assert call("compare", "photos", "--seed", "0", "--unfreeze", "0").exit_code == 0
    assert verbs.calls[0][2] == {"seed": 0, "unfreeze": 0}


def parameters_of(verb: str) -> set[str]:
    """Return the parameters of a verb of the API, read from its source and the table: importing it takes seconds."""
    table = set(options_of(VERBS[verb].table)) if verb in VERBS else set()
    for path in (Path(headstart.__file__).parent / "api").glob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and node.name == verb:
                return table | {given.arg for given in [*node.args.args, *node.args.kwonlyargs]}
    raise AssertionError(f"headstart.api has no verb '{verb}'")


@pytest.mark.parametrize(
    ("command", "verb"),
    [
        ("compare d", "compare"),
        ("plan d", "plan"),
        ("fit d", "fit"),
        ("demo", "demo"),
        ("run r --data d", "run_recipe"),
        ("advise d", "advise"),
        ("activity d", "activity"),
        ("evaluate b d", "evaluate"),
        ("predict b d", "predict"),
        ("look d", "look"),
        ("serve b", "serve"),
        ("stages", "stages"),
        ("data fetch hymenoptera", "fetch_data"),
    ],
)
def test_every_option_is_one_of_the_api(call: Call, verbs: StandIn, command: str, verb: str) -> None:
    shown = VERBS[verb].on_command_line() if verb in VERBS else {}
    typed = [part for option in shown.values() for part in _typed(option)]
    assert call(*command.split(), *typed).exit_code == (3 if verb == "advise" else 0), "the stand-in knows no advice"
    assert verbs.calls[0][0] == verb
    assert set(shown) <= set(verbs.calls[0][2]) <= parameters_of(verb)


def _typed(option: Option) -> list[str]:
    """Return an option as it is typed, with some value."""
    values = {"number": ["3"], "settings": ["a=1"], "flag": []}
    return [f"--{name}" for name in option.flags] or [str(option.typed), *values.get(option.kind, ["x"])]


def test_a_server_says_where_it_is_on_stdout_and_warns_on_stderr(call: Call, verbs: StandIn) -> None:
    result = call("serve", "birds.bundle", "bees=b.bundle", "--port", "0")
    assert (result.stdout, result.stderr) == ("Answering at http://127.0.0.1:8000\n", "! There is no token.\n")
    assert verbs.calls == [("serve", (["birds.bundle", "bees=b.bundle"],), {"port": 0})]


def test_compare_prints_table_verdict_and_where_to_go(call: Call, own_folder: Path) -> None:
    (own_folder / "photos.run").mkdir()
    (own_folder / "photos.run" / "report.md").write_text("x")
    output = call("compare", "photos", "--quiet").stdout
    assert "✓ svm       pool      0.867" in output
    assert "Verdict: Use svm:" in output
    assert "Report: photos.run/report.md\nUse it: headstart predict photos.run/bundles/svm PICTURES\n" in output


@pytest.mark.parametrize("command", [["compare", "photos"], ["demo"], ["run", "ants_bees", "--data", "d"]])
def test_json_is_one_document_and_nothing_else(call: Call, command: list[str]) -> None:
    result = call(*command, "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["runs"] == json.loads(encoded(sample_results()))["runs"]


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_progress_goes_beside_the_answer(call: Call, form: list[str]) -> None:
    loud, quiet = call("compare", "photos", *form), call("compare", "photos", "--quiet", *form)
    assert "decode" in loud.stderr
    assert "epoch" in loud.stderr
    assert quiet.stderr == ""
    assert loud.stdout == quiet.stdout
    assert form or quiet.stdout.startswith("600 pictures, 3 classes")


def test_demo_says_what_comes_next(call: Call, verbs: StandIn) -> None:
    assert "Next:   headstart compare YOUR_FOLDER" in call("demo", "--pictures", "60").stdout
    assert verbs.calls[0][2] == {"pictures": 60}, "the run folder is the library's own"


def test_a_recipe_stands_beside_what_it_expects(call: Call, verbs: StandIn) -> None:
    lines = call("run", "ants_bees", "--data", "bugs", "--epochs", "2").stdout.splitlines()
    assert lines[-3].split() == ["strategy", "here", "expected", "published"]
    assert lines[-2].split() == ["linear", "0.853", "0.900", "to", "0.980", "0.954", "below"]
    assert lines[-1].endswith("as expected")
    assert verbs.calls[0][1] == ("ants_bees",)
    assert verbs.calls[0][2]["data"] == "bugs"


def test_fit_names_its_bundle_after_the_data(call: Call, verbs: StandIn) -> None:
    output = call("fit", "some where/photos", "--strategy", "partial", "--cut", "layer3").stdout
    assert verbs.calls[0][2]["out"] == Path("photos.bundle")
    assert verbs.calls[0][2]["strategy"] == "partial"
    assert output.splitlines()[-3:] == [
        "accuracy 0.867 (95 % interval 0.803 to 0.912) on 150 test pictures",
        "Saved: photos.bundle",
        "Use it: headstart predict photos.bundle PICTURES",
    ]


def test_evaluate_prints_recall_and_confusion(call: Call, verbs: StandIn) -> None:
    output = call("evaluate", "b", "d", "--split", "test", "--quiet").stdout
    assert "accuracy 0.867 on 150 test pictures  (95 % interval 0.803 to 0.912)" in output
    assert "개와 고양이   0.860        50    5           43       2" in output
    assert "Most often mistaken: 개와 고양이 for bee (5)" in output
    assert "broken.jpg: the file ends too early" in output
    assert verbs.calls[0][2] == {"split": "test"}


def test_evaluate_tells_what_came_true(call: Call) -> None:
    class Stated(StandIn):
        def evaluate(self, *given: Any, **options: Any) -> Evaluation:
            reached = SetCoverage(coverage=0.953, interval=(0.9, 0.98), mean_size=1.2, single=0.8, empty=0.0)
            metrics = changed(
                EVALUATION.metrics,
                calibration=Calibration(
                    ece=0.03,
                    ece_before=0.1,
                    ece_if_true=0.02,
                    ece_by_luck_at_most=0.05,
                    loss_before=0.5,
                    reliability=(),
                ),
                sets=SetsMeasured(pictures=400, units=400, levels={"0.95": reached}),
                none_of_these=NoneOfThese(share=0.04, interval=(0.01, 0.09)),
            )
            return changed(EVALUATION, metrics=metrics)

    output = call("evaluate", "b", "d", verbs=Stated()).stdout
    assert "calibration error 0.030 · true class in the 95 % set: 0.953 · classes in a set: 1.20" in " ".join(
        output.split()
    )
    assert "called none of these: 0.040" in " ".join(output.split())


def test_evaluate_as_json(call: Call) -> None:
    assert json.loads(call("evaluate", "b", "d", "--json").stdout) == json.loads(encoded(EVALUATION))


def test_predict_prints_answers_on_stdout_and_remarks_on_stderr(call: Call, verbs: StandIn) -> None:
    result = call("predict", "b", "new", "one.jpg")
    assert result.stdout == "new/1.jpg            bee     0.980\n새 사진/두 번째.jpg  گربه\u200cها  0.512  or bee\n"
    assert "new/x.gif: GIF is not read" in result.stderr
    assert verbs.calls[0][1] == ("b", ["new", "one.jpg"])


def test_predict_as_json(call: Call) -> None:
    document = json.loads(call("predict", "b", "new", "--json").stdout)
    assert document == {
        "rows": json.loads(encoded(PREDICTIONS)),
        "skipped": [{"path": "new/x.gif", "reason": "GIF is not read"}],
    }


def test_predict_as_csv(call: Call, verbs: StandIn, own_folder: Path) -> None:
    result = call("predict", "b", "new", "--csv", "answers.csv", "--grid", "answers.png")
    assert result.stdout == "Written: answers.csv\nWritten: answers.png\n"
    rows = list(csv.DictReader(io.StringIO((own_folder / "answers.csv").read_text(encoding="utf-8-sig"))))
    assert rows[1] == {
        "path": "새 사진/두 번째.jpg",
        "label": "گربه\u200cها",
        "probability": "0.512",
        "set": "گربه\u200cها|bee",
        "none_of_these": "false",
        "reason": "",
        "p_bee": "0.488",
        "p_گربه\u200cها": "0.512",
    }
    assert (rows[0]["set"], rows[0]["none_of_these"]) == ("", ""), "of a bundle that does not know"
    assert verbs.calls[0][2]["grid"] == Path("answers.png")


def test_predict_says_what_else_it_may_be(call: Call) -> None:
    class Unsure(StandIn):
        def predict(self, *given: Any, **options: Any) -> Any:
            answer = super().predict("b", [])
            first, second = answer.rows
            return changed(answer, rows=(changed(first, set=("bee",), none_of_these=True), second))

    lines = call("predict", "b", "x", verbs=Unsure()).stdout.splitlines()
    assert lines[0].endswith("0.980  perhaps none of these")
    assert lines[1].endswith("0.512  or bee")


def test_look_writes_where_it_is_told(call: Call, verbs: StandIn) -> None:
    assert call("look", "photos", "--grid", "g.png", "--augment", "gentle").stdout == "Written: g.png\n"
    assert verbs.calls[0][2]["augment"] == "gentle"


def test_stages_names_a_cut_to_try(call: Call) -> None:
    output = call("stages", "resnet18").stdout
    assert "layer4  256 x 14 x 14  50.2 k       8.4 M   820 M              8.4 M" in output
    assert output.endswith("Use it: headstart fit DATA --strategy partial --backbone resnet18 --cut layer4\n")
    assert json.loads(call("stages", "--json").stdout) == json.loads(encoded(STAGES))


def test_weights_and_data(call: Call, verbs: StandIn) -> None:
    assert "✓  tf_efficientnet_lite0  Apache-2.0" in call("weights", "list").stdout
    assert call("weights", "verify", "resnet18").stdout.splitlines()[-1] == "features    1280"
    assert "Next: headstart compare 'my pictures'" in call("data", "fetch", "hymenoptera", "--to", "x").stdout
    assert verbs.calls[-1] == ("fetch_data", ("hymenoptera",), {"target": Path("x"), "offline": False})


def test_plan_and_dry_run_say_what_would_be_done(call: Call, verbs: StandIn) -> None:
    output = call("plan", "my photos", "--strategies", "full").stdout
    assert [line.split() for line in output.splitlines()[:3]] == [
        ["step", "pictures", "time,", "about", "on", "disk", "FLOPs"],
        ["decode", "397", "1.2", "s", "109", "MB"],
        ["full", "2,440", "1", "min", "47", "s", "5.2", "T"],
    ]
    assert "About 1 min 48 s on 2 threads (cpu), and 109 MB in the cache." in output
    assert output.endswith("Run it: headstart compare 'my photos' --strategies full\n")
    assert call("compare", "my photos", "--strategies", "full", "--dry-run").stdout == output
    assert [name for name, *_ in verbs.calls] == ["plan", "plan"]
    call(*EVERY_OPTION.split(), "--dry-run")
    call(*EVERY_OPTION.replace("compare", "plan").split())
    assert verbs.calls[-1] == verbs.calls[-2], "plan takes what compare takes"
    assert verbs.calls[-1][2]["budget"] == "10m"
    assert json.loads(call("plan", "d", "--json").stdout)["seconds"] == 108.25


def test_a_budget_is_handed_over(call: Call, verbs: StandIn) -> None:
    call("compare", "photos", "--budget", "10m")
    assert verbs.calls[0][2]["budget"] == "10m"


def test_cache(call: Call, verbs: StandIn) -> None:
    lines = call("cache", "list", "--all").stdout.splitlines()
    assert lines[1] == "features  2.6 MB  2026-01-02 03:04  resnet18 at layer3, squash"
    assert lines[-1] == "2.6 MB of at most 50.0 GB in /c"
    assert json.loads(call("cache", "list", "--json").stdout)["bytes"] == 2_600_000
    assert call("cache", "clear", "features").stdout == "Removed 1 entry, 2.6 MB.\n"
    assert verbs.calls[-1] == ("clear_cache", ("features",), {})
    assert call("cache", "limit", "20GB").stdout.startswith("The cache may now take up to 20.0 GB. Files")


def test_version(call: Call) -> None:
    assert call("--version").stdout == f"headstart {headstart.__version__}\n"


def test_names_cannot_steer_the_terminal(call: Call, verbs: StandIn) -> None:
    evil = changed(PREDICTIONS[0], path="a\x1b[2Jb\n.jpg")

    class Evil(StandIn):
        def predict(self, *given: Any, **options: Any) -> Any:
            return changed(super().predict("b", []), rows=(evil,))

    output = call("predict", "b", "x", verbs=Evil()).stdout
    assert "\x1b" not in output
    assert output.count("\n") == 1


def test_a_table_that_somebody_corrected_is_not_replaced(call: Call, own_folder: Path) -> None:
    command, place = ("predict", "b", "new", "--csv", "answers.csv"), own_folder / "answers.csv"
    codes = [call(*command).exit_code for _ in range(2)]
    assert 2 not in codes, "nobody has touched it"
    corrected = place.read_bytes().replace(b"bee", b"ant")
    place.write_bytes(corrected)
    result = call(*command)
    assert result.exit_code == 2
    assert "'answers.csv' was changed since headstart wrote it" in " ".join(result.stderr.split())
    assert "answers-2.csv" in result.stderr
    assert place.read_bytes() == corrected


def test_a_bundle_is_called_as_the_data_were_typed(call: Call, verbs: StandIn, own_folder: Path) -> None:
    (own_folder / "real").mkdir()
    (own_folder / "photos").symlink_to("real")
    call("fit", "photos")
    assert verbs.calls[0][2]["out"] == Path("photos.bundle")


def test_fit_does_not_replace_an_older_bundle_unasked(call: Call, verbs: StandIn, own_folder: Path) -> None:
    (own_folder / "photos.v1").mkdir()
    (own_folder / "photos.v1.bundle").mkdir()
    result = call("fit", "photos.v1")
    assert result.exit_code == 2
    assert "'photos.v1.bundle' already exists" in result.stderr
    assert verbs.calls == []
    assert call("fit", "photos.v1", "--out", "photos.v1.bundle").exit_code == 0


def test_what_was_trained_on_is_told_with_the_accuracy(call: Call) -> None:
    class Seen(StandIn):
        def evaluate(self, *given: Any, **options: Any) -> Evaluation:
            return changed(EVALUATION, trained_on=7)

    shown = " ".join(call("evaluate", "b", "d", "-q", verbs=Seen()).stdout.split())
    assert "! The classifier was trained on 7 of these 150 pictures" in shown


def test_a_recipe_with_another_network_is_not_judged(call: Call) -> None:
    class Other(StandIn):
        def run_recipe(self, *given: Any, **options: Any) -> Any:
            answer = super().run_recipe("ants_bees", progress=None)
            recipe = changed(answer.results.recipe, own_network=False)
            return SimpleNamespace(**{**vars(answer), "results": changed(answer.results, recipe=recipe)})

    output = call("run", "ants_bees", "--data", "d", "--backbone", "resnet50", verbs=Other()).stdout
    assert "another network" in output
    assert "as expected" not in output


def test_after_an_answer_the_network_is_exported(call: Call, verbs: StandIn) -> None:
    call("predict", "b", "new")
    assert [name for name, *_ in verbs.calls] == ["predict", "prepare_engine"]
    verbs.calls.clear()
    call("predict", "b", "new", "--engine", "torch")
    assert [name for name, *_ in verbs.calls] == ["predict"]


def test_an_export_that_fails_takes_nothing_from_the_answer(call: Call) -> None:
    class Full(StandIn):
        def prepare_engine(self, *given: Any, **options: Any) -> bool:
            raise StoreError("'/c' could not be written.", hint="Free some space.")

    result = call("predict", "b", "new", verbs=Full())
    assert result.exit_code == 0
    assert "new/1.jpg" in result.stdout
    assert "no faster: '/c' could not be written." in result.stderr


def test_activity_hands_over_its_options_and_prints_the_answer(call: Call, verbs: StandIn) -> None:
    options = "--backbone resnet18 --epochs 3 --seed 7 --image-size 96 --set batch-size=16 --split s.parquet"
    result = call("activity", "photos", "--unfreeze", "0..5", *options.split(), "--threads", "1")
    assert result.exit_code == 0, result.output
    verb, given, found = verbs.calls[-1]
    assert (verb, given) == ("activity", ("photos",))
    assert found == {
        "unfreeze": "0..5",
        "backbone": "resnet18",
        "epochs": 3,
        "seed": 7,
        "training": {"batch_size": 16},
        "image_size": 96,
        "split": Path("s.parquet"),
        "threads": 1,
    }
    assert "Yes: the share falls." in result.stdout
    assert "Report: black.run/report.html" in result.stdout
    assert json.loads(call("activity", "photos", "--json").stdout)["activity"]["pictures"] == 150


def test_a_report_says_where_it_is(call: Call, verbs: StandIn, own_folder: Path) -> None:
    result = call("report", "photos.run", "--data", "/elsewhere")
    assert (result.exit_code, result.stdout) == (0, "Report: report.html\n")
    given = verbs.calls[-1]
    assert given[:2] == ("write_report", (Path("photos.run"),))
    assert (given[2]["data"], given[2]["quick"], given[2]["activity"]) == (Path("/elsewhere"), False, False)
    assert call("report", "photos.run", "--quick").exit_code == 0
    assert verbs.calls[-1][2]["quick"] is True
    assert call("report", "photos.run", "--activity").exit_code == 0
    assert verbs.calls[-1][2]["activity"] is True
    assert json.loads(call("report", "photos.run", "--json").stdout) == {"page": "report.html", "bytes": 15}


def test_a_report_tells_the_trackers_that_are_named(
    call: Call, verbs: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("headstart.report.trackers.choosing.find_spec", lambda name: object())
    result = call("report", "photos.run", "--mlflow", "--data", "/elsewhere")
    assert (result.exit_code, result.stdout) == (0, "Report: report.html\nMLflow: mlflow ui of photos.run\n")
    assert [name for name, *_ in verbs.calls] == ["write_report", "track"], "the page comes first: it is kept there"
    assert verbs.calls[-1] == ("track", (Path("photos.run"), ["mlflow"]), {"data": Path("/elsewhere")})
    answer = json.loads(call("report", "photos.run", "--mlflow", "--json").stdout)
    assert answer["tracked"][0]["look"] == "mlflow ui of photos.run"


def test_a_missing_tracker_is_said_before_the_page_is_made(
    call: Call, verbs: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("headstart.report.trackers.choosing.find_spec", lambda name: None)
    result = call("report", "photos.run", "--wandb")
    assert (result.exit_code, verbs.calls) == (7, [])
    assert 'pip install "headstart[wandb]"' in result.stderr


def test_what_trackers_said_follows_a_comparison_and_failures_stand_aside(call: Call) -> None:
    class Tracking(StandIn):
        def compare(self, *given: Any, **options: Any) -> Any:
            ended = super().compare(*given, **options)
            told = (Tracked("mlflow", "MLflow", "mlflow ui", 3), Tracked("wandb", "W&B", error="It is away."))
            return SimpleNamespace(**{**vars(ended), "tracked": told})

    result = call("compare", "photos", "--mlflow", "--wandb", verbs=Tracking())
    assert result.exit_code == 0, "the results stand"
    assert "MLflow: mlflow ui" in result.stdout
    assert "! It is away." in result.stderr
    assert "It is away." not in result.stdout
    answer = call("compare", "photos", "--mlflow", "--json", verbs=Tracking())
    json.loads(answer.stdout)
    assert "MLflow: mlflow ui" in answer.stderr


def test_runs_stand_side_by_side(call: Call, verbs: StandIn) -> None:
    result = call("compare-runs", "a.run", "b.run", "--page", "both.html")
    assert result.exit_code == 0
    assert result.stdout.count("✓ 0.867") == 2
    assert "Report: both.html" in result.stdout
    assert verbs.calls[-1] == ("compare_runs", ([Path("a.run"), Path("b.run")],), {"page": Path("both.html")})


@pytest.mark.parametrize("form", [[], ["--json"], ["--csv", "answers.csv"]])
def test_pictures_without_an_answer_have_an_exit_code(call: Call, form: list[str]) -> None:
    class Some(StandIn):
        def predict(self, *given: Any, **options: Any) -> Any:
            answer = super().predict("b", [])
            return changed(answer, unread=answer.skipped)

        def evaluate(self, *given: Any, **options: Any) -> Evaluation:
            return changed(EVALUATION, unread=1)

    result = call("predict", "b", "new", *form, verbs=Some())
    assert result.exit_code == 10, "the answers stand, and somebody who does not read them knows that some are missing"
    assert "GIF is not read" in (result.stdout if form == ["--json"] else result.stderr)
    assert call("predict", "b", "new", *form).exit_code == 0
    assert call("evaluate", "b", "d", *(form if form == ["--json"] else []), verbs=Some()).exit_code == 10


def test_the_cache_is_summed_by_kind(call: Call) -> None:
    class Full(StandIn):
        def list_cache(self) -> Any:
            one = super().list_cache().entries[0]
            pooled = changed(one, bytes=1_000_000, about=CachedAbout(backbone="resnet18", cut="pool"))
            trained = changed(one, kind="trainings", bytes=5_000, used="2026-01-01T00:00:00+00:00")
            entries = (one, pooled, *[trained] * 150)
            return CacheListing(folder="/c", bytes=4_350_000, limit=5 * 10**10, entries=entries)

    lines = [" ".join(line.split()) for line in call("cache", "list", width=110, verbs=Full()).stdout.splitlines()]
    assert lines[0] == "kind what entries size last used (UTC) oldest"
    assert lines[1].startswith("features activations for partial training 1 2.6 MB 2026-01-02 03:04 ")
    assert lines[2].startswith("features features of pictures 1 1.0 MB ")
    assert lines[3].startswith("trainings trained classifiers 150 750 kB 2026-01-01 00:00 ")
    assert lines[3].endswith(" days")
    assert lines[4:6] == ["", "4.3 MB of at most 50.0 GB in /c"]
    assert "Clear one kind: headstart cache clear features" in lines
    assert len(lines) < 12
    assert len(call("cache", "list", "--all", verbs=Full()).stdout.splitlines()) > 150
    assert all(len(line) <= 60 for line in call("cache", "list", width=60, verbs=Full()).stdout.splitlines())


STEERING = "a\x1b[2J\x9b31m\x07\r\u202egpj.exe\u2028b"
FORBIDDEN = set("\x1b\x9b\x07\r\u202e\u2028")


@pytest.mark.parametrize(
    "command",
    ["predict b x", "predict b x --json", "evaluate b d", "compare x", "fit d", "cache list --all", "weights list"],
)
def test_no_name_steers_the_terminal_whatever_is_printed(call: Call, command: str) -> None:
    """Answers, errors and what was typed: all that is printed comes through one of two doors."""

    class Hostile(StandIn):
        def _called(self, verb: str, *given: Any, **options: Any) -> None:
            if verb in ("compare", "fit"):
                raise DataError(f"'{STEERING}' is not there.", hint=f"Look for {STEERING}.")

        def predict(self, *given: Any, **options: Any) -> Any:
            row = changed(PREDICTIONS[1], path=STEERING, label=STEERING, set=(STEERING, "bee"))
            return changed(super().predict("b", []), rows=(row,), skipped=(Skipped(path=STEERING, reason=STEERING),))

        def evaluate(self, *given: Any, **options: Any) -> Evaluation:
            return changed(EVALUATION, classes=(STEERING, "b", "c"), skipped=(Skipped(path=STEERING, reason="x"),))

        def list_cache(self) -> Any:
            found = super().list_cache()
            about = CachedAbout(strategy=STEERING, data=STEERING)
            return changed(found, folder=STEERING, entries=(changed(found.entries[0], about=about),))

        def list_weights(self) -> Any:
            return (changed(super().list_weights()[0], name=STEERING, source=STEERING),)

    result = call(*command.split(), verbs=Hostile())
    shown = result.stdout + result.stderr
    assert not FORBIDDEN & set(shown) - ({"\u202e", "\u2028"} if "--json" in command else set())
    assert "31m" in shown


def test_what_was_typed_is_repeated_without_what_steers_a_terminal(call: Call) -> None:
    """A * of the shell may bring the name of a file that looks like an option."""
    for typed in (
        ["predict", "b", f"--{STEERING}"],
        [STEERING],
        ["look", "d", "--pictures", STEERING],
        ["stages", "a", STEERING],
    ):
        result = call(*typed)
        assert result.exit_code == 2
        assert not FORBIDDEN & set(result.output)
