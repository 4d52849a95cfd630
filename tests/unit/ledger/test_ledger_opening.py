"""Creating, upgrading and refusing ledgers."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from mcp_rag.errors import LedgerError, LedgerTooNew
from mcp_rag.ledger import Ledger
from mcp_rag.ledger.dialects import parse_url
from mcp_rag.ledger.schema import VERSION, VERSION_TABLE, metadata
from mcp_rag.records import KnownIssue, Standing

MIGRATIONS = Path(sys.modules[Ledger.__module__].__file__ or "").parent / "migrations"
VERSION_1 = Path(__file__).with_name("version_1.sql")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "ledger.db"


def open_(file: Path) -> Ledger:
    return Ledger.open(f"sqlite:///{file}")


def test_a_fresh_ledger_has_the_schema_that_the_code_speaks(file: Path) -> None:
    open_(file).close()
    engine = sa.create_engine(f"sqlite:///{file}")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        assert compare_metadata(context, metadata) == []
        assert context.get_current_revision() == f"{VERSION:04}"
    engine.dispose()


def test_the_newest_migration_is_the_version_of_the_schema() -> None:
    script = ScriptDirectory(str(MIGRATIONS))
    assert [revision.revision for revision in script.walk_revisions()] == [f"{n:04}" for n in range(VERSION, 0, -1)]


def test_opening_again_migrates_nothing_and_imports_no_alembic(file: Path) -> None:
    with open_(file) as ledger:
        ledger.issues.put(KnownIssue("1", "notes", "title"))
    before = _dump(file)
    program = f"import sys; from mcp_rag.ledger import Ledger; Ledger.open('sqlite:///{file}').close(); "
    subprocess.run([sys.executable, "-c", program + "assert 'alembic' not in sys.modules"], check=True)
    assert _dump(file) == before


def test_importing_the_room_loads_no_sql_layer() -> None:
    program = "import sys; import mcp_rag.ledger; assert 'sqlalchemy' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_ledger_that_version_1_wrote_keeps_its_data(file: Path) -> None:
    file.parent.mkdir()
    connection = sqlite3.connect(file)
    connection.executescript(VERSION_1.read_text(encoding="utf-8"))
    connection.close()
    with open_(file) as ledger:
        issue = ledger.issues.get("starter/np-float")
        assert (issue.symptoms, issue.applies_to) == (("no attribute '{name}'",), {"numpy": ">=1.24"})
        assert issue.standing == Standing(1, 0)
        assert ledger.issues.digest("starter", "numpy.md") == "d1"
        assert [(change.revision, change.issue is None) for change in ledger.issues.changes(0)] == [
            (1, False),
            (3, True),
        ]
        stored = ledger.incidents.get("01234567")
        assert (stored.history.count, stored.history.fixed_by) == (2, "np.float is gone")
        assert ledger.state.get("watermark") == "3"
        assert ledger.groupings.decisions() == ()


def test_a_newer_ledger_is_refused_and_left_alone(file: Path) -> None:
    open_(file).close()
    connection = sqlite3.connect(file)
    connection.execute(f"UPDATE {VERSION_TABLE} SET version_num = '{VERSION + 1:04}'")
    connection.commit()
    connection.close()
    before = _dump(file)
    with pytest.raises(LedgerTooNew, match=f"version is {VERSION + 1}.*Upgrade mcp-rag"):
        open_(file)
    assert _dump(file) == before


def test_a_garbage_file_is_told_with_a_next_step(file: Path) -> None:
    file.parent.mkdir()
    file.write_bytes(b"this is not a database, however long it may be" * 100)
    with pytest.raises(LedgerError, match=r"not a database\. Move that file away"):
        open_(file)


def test_another_programs_database_is_refused(file: Path) -> None:
    file.parent.mkdir()
    connection = sqlite3.connect(file)
    connection.execute("CREATE TABLE places (url TEXT)")
    connection.close()
    with pytest.raises(LedgerError, match="not a ledger: it holds tables of something else: places"):
        open_(file)


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LedgerError, match="folder cannot be made"):
        open_(tmp_path / "file" / "ledger.db")
    with pytest.raises(LedgerError, match="unable to open"):
        Ledger.open(f"sqlite:///{tmp_path}")


def test_an_odd_path_is_taken_as_it_stands(tmp_path: Path) -> None:
    file = tmp_path / "a b?c%41#ü" / "ledger.db"
    open_(file).close()
    assert file.is_file()


@pytest.mark.parametrize("url", ["", "ledger.db", "mysql://host/db", "postgresql://host:port/db"])
def test_a_url_that_cannot_be_used_is_told(url: str) -> None:
    with pytest.raises(LedgerError, match="postgresql://user:password@host/database"):
        Ledger.open(url)


def test_urls_get_their_drivers() -> None:
    assert parse_url("sqlite:///relative.db").database == "relative.db"
    assert parse_url("sqlite:////absolute.db").database == "/absolute.db"
    assert parse_url("postgresql://host/db").drivername == "postgresql+psycopg"
    assert parse_url("postgres://host/db").drivername == "postgresql+psycopg"


def test_commits_survive_a_power_cut(file: Path) -> None:
    with open_(file) as ledger, ledger._database.writing() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")
        }
        # 2 is FULL: the write-ahead log is synchronised at every commit.
        assert pragmas == {"journal_mode": "wal", "synchronous": 2}
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == 30_000


def test_a_full_disk_is_told_and_nothing_is_half_written(file: Path) -> None:
    with open_(file) as ledger:
        ledger.issues.put(KnownIssue("1", "notes", "title"))
        with ledger._database.engine.connect() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 5}")
        many = [KnownIssue(str(number), "notes", "title " * 100) for number in range(1000)]
        with pytest.raises(LedgerError, match=r"full\. Free some space"):
            ledger.issues.replace_document("notes", "a.md", "d", many)
        assert ([issue.id for issue in ledger.issues.all()], ledger.issues.revision()) == (["1"], 1)


def test_a_writer_that_never_ends_is_told(file: Path) -> None:
    with open_(file) as ledger:
        with ledger._database.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA busy_timeout = 1")
        holder = sqlite3.connect(file, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        assert ledger.issues.count() == 0  # readers go on
        with pytest.raises(LedgerError, match="Another process has been writing"):
            ledger.state.set("name", "value")
        holder.close()
        ledger.state.set("name", "value")


def test_a_server_that_is_down_is_told_without_the_password() -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(LedgerError, match="database server is up") as told:
        Ledger.open("postgresql://someone:secret@127.0.0.1:1/ledger")
    assert "secret" not in str(told.value)


def test_a_missing_driver_names_the_extra() -> None:
    program = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from mcp_rag.errors import MissingExtra\n"
        "from mcp_rag.ledger import Ledger\n"
        "try:\n    Ledger.open('postgresql://host/db')\n"
        "except MissingExtra as fault:\n    print(fault)"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert "pip install 'mcp-rag[postgresql]'" in done.stdout


def _dump(file: Path) -> list[str]:
    connection = sqlite3.connect(file)
    lines = list(connection.iterdump())
    connection.close()
    return lines
