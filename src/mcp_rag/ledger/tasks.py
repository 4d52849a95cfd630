"""Work that outlives the request that asked for it, and the process that does it.

A task is claimed for a while; who runs it extends its claim. When a process is killed, its claims run out and the next
that looks for work takes them over, on this machine or, with PostgreSQL, on another.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from mcp_rag.errors import NotFound
from mcp_rag.ledger.database import Database
from mcp_rag.ledger.schema import task_inputs, tasks
from mcp_rag.ledger.serialisation import storable
from mcp_rag.ledger.values import StoredTask, TaskInput, TaskStanding

CLAIM = timedelta(seconds=30)
"""How long a claim holds without a word of who has it. Chosen by eye: three missed beats."""

MOST_ATTEMPTS = 3
"""A task whose process died so often may be what kills it. Chosen by eye."""

KEPT = timedelta(hours=24)
"""How long the answer of a finished task can be fetched. Chosen by eye."""

ENDED = (TaskStanding.DONE, TaskStanding.FAILED, TaskStanding.CANCELLED)
_LOST = {"what": "The task was given up", "why": "the process that ran it died each time", "next": "Send it again"}
_COLUMNS = [column for column in tasks.c if column.name != "owner"]


class Tasks:
    """The tasks of a server. What a caller may see is bounded by ``team``, which every question must name."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self, team: str, kind: str, name: str, body: bytes, job: str | None = None, exited: int | None = None
    ) -> StoredTask:
        """Queue a task, its input with it, which is a log of ``job`` and of a run that ``exited`` with a code, where that is
        told; it is durable on return."""
        now, kept = datetime.now(UTC), None if job is None else storable(job)
        row: dict[str, Any] = {
            "id": secrets.token_hex(12),
            "team": team,
            "kind": kind,
            "name": storable(name),
            "standing": TaskStanding.QUEUED.value,
            "attempts": 0,
            "created_at": now,
            "changed_at": now,
            "cancel": False,
            "done": 0,
            "total": 0,
        }
        with self._database.writing() as connection:
            connection.execute(sa.delete(tasks).where(_ended(), tasks.c.changed_at < now - KEPT))
            connection.execute(sa.insert(tasks), row)
            given = {"task": row["id"], "body": body, "job": kept, "exited": exited}
            connection.execute(sa.insert(task_inputs), given)
        return self.get(team, row["id"])

    def get(self, team: str, id: str) -> StoredTask:
        """A task of ``team``.

        Raises:
            NotFound: it has none of that id.
        """
        with self._database.reading() as connection:
            row = connection.execute(_select().where(tasks.c.team == team, tasks.c.id == storable(id))).first()
        if row is None:
            raise NotFound(f"There is no task {id!r}", "it was never there, or ended more than a day ago")
        return _stored(row)

    def list(self, team: str, limit: int = 20) -> list[StoredTask]:
        """The latest tasks of ``team``, latest first."""
        latest = _select().where(tasks.c.team == team).order_by(tasks.c.created_at.desc(), tasks.c.id).limit(limit)
        with self._database.reading() as connection:
            return [_stored(row) for row in connection.execute(latest)]

    def counts(self) -> dict[str, int]:
        """How many tasks of all teams there are, by standing."""
        with self._database.reading() as connection:
            counted = connection.execute(sa.select(tasks.c.standing, sa.func.count()).group_by(tasks.c.standing)).all()
        return dict.fromkeys((standing.value for standing in TaskStanding), 0) | {row[0]: row[1] for row in counted}

    def cancel(self, team: str, id: str) -> StoredTask:
        """Call a task off: at once when nobody runs it, else as soon as who runs it hears of it. One that has ended
        stays as it is."""
        mine = (tasks.c.team == team) & (tasks.c.id == storable(id))
        now = datetime.now(UTC)
        with self._database.writing() as connection:
            waiting = mine & (tasks.c.standing == TaskStanding.QUEUED.value)
            done = sa.update(tasks).where(waiting).values(standing=TaskStanding.CANCELLED.value, changed_at=now)
            connection.execute(done)
            running = mine & (tasks.c.standing == TaskStanding.RUNNING.value)
            connection.execute(sa.update(tasks).where(running).values(cancel=True))
            connection.execute(sa.delete(task_inputs).where(task_inputs.c.task.in_(_ended_ids())))
        return self.get(team, id)

    # -- for who runs them

    def claim(self, owner: str) -> StoredTask | None:
        """Take the task that has waited longest, or one whose process died; None when there is nothing to do."""
        now = datetime.now(UTC)
        free = (tasks.c.standing == TaskStanding.QUEUED.value) | (
            (tasks.c.standing == TaskStanding.RUNNING.value) & (tasks.c.claimed_until < now)
        )
        with self._database.writing() as connection:
            while True:
                oldest = _select().where(free).order_by(tasks.c.created_at).limit(1).with_for_update(skip_locked=True)
                row = connection.execute(oldest).first()
                if row is None:
                    return None
                if row.cancel:
                    self._end(connection, row.id, TaskStanding.CANCELLED, now)
                elif row.attempts >= MOST_ATTEMPTS:
                    self._end(connection, row.id, TaskStanding.FAILED, now, error=_LOST)
                else:
                    break
            values = {
                "standing": TaskStanding.RUNNING.value,
                "attempts": row.attempts + 1,
                "owner": owner,
                "claimed_until": now + CLAIM,
                "changed_at": now,
            }
            connection.execute(sa.update(tasks).where(tasks.c.id == row.id).values(values))
            return _stored(connection.execute(_select().where(tasks.c.id == row.id)).one())

    def given(self, id: str) -> TaskInput:
        """The input of a task that has not ended.

        Raises:
            NotFound: it has ended.
        """
        asked = sa.select(task_inputs.c.body, task_inputs.c.job, task_inputs.c.exited).where(task_inputs.c.task == id)
        with self._database.reading() as connection:
            row = connection.execute(asked).first()
        if row is None:
            raise NotFound(f"The task {id!r} has no input any more", "it has ended")
        return TaskInput(row.body, row.job, row.exited)

    def beat(self, owner: str, id: str, done: int, total: int) -> bool:
        """Extend a claim and tell how far it is; False when the task is to be left alone: called off, or another's."""
        now = datetime.now(UTC)
        mine = (tasks.c.id == id) & (tasks.c.owner == owner) & (tasks.c.standing == TaskStanding.RUNNING.value)
        values = {"claimed_until": now + CLAIM, "done": done, "total": total, "changed_at": now}
        with self._database.writing() as connection:
            kept = connection.execute(sa.update(tasks).where(mine, tasks.c.cancel.is_(False)).values(values))
            return kept.rowcount > 0

    def release(self, owner: str, id: str) -> None:
        """Give a claimed task back to be taken again at once: who has it is stopping."""
        mine = (tasks.c.id == id) & (tasks.c.owner == owner) & (tasks.c.standing == TaskStanding.RUNNING.value)
        back = {
            "standing": TaskStanding.QUEUED.value,
            "attempts": tasks.c.attempts - 1,
            "changed_at": datetime.now(UTC),
        }
        with self._database.writing() as connection:
            connection.execute(sa.update(tasks).where(mine).values(back))

    def end(
        self,
        owner: str,
        id: str,
        standing: TaskStanding,
        *,
        result: Mapping[str, Any] | None = None,
        error: Mapping[str, str] | None = None,
    ) -> None:
        """Write down what came of a claimed task, and forget its input; of one that is another's by now, nothing."""
        with self._database.writing() as connection:
            mine = (tasks.c.id == id) & (tasks.c.owner == owner) & (tasks.c.standing == TaskStanding.RUNNING.value)
            row = connection.execute(sa.select(tasks.c.cancel).where(mine).with_for_update()).first()
            if row is None:
                return
            if row.cancel:  # called off between the last beat and the end
                standing, result, error = TaskStanding.CANCELLED, None, None
            self._end(connection, id, standing, datetime.now(UTC), result=result, error=error)

    def _end(
        self,
        connection: sa.Connection,
        id: str,
        standing: TaskStanding,
        now: datetime,
        *,
        result: Mapping[str, Any] | None = None,
        error: Mapping[str, str] | None = None,
    ) -> None:
        values = {"standing": standing.value, "changed_at": now, "result": result, "error": error}
        connection.execute(sa.update(tasks).where(tasks.c.id == id).values(values))
        connection.execute(sa.delete(task_inputs).where(task_inputs.c.task == id))


def _ended() -> sa.ColumnElement[bool]:
    return tasks.c.standing.in_([standing.value for standing in ENDED])


def _ended_ids() -> Any:
    return sa.select(tasks.c.id).where(_ended())


def _select() -> Any:
    return sa.select(*_COLUMNS)


def _stored(row: Any) -> StoredTask:
    return StoredTask(
        id=row.id,
        team=row.team,
        kind=row.kind,
        name=row.name,
        standing=TaskStanding(row.standing),
        attempts=row.attempts,
        created_at=row.created_at,
        changed_at=row.changed_at,
        done=row.done,
        total=row.total,
        result=row.result,
        error=row.error,
    )
