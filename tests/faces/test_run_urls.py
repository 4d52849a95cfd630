"""`mcp-rag diagnose URL` and `extract URL` against servers that answer as GitHub's and GitLab's APIs do."""

from __future__ import annotations

import io
import json
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ci_server import Answer, Asked, CiServer
from server_process import mcp_rag

from mcp_rag.connectors import Accounts, FailedJob, fetch_failed_jobs, place_of
from mcp_rag.errors import McpRagError
from mcp_rag.faces.exit_codes import exit_code_of

TOKEN = "ghp_0123456789abcdefghijklmnopqrstuvwxyz"
STAMP = "2026-01-02T03:04:05.1234567Z "
STEPS = [f"step {n} of the build is done" for n in range(30)]
NOISE = "ERROR: telemetry could not be sent, going on without"
FAILURE = ["Traceback (most recent call last):", '  File "a.py", line 3, in go', "    np.float(3)"]
CAUSE = "AttributeError: module 'numpy' has no attribute 'float'."


def log_of(*lines: str) -> bytes:
    return "".join(f"{STAMP}{line}\n" for line in lines).encode()


GREEN = log_of(*STEPS, NOISE, "all done")
RED = log_of(*STEPS, NOISE, *FAILURE, CAUSE, "##[error]Process completed with exit code 1.")


@pytest.fixture
def ci() -> Iterator[CiServer]:
    with CiServer() as server:
        yield server


@pytest.fixture
def storage() -> Iterator[CiServer]:
    with CiServer() as server:
        yield server


def github(ci: CiServer, storage: CiServer) -> str:
    """A run 7 of which the job `test` failed, a green run 5 on main, logs stored elsewhere; the run's address."""
    web, api = f"{ci.url}/octo/shop", "/api/v3/repos/octo/shop"

    def job(number: int, name: str, conclusion: str, run: int = 7) -> dict[str, Any]:
        address = f"{web}/actions/runs/{run}/job/{number}"
        return {"id": number, "run_id": run, "name": name, "conclusion": conclusion, "html_url": address}

    ci.routes |= {
        f"{api}/actions/runs/7": Answer({"id": 7, "workflow_id": 99, "conclusion": "failure"}),
        f"{api}/actions/runs/7/jobs": Answer({"jobs": [job(70, "lint", "success"), job(71, "test", "failure")]}),
        f"{api}/actions/jobs/71": Answer(job(71, "test", "failure")),
        f"{api}/actions/jobs/71/logs": Answer(status=302, headers={"location": f"{storage.url}/blob/71?sig=x"}),
        f"{api}/actions/workflows/99/runs": Answer({"workflow_runs": [{"id": 5}]}),
        f"{api}/actions/runs/5/jobs": Answer({"jobs": [job(51, "test", "success", 5)]}),
        f"{api}/actions/jobs/51/logs": Answer(status=302, headers={"location": f"{storage.url}/blob/51"}),
        api: Answer({"default_branch": "main"}),
    }
    storage.routes |= {"/blob/71": Answer(RED), "/blob/51": Answer(GREEN)}
    return f"{web}/actions/runs/7"


def gitlab(ci: CiServer) -> str:
    """A pipeline 8 of which the job `unit` failed, a green pipeline 6 on main; the pipeline's address."""
    web, api = f"{ci.url}/top/sub/shop", "/api/v4/projects/top%2Fsub%2Fshop"

    def job(number: int, name: str, status: str, **more: Any) -> dict[str, Any]:
        return {"id": number, "name": name, "status": status, "web_url": f"{web}/-/jobs/{number}", **more}

    def jobs(asked: Asked) -> Answer:
        assert asked.query["scope[]"] == ["failed"]
        return Answer([job(80, "flaky", "failed", allow_failure=True), job(81, "unit", "failed")])

    ci.routes |= {
        api: Answer({"default_branch": "main"}),
        f"{api}/pipelines/8/jobs": jobs,
        f"{api}/pipelines/8/bridges": Answer([]),
        f"{api}/jobs/81": Answer(job(81, "unit", "failed")),
        f"{api}/jobs/81/trace": Answer(RED),
        f"{api}/pipelines": Answer([{"id": 6}]),
        f"{api}/pipelines/6/jobs": Answer([job(60, "lint", "success"), job(61, "unit", "success")]),
        f"{api}/jobs/61/trace": Answer(GREEN),
    }
    return f"{web}/-/pipelines/8"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One home for all of these tests: filling it is the expensive part."""
    return tmp_path_factory.mktemp("fetching") / "home"


def diagnose(home: Path, *arguments: object, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return mcp_rag(home, "diagnose", *arguments, **environment)


def fetch(url: str, folder: Path, told: list[str], *, compare: bool = False) -> list[FailedJob]:
    """The same without a process: what the server gave. What would be waited is told."""
    place, pause = place_of(url, Accounts()), lambda seconds: told.append(f"waited {seconds:g}")
    return fetch_failed_jobs(place, folder, told.append, max_bytes=1_000_000, compare=compare, wait=pause)


def refused(url: str, folder: Path) -> tuple[int, str]:
    """The exit code and the sentence of what goes wrong."""
    with pytest.raises(McpRagError) as error:
        fetch(url, folder, [])
    return exit_code_of(error.value), str(error.value)


def rows(done: subprocess.CompletedProcess[bytes]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("path", ["pull/3/checks?check_run_id=71", "runs/71", "runs/71?check_suite_focus=true"])
def test_a_check_of_a_pull_request_is_the_job(ci: CiServer, storage: CiServer, tmp_path: Path, path: str) -> None:
    github(ci, storage)
    (failed,) = fetch(f"{ci.url}/octo/shop/{path}", tmp_path, [], compare=True)
    assert failed.job.name == "test"
    assert failed.good is not None, "of the job's run, its workflow's last green one"


def test_the_failed_job_of_a_github_run_is_diagnosed_beside_its_last_green_run(
    ci: CiServer, storage: CiServer, home: Path
) -> None:
    url = github(ci, storage)
    api = f"{ci.url}/api/v3"
    done = diagnose(home, "--json", url + "?pr=1#step:4:12", GITHUB_API_URL=api, GITHUB_TOKEN=TOKEN)
    (row,) = rows(done)
    assert (row["verdict"], row["source"]) == ("known", f"{url}/job/71")
    assert row["failure"]["message"].startswith("AttributeError: module 'numpy'")
    shown = {number for span in row["spans"] for number in range(span["first"], span["last"] + 1)}
    assert STEPS.__len__() + 1 not in shown, "what the green run printed too is not the failure"
    assert b"compared with" in done.stderr
    (runs,) = [asked for asked in ci.asked if asked.path.endswith("/workflows/99/runs")]
    assert (runs.query["branch"], runs.query["status"]) == (["main"], ["success"])


def test_the_token_goes_to_its_own_server_alone(ci: CiServer, storage: CiServer, home: Path) -> None:
    url = github(ci, storage)
    done = diagnose(home, "--json", url, GITHUB_API_URL=f"{ci.url}/api/v3", GITHUB_TOKEN=TOKEN)
    assert {asked.headers.get("authorization") for asked in ci.asked} == {f"Bearer {TOKEN}"}
    assert storage.paths() == ["/blob/71", "/blob/51"]
    assert not any("authorization" in asked.headers or TOKEN in str(asked) for asked in storage.asked)
    assert TOKEN.encode() not in done.stdout + done.stderr
    assert not [path for path in home.rglob("*") if path.is_file() and TOKEN.encode() in path.read_bytes()]


def test_another_server_than_the_tokens_is_asked_without_it(ci: CiServer, storage: CiServer, home: Path) -> None:
    done = diagnose(home, "--json", github(ci, storage), GITHUB_TOKEN=TOKEN)
    assert rows(done)[0]["verdict"] == "known"
    assert not any("authorization" in asked.headers for asked in ci.asked)


def test_a_jobs_url_is_that_job_and_no_good_leaves_the_green_run_alone(
    ci: CiServer, storage: CiServer, home: Path
) -> None:
    url = github(ci, storage)
    (row,) = rows(diagnose(home, "--json", "--no-good", f"{url}/job/71"))
    assert row["verdict"] == "known"
    assert ci.paths() == ["/api/v3/repos/octo/shop/actions/jobs/71", "/api/v3/repos/octo/shop/actions/jobs/71/logs"]
    assert storage.paths() == ["/blob/71"]


def test_extract_shows_the_failed_jobs_lines_and_asks_for_no_green_run(
    ci: CiServer, storage: CiServer, home: Path, tmp_path: Path
) -> None:
    url = github(ci, storage)
    missing = tmp_path / "none.log"
    done = mcp_rag(home, "extract", "--json", url, missing, f"{ci.url}/octo/shop/actions/runs/8")
    shown, no_file, no_run = rows(done)
    assert (shown["source"], done.returncode) == (f"{url}/job/71", 0)
    assert any(span["first"] <= len(STEPS) + 1 + len(FAILURE) + 1 <= span["last"] for span in shown["spans"])
    assert (no_file["source"], no_run["source"]) == (str(missing), f"{ci.url}/octo/shop/actions/runs/8")
    assert storage.paths() == ["/blob/71"]


def test_what_lacks_for_comparing_is_told_and_the_answer_comes(ci: CiServer, storage: CiServer, home: Path) -> None:
    url = github(ci, storage)
    ci.routes["/api/v3/repos/octo/shop/actions/workflows/99/runs"] = Answer({"workflow_runs": []})
    done = diagnose(home, "--json", url)
    assert rows(done)[0]["verdict"] == "known"
    assert b"not compared: no green run on the default branch" in done.stderr
    ci.routes["/api/v3/repos/octo/shop"] = Answer({"odd": 1})
    done = diagnose(home, "--json", url)
    assert rows(done)[0]["verdict"] == "known"
    assert b"there is no default_branch in its answer" in done.stderr


def archive(**members: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as out:
        for name, data in members.items():
            out.writestr(name, data)
    return packed.getvalue()


@pytest.mark.parametrize(
    "members",
    [
        {"0_lint.txt": GREEN, "1_test.txt": RED, "test/1_Set up job.txt": GREEN},
        {"test/2_Run.txt": RED, "test/1_Set up job.txt": GREEN, "lint/1_Set up job.txt": GREEN},
    ],
)
def test_where_a_job_has_no_log_of_its_own_the_runs_archive_has_it(
    ci: CiServer, storage: CiServer, tmp_path: Path, members: dict[str, bytes]
) -> None:
    url = github(ci, storage)
    ci.routes["/api/v3/repos/octo/shop/actions/jobs/71/logs"] = Answer({"message": "Not Found"}, 404)
    ci.routes["/api/v3/repos/octo/shop/actions/runs/7/logs"] = Answer(archive(**members))
    (failed,) = fetch(url, tmp_path, [])
    assert RED in failed.log.path.read_bytes()


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (archive(**{"0_test.txt": b"0" * 50_000_000}), "unpacks to more than 1,000,000 bytes"),
        (b"x" * 2_000_000, "more than 1,000,000 bytes"),
        (b"PK\x03\x04 is no archive", "damaged archive"),
        (archive(**{"0_lint.txt": GREEN, "1_build.txt": GREEN}), "no log of the job test"),
    ],
)
def test_a_log_that_is_too_large_or_damaged_is_refused(
    ci: CiServer, storage: CiServer, tmp_path: Path, body: bytes, told: str
) -> None:
    url = github(ci, storage)
    storage.routes["/blob/71"] = Answer(body)
    assert told in refused(url, tmp_path)[1]


def test_a_gitlab_pipeline_is_diagnosed_in_subgroups_and_with_its_own_token(ci: CiServer, home: Path) -> None:
    url = gitlab(ci)
    done = diagnose(home, "--json", url, GITLAB_HOST=ci.url, GITLAB_TOKEN="glpat-secretsecretsecret1")
    (row,) = rows(done)
    assert (row["verdict"], row["source"]) == ("known", f"{ci.url}/top/sub/shop/-/jobs/81")
    assert {asked.headers.get("private-token") for asked in ci.asked} == {"glpat-secretsecretsecret1"}
    assert b"compared with" in done.stderr
    (row,) = rows(diagnose(home, "--json", "--no-good", f"{ci.url}/top/sub/shop/-/jobs/81"))
    assert row["verdict"] == "known"


def test_a_failed_child_pipelines_jobs_are_found(ci: CiServer, tmp_path: Path) -> None:
    url = gitlab(ci)
    api = "/api/v4/projects/top%2Fsub%2Fshop"
    ci.routes[f"{api}/pipelines/8/jobs"] = Answer([])
    below = {"id": 9, "project_id": 42, "status": "failed"}
    ci.routes[f"{api}/pipelines/8/bridges"] = Answer([{"id": 1, "downstream_pipeline": below}])
    ci.routes["/api/v4/projects/42/pipelines/9/jobs"] = Answer([{"id": 90, "name": "unit", "web_url": "http://x/90"}])
    ci.routes["/api/v4/projects/42/jobs/90/trace"] = Answer(RED)
    (failed,) = fetch(url, tmp_path, [])
    assert (failed.log.name, failed.log.path.read_bytes()) == ("http://x/90", RED)


def test_lists_are_followed_over_their_pages(ci: CiServer, storage: CiServer, tmp_path: Path) -> None:
    url = github(ci, storage)
    path = "/api/v3/repos/octo/shop/actions/runs/7/jobs"
    second = ci.routes[path]
    assert isinstance(second, Answer)

    def jobs(asked: Asked) -> Answer:
        more = {"link": f'<{ci.url}{path}?page=2&per_page=100>; rel="next"'}
        return second if asked.query.get("page") == ["2"] else Answer({"jobs": []}, headers=more)

    ci.routes[path] = jobs
    assert [failed.job.id for failed in fetch(url, tmp_path, [])] == [71]


def test_several_failed_jobs_are_several_answers(ci: CiServer, storage: CiServer, tmp_path: Path) -> None:
    url = github(ci, storage)
    jobs = [
        {"id": 100 + n, "name": f"test ({n})", "conclusion": "failure", "html_url": f"http://x/{n}"} for n in range(7)
    ]
    ci.routes["/api/v3/repos/octo/shop/actions/runs/7/jobs"] = Answer({"jobs": jobs})
    for job in jobs:
        ci.routes[f"/api/v3/repos/octo/shop/actions/jobs/{job['id']}/logs"] = Answer(RED)
    told: list[str] = []
    assert [failed.log.name for failed in fetch(url, tmp_path, told)] == [f"http://x/{n}" for n in range(5)]
    assert "7 jobs failed; the first 5 are looked at" in told[0]


def test_a_server_that_stumbles_or_asks_to_wait_is_waited_for(ci: CiServer, storage: CiServer, tmp_path: Path) -> None:
    url = github(ci, storage)
    path = "/api/v3/repos/octo/shop/actions/runs/7/jobs"
    good = ci.routes[path]
    assert isinstance(good, Answer)
    ci.routes[path] = [Answer(status=502), Answer(status=403, headers={"retry-after": "1"}), good]
    told: list[str] = []
    assert len(fetch(url, tmp_path, told)) == 1
    assert told[0].endswith("answered 502; trying again in 0.5 s")
    assert told[1:4:2] == ["waited 0.5", "waited 1"]
    assert told[2].endswith("its rate limit is used up for 1 s")


@pytest.mark.parametrize(
    ("answer", "code", "told"),
    [
        (Answer(status=401), 9, "refuses to answer: status 401. No token was sent: set GITHUB_TOKEN to a token that"),
        (Answer(status=404), 4, "or it may not be seen with this token. No token was sent"),
        (Answer(status=410), 4, "logs are deleted after some time"),
        (Answer(b"<html>sign in</html>"), 9, "its answer is no JSON"),
        (Answer({"jobs": 7}), 9, "there is no list of jobs"),
        (Answer({"jobs": [{"conclusion": "failure"}]}), 9, "told of a job that is none"),
        (Answer(status=302, headers={"location": "file:///etc/passwd"}), 9, "it redirects to file://"),
        (Answer(status=418), 9, "status 418"),
        (
            Answer(status=403, headers={"x-ratelimit-remaining": "0", "x-ratelimit-reset": "32503680000"}),
            9,
            "its rate limit is used up for ",
        ),
    ],
)
def test_what_goes_wrong_is_one_clear_sentence(
    ci: CiServer, storage: CiServer, tmp_path: Path, answer: Answer, code: int, told: str
) -> None:
    url = github(ci, storage)
    ci.routes["/api/v3/repos/octo/shop/actions/runs/7/jobs"] = answer
    assert refused(url, tmp_path)[0] == code
    assert told in refused(url, tmp_path)[1]


def test_redirects_that_never_end_are_given_up(ci: CiServer, storage: CiServer, tmp_path: Path) -> None:
    url = github(ci, storage)
    storage.routes["/blob/71"] = Answer(status=302, headers={"location": "/blob/71"})
    assert "status 302" in refused(url, tmp_path)[1]
    assert len(storage.asked) == 5


def test_a_run_without_a_failed_job_says_what_it_is(ci: CiServer, storage: CiServer, tmp_path: Path) -> None:
    url = github(ci, storage)
    ci.routes["/api/v3/repos/octo/shop/actions/runs/7/jobs"] = Answer({"jobs": []})
    ci.routes["/api/v3/repos/octo/shop/actions/runs/7"] = Answer({"conclusion": None, "status": "in_progress"})
    code, told = refused(url, tmp_path)
    assert (code, "the run is in_progress" in told) == (4, True)


def test_a_server_that_is_down_is_told(home: Path) -> None:
    with CiServer() as gone:
        url = f"{gone.url}/octo/shop/actions/runs/7"
    done = diagnose(home, url)
    assert (done.returncode, b"cannot be reached" in done.stderr) == (9, True)


@pytest.mark.parametrize(
    ("url", "code", "told"),
    [
        ("https://github.com/octo/shop", 3, "names no run and no job"),
        ("https://github.com/octo/shop/pull/3/checks", 3, "names no run and no job"),
        ("https://github.com/octo/shop/pull/3/checks?check_run_id=x", 3, "names no run and no job"),
        ("https://github.com/octo/shop/runs", 3, "names no run and no job"),
        ("https://github.com/octo/shop/actions/runs/x7", 3, "names no run and no job"),
        ("https://", 3, "names no server"),
        ("https://[::1/a", 3, "is no address"),
        ("https://me:pass@github.com/octo/shop/actions/runs/7", 3, "holds a user's name or password"),
    ],
)
def test_what_is_no_runs_address_is_refused_before_anything_is_asked(
    tmp_path: Path, url: str, code: int, told: str
) -> None:
    assert refused(url, tmp_path)[0] == code
    assert told in refused(url, tmp_path)[1]


def test_a_token_does_not_go_over_an_open_line(home: Path) -> None:
    url = "http://git.example.test/octo/shop/actions/runs/7"
    done = diagnose(home, url, MCP_RAG_GITHUB_URL="http://git.example.test", GITHUB_TOKEN=TOKEN)
    assert (done.returncode, b"is not https" in done.stderr) == (3, True)


def test_a_repositorys_file_may_not_say_where_a_token_goes(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mcp-rag.toml").write_text('github_api_url = "https://elsewhere.example.test"\n')
    monkeypatch.chdir(tmp_path)
    done = diagnose(home, "https://github.com/octo/shop/actions/runs/7", GITHUB_TOKEN=TOKEN)
    assert (done.returncode, b"says whom your machine talks to" in done.stderr) == (2, True)
