"""Folds what many sockets of a process ask for at the same time into one round to the database.

While a round is under way, further questions wait; the next round takes all of them. A quiet process answers at once,
and a busy one asks the database no more often than it answers.
"""

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, NamedTuple, TypeVar

from django.db import DatabaseError, close_old_connections

Question = TypeVar("Question")
Answer = TypeVar("Answer")


class _Asked(NamedTuple, Generic[Question, Answer]):
    question: Question
    loop: asyncio.AbstractEventLoop
    answer: "asyncio.Future[Answer]"


class Fold(Generic[Question, Answer]):
    """Answers the questions of many sockets by calls of `act`, one after the other, in a thread of `threads`.

    `act` gets at most `most` questions and returns an answer for each, in their order. If it raises, each of these
    questions gets the exception. After a round the thread keeps its connection for `lingers` seconds, because to take
    one from the pool costs a trip to the database. Meanwhile it does nothing else.
    """

    def __init__(
        self,
        act: Callable[[Sequence[Question]], Sequence[Answer | Exception]],
        *,
        threads: ThreadPoolExecutor,
        most: int = 100,
        lingers: float = 0.0,
    ) -> None:
        self._act = act
        self._most = most
        self._threads = threads
        self._waiting: deque[_Asked[Question, Answer]] = deque()
        self._lingers = lingers
        self._door = threading.Condition()
        self._under_way = False

    async def ask(self, question: Question) -> Answer:
        """Return the answer to a question."""
        loop = asyncio.get_running_loop()
        asked: _Asked[Question, Answer] = _Asked(question, loop, loop.create_future())
        with self._door:
            self._waiting.append(asked)
            begins, self._under_way = not self._under_way, True
            self._door.notify()
        if begins:
            self._threads.submit(self._rounds)
        return await asked.answer

    def _rounds(self) -> None:
        """Answer until nobody waits."""
        while batch := self._take():
            answers = self._answers(batch)
            by_loop: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Answer], Answer | Exception]]] = {}
            for asked, answer in zip(batch, answers, strict=True):
                by_loop.setdefault(asked.loop, []).append((asked.answer, answer))
            for loop, pairs in by_loop.items():
                # A loop that has ended has nobody who waits.
                with contextlib.suppress(RuntimeError):
                    loop.call_soon_threadsafe(_settle, pairs)

    def _take(self) -> list[_Asked[Question, Answer]]:
        with self._door:
            self._door.wait_for(lambda: self._waiting, timeout=self._lingers)
            batch = [self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))]
            self._under_way = bool(batch)
        if not batch:
            close_old_connections()
        return batch

    def _answers(self, batch: list[_Asked[Question, Answer]]) -> Sequence[Answer | Exception]:
        try:
            answers = self._act([asked.question for asked in batch])
            if len(answers) != len(batch):
                raise RuntimeError(f"{len(answers)} answers to {len(batch)} questions")
            return answers
        except Exception as error:  # noqa: BLE001  (whatever it is, those who asked must hear of it)
            if isinstance(error, DatabaseError):
                close_old_connections()
            return [error] * len(batch)


def _settle(pairs: "list[tuple[asyncio.Future[Answer], Answer | Exception]]") -> None:
    """Give the answers to those who still wait; called on their loop."""
    for future, answer in pairs:
        if future.done():
            continue
        if isinstance(answer, Exception):
            future.set_exception(answer)
        else:
            future.set_result(answer)
