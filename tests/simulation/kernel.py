"""Simulated time and its tasks. Each task is a greenlet; one runs at a time, in an order that the seed decides."""

import heapq
import itertools
from collections.abc import Callable
from typing import Any

import greenlet

Action = Callable[[], object]


class Died(BaseException):
    """Raised in a task whose process dies. No `except Exception` catches it."""


class Task:
    """One greenlet. `owner` is the invocation for which it runs; None if it belongs to no invocation."""

    def __init__(self, kernel: "Kernel", name: str, run: Callable[[], Any], owner: Any) -> None:
        self.name = name
        self.owner = owner
        self.is_done = False
        self.is_dead = False
        self.result: Any = None
        self.error: BaseException | None = None
        self._kernel = kernel
        self._run = run
        self._turn = 0
        self._joining: list[Action] = []
        self._greenlet = greenlet.greenlet(self._main, parent=kernel.hub)

    def next_turn(self) -> Action:
        """Returns an action that ends the wait that begins now. After the wait it does nothing."""
        self._turn += 1
        turn = self._turn
        return lambda: self._switch() if turn == self._turn and not self.is_done else None

    def when_done(self, action: Action) -> None:
        self._joining.append(action)

    def kill(self) -> None:
        """Ends the task's process at the point where the task waits."""
        if not self.is_done:
            self.is_dead = True
            self._kernel.after(0, self._throw)

    def _switch(self) -> None:
        before, self._kernel.current = self._kernel.current, self
        self._greenlet.switch()
        self._kernel.current = before

    def _throw(self) -> None:
        if not self.is_done:
            before, self._kernel.current = self._kernel.current, self
            self._greenlet.throw(Died())
            self._kernel.current = before
            self._finish()

    def _main(self) -> None:
        try:
            self.result = self._run()
        except Died:
            self.is_dead = True
        except BaseException as error:  # noqa: BLE001 - the task that joins this one decides what it means
            self.error = error
        self._finish()

    def _finish(self) -> None:
        if not self.is_done:
            self.is_done = True
            for action in self._joining:
                self._kernel.after(0, action)
            if self.error is not None and self.owner is None:
                self._kernel.failure = self.error


class Kernel:
    """`now` is the true time, in epoch seconds. `isolation` saves and restores the libraries' per-process state at
    each switch of tasks."""

    def __init__(self, start: float, isolation: Any) -> None:
        self.now = start
        self.hub = greenlet.getcurrent()
        self.current: Task | None = None
        self.failure: BaseException | None = None
        self._isolation = isolation
        self._numbers = itertools.count()
        self._agenda: list[tuple[float, int, Action]] = []
        self._tasks: list[Task] = []

    def at(self, when: float, action: Action) -> None:
        heapq.heappush(self._agenda, (max(when, self.now), next(self._numbers), action))

    def after(self, seconds: float, action: Action) -> None:
        self.at(self.now + seconds, action)

    def spawn(self, name: str, run: Callable[[], Any], owner: Any = None) -> Task:
        task = Task(self, name, run, owner)
        self.after(0, task.next_turn())
        self._tasks.append(task)
        if len(self._tasks) > 10_000:
            self._tasks = [each for each in self._tasks if not each.is_done]
        return task

    def sleep(self, seconds: float) -> None:
        """Lets the running task wait."""
        self.after(max(seconds, 0), self._me().next_turn())
        self._suspend()

    def join(self, task: Task, timeout: float) -> bool:
        """Lets the running task wait for another one; False if that is not done in time."""
        if not task.is_done:
            self.wait(task.when_done, timeout)
        return task.is_done

    def wait(self, register: Callable[[Action], None], timeout: float) -> None:
        """Lets the running task wait until the action that it registers is called, or for `timeout` seconds."""
        wake = self._me().next_turn()
        register(wake)
        self.after(timeout, wake)
        self._suspend()

    def die(self) -> None:
        """Ends the running task's process."""
        self._me().is_dead = True
        raise Died()

    def running(self, prefix: str) -> int:
        """Returns how many tasks whose name begins with the prefix are not done."""
        self._tasks = [each for each in self._tasks if not each.is_done]
        return sum(each.name.startswith(prefix) for each in self._tasks)

    def run(self, until: float) -> None:
        """Runs all actions until a time. Raises the error of a task that belongs to no invocation."""
        while self._agenda and self._agenda[0][0] <= until:
            self.now, _, action = heapq.heappop(self._agenda)
            action()
            if self.failure:
                raise self.failure
        self.now = max(self.now, until)

    def close(self) -> None:
        """Kills all waiting tasks."""
        for task in self._tasks:
            if not task.is_done:
                task.kill()
        while self._agenda:
            _, _, action = heapq.heappop(self._agenda)
            action()

    def _me(self) -> Task:
        assert self.current is not None, "only a task can wait"
        return self.current

    def _suspend(self) -> None:
        task = self._me()
        if task.is_dead:
            raise Died()
        state = self._isolation.save()
        try:
            self.hub.switch()
        finally:
            self._isolation.restore(state)
