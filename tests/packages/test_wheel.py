"""Installs the wheel of a release beside each Airflow, and the sources with `pip install .` into an empty
environment. STEAMFLOW_BIN is the folder of the stand-in."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from checkout import ROOT, VERSION, building, command, copy_checkout

PROGRAMS = Path(os.environ.get("STEAMFLOW_BIN", ROOT / "build/bin")).resolve()
TASKS = sorted(path.parent.name.replace("_", "-") for path in ROOT.glob("tasks/*/main.cpp"))
DAG_IDS = sorted({path.stem for path in ROOT.glob("dags/*.py")} - {"steam_lake", "steam_windows"})
KEY = "0123456789ABCDEF0123456789ABCDEF"
LARGEST_MB = 25


class Environment:
    """A Python environment in which pip has installed something."""

    def __init__(self, folder: Path, *installed: str | Path):
        self.folder, self.bin = folder, folder / "bin"
        command(sys.executable, "-m", "venv", folder)
        (self.packages,) = folder.glob("lib/python3*/site-packages")
        command(self.bin / "pip", "install", "--quiet", *installed, env=building())

    def run(self, program: str, *arguments: str | Path, **environment: str) -> str:
        """Runs a program without the variables that could make it use files outside of the
        environment."""
        kept = {name: os.environ[name] for name in ("HOME", "LC_ALL") if name in os.environ}
        path = {"PATH": f"{self.bin}:/usr/bin:/bin"}
        return command(self.bin / program, *arguments, env=kept | path | environment, timeout=300)


class AirflowEnvironment(Environment):
    """`packages` is the folder of another environment's packages, which it sees as if they were its own."""

    def __init__(self, folder: Path, wheel: Path, packages: Path):
        super().__init__(folder, "--no-index", "--no-deps", wheel)
        (self.packages / "others.pth").write_text(f"{packages}\n")
        self.dags = folder / "dags"
        self.settings = {
            "AIRFLOW_HOME": str(folder / "airflow"),
            "AIRFLOW__CORE__DAGS_FOLDER": str(self.dags),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        }
        self.run("steamflow", "dags", "install", self.dags)
        self.airflow("db", "migrate")

    def airflow(self, *arguments: str, **environment: str) -> str:
        return self.run("python", "-m", "airflow", *arguments, **self.settings | environment)

    def listed(self, *arguments: str) -> list[dict[str, str]]:
        """The list that a command of Airflow prints as JSON, after lines of its log."""
        said = self.airflow(*arguments, "--output", "json")
        found: list[dict[str, str]] = json.loads(said[said.index("[{") :])
        return found


def libraries_outside(program: Path, folder: Path) -> set[str]:
    """The names of the libraries that a program loads from outside of the folder, without those of the
    C library."""
    loaded = re.findall(r"=> (.+) \(0x", command("ldd", program))
    outside = {Path(path) for path in loaded if not Path(path).is_relative_to(folder)}
    own = {"libc", "libm", "libresolv", "libdl", "libpthread", "librt"}
    return {path.name for path in outside} - {f"{name}.so.{n}" for name in own for n in (1, 2, 6)}


@pytest.fixture(scope="module")
def wheel(released: Path) -> Path:
    (path,) = released.glob("build-release/*.whl")
    return path


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """By `pip install .` in a folder with the sources, which is no checkout of git."""
    folder = tmp_path_factory.mktemp("plain")
    copy_checkout(folder / "sources")
    return Environment(folder / "environment", folder / "sources")


@pytest.fixture(scope="module", params=["2", "3"])
def airflow(
    request: pytest.FixtureRequest, wheel: Path, tmp_path_factory: pytest.TempPathFactory
) -> AirflowEnvironment:
    others = Path(command(ROOT / "tests/services/airflow", request.param).strip())
    (packages,) = others.glob("lib/python3*/site-packages")
    return AirflowEnvironment(tmp_path_factory.mktemp("airflow") / request.param, wheel, packages)


@pytest.fixture(scope="module")
def steam() -> Iterator[str]:
    standin = subprocess.Popen(
        [PROGRAMS / "steam-standin", "--port", "0", "--key", KEY, "--exit-with-stdin"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with standin:  # this closes its standard input, and then it ends
        assert standin.stdout
        yield standin.stdout.readline().strip()


def test_a_second_build_elsewhere_gives_the_same_bytes(wheel, plain):
    """What pip installs from the sources is what the wheel has."""
    inside = zipfile.ZipFile(wheel)
    names = [
        each.filename
        for each in inside.infolist()
        if not each.is_dir() and ".dist-info/" not in each.filename
    ]
    assert len(names) > 50
    places = {"scripts": plain.bin, "data": plain.folder}
    for name in names:
        data = re.fullmatch(r"[^/]+\.data/(\w+)/(.+)", name)
        place = places[data[1]] / data[2] if data else plain.packages / name
        there, content = place.read_bytes(), inside.read(name)
        if content.startswith(b"#!python\n"):  # pip has made it that of the environment
            there, content = (each.partition(b"\n")[2] for each in (there, content))
        assert there == content, f"{place} and {name} of {wheel}"


def test_the_wheel_is_of_any_python_and_of_this_c_library_at_most(wheel):
    name = re.fullmatch(
        rf"steamflow-{VERSION}-py3-none-manylinux_2_(\d+)_{os.uname().machine}.whl", wheel.name
    )
    assert name, wheel.name
    own = re.search(r"2\.(\d+)$", os.confstr("CS_GNU_LIBC_VERSION") or "")
    assert own
    assert int(name[1]) <= int(own[1])
    assert wheel.stat().st_size < LARGEST_MB * 1e6


def test_the_page_says_how_large_it_is(wheel):
    (told,) = re.findall(r"The wheel .*? (\d+) MB", (ROOT / "README.md").read_text(), re.DOTALL)
    assert abs(wheel.stat().st_size / 1e6 - int(told)) < 2


def test_each_library_has_its_licence(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    libraries = [name for name in names if "/data/lib/steamflow/" in name]
    licences = [name for name in names if "/data/share/doc/steamflow/licences/" in name]
    assert len(libraries) > 10
    assert len(licences) > 10
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)


def test_the_extras_ask_for_the_oldest_providers_that_are_tested(wheel):
    metadata = zipfile.ZipFile(wheel).read(f"steamflow-{VERSION}.dist-info/METADATA").decode()
    provider = r"(apache-airflow-providers-[a-z-]+)"
    asked = re.findall(rf"^Requires-Dist: {provider}>=([\d.]+);", metadata, re.MULTILINE)
    tested = (ROOT / "tests/dags/requirements-oldest.in").read_text()
    assert dict(asked) == dict(re.findall(rf"^{provider}==([\d.]+)$", tested, re.MULTILINE))


def test_the_programs_have_all_they_need_without_airflow(plain):
    there = {path.name for path in plain.bin.iterdir()}
    assert {*TASKS, "steamflow", "steamflow-bundle", "steamflow-dags"} <= there
    for program in (*TASKS, "steamflow"):
        assert libraries_outside(plain.bin / program, plain.folder) == set()
        assert ".symtab" not in command("readelf", "--sections", plain.bin / program)
        assert f"{program} {VERSION}\n" == plain.run(program, "--version")
    assert plain.run("steam-player-summaries", "--help").startswith("Walks Steam ids")
    assert (plain.folder / "share/steamflow/topics.json").exists()


def test_a_program_runs_without_airflow(plain, steam):
    for program in (["steam-news"], ["steamflow", "steam-news"]):
        said = plain.run(*program, "--sink", "stdout", AIRFLOW_VAR_STEAM_API_URL=steam)
        *records, result = map(json.loads, said.splitlines())
        assert result["status"] == "success"
        assert len(records) == result["sink"]["records"] > 0


def test_the_dags_are_copied_and_those_of_an_earlier_version_replaced(plain, tmp_path):
    folder = tmp_path / "of airflow" / "dags"
    folder.mkdir(parents=True)
    (folder / "steam_user.py").write_text("an earlier version")
    (folder / "mine.py").write_text("mine")
    (folder / ".steam_user.py.new").write_text("of somebody who installs at the same time")
    told = plain.run("steamflow", "dags", "install", folder)
    assert told.splitlines() == [str(folder / f"{dag_id}.py") for dag_id in DAG_IDS]
    assert (folder / "mine.py").read_text() == "mine"
    for dag_id in DAG_IDS:
        assert (folder / f"{dag_id}.py").read_bytes() == (ROOT / f"dags/{dag_id}.py").read_bytes()
    others = {"mine.py", ".steam_user.py.new"}
    assert {path.name for path in folder.iterdir()} == {*others, *(f"{d}.py" for d in DAG_IDS)}


def test_a_dag_that_cannot_be_put_in_its_place_is_not_left_beside_it(plain, tmp_path):
    (tmp_path / f"{DAG_IDS[0]}.py").mkdir()
    done = subprocess.run(
        [plain.bin / "steamflow", "dags", "install", tmp_path], check=False, capture_output=True
    )
    assert done.returncode == 1
    assert [path.name for path in tmp_path.iterdir()] == [f"{DAG_IDS[0]}.py"]


def test_a_package_in_the_dag_folder_would_hide_that_of_the_wheel(plain, tmp_path):
    (tmp_path / "steamflow").mkdir()
    done = subprocess.run(
        [plain.bin / "steamflow", "dags", "install", tmp_path],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert f"{tmp_path}/steamflow hides the package that pip installed" in done.stderr
    assert not list(tmp_path.glob("*.py"))


def test_bundles_in_the_environment_find_their_libraries(plain):
    dags = plain.folder / "dags"
    bundles = plain.folder / "bundles"
    plain.run("steamflow", "dags", "install", dags, "--bundles", bundles)
    assert {"steam_user", "steam_to_postgres"} <= {path.name for path in bundles.iterdir()}
    for bundle in bundles.iterdir():
        assert libraries_outside(bundle, plain.folder) == set()
        assert command(bundle, "--version") == f"steamflow {VERSION}\n"


def test_airflow_knows_the_provider(airflow):
    providers = {each["package_name"]: each for each in airflow.listed("providers", "list")}
    assert providers["steamflow"]["version"] == VERSION
    hooks = {each["connection_type"]: each for each in airflow.listed("providers", "hooks")}
    assert hooks["connect"]["class"] == "steamflow.connect.ConnectHook"
    links = airflow.listed("providers", "links")
    assert {"extra_link_class_name": "steamflow.links.DashboardLink"} in links


def test_airflow_reads_the_dags_of_the_wheel(airflow):
    airflow.airflow("dags", "reserialize")
    listed = {each["dag_id"]: each for each in airflow.listed("dags", "list")}
    assert sorted(listed) == DAG_IDS
    assert "No data found" in airflow.airflow("dags", "list-import-errors")
    imported = (
        "import steamflow.dags.steam_user as m, steamflow.task as t; print(m.__file__, t.__file__)"
    )
    for path in airflow.run("python", "-c", imported, **airflow.settings).split()[-2:]:
        assert Path(path).is_relative_to(airflow.folder / "lib")


def test_a_dag_runs_from_the_wheel(airflow, steam):
    """It finds the programs of its environment, which is first on PATH."""
    said = airflow.airflow("dags", "test", "steam_test_dags", AIRFLOW_VAR_STEAM_API_URL=steam)
    (result,) = re.findall(r'\{"task":"steam-news".*"elapsed_seconds":[\d.]+\}', said)[:1]
    assert json.loads(result)["status"] == "success"
    assert json.loads(result)["run"]["dag_id"] == "steam_test_dags"
