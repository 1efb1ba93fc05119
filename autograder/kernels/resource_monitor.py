"""Looks after what no limit of the system covers: all the memory a kernel holds, and all it writes to the disk."""

from __future__ import annotations

import errno
import os
import stat
import threading
from pathlib import Path

import psutil

EVERY = 0.2
"""Seconds between two looks."""


class ResourceMonitor:
    """Ends the process `pid` when it has too much. Use it as a context manager; `reason` says why, if it did.

    Parameters
    ----------
    pid:
        The kernel.
    folder:
        Where it may write.
    memory, disk:
        Bytes it may hold, there and here.
    entries:
        Files and folders it may make.
    threads:
        How many it may have.
    """

    def __init__(self, pid: int, folder: Path, *, memory: int, disk: int, entries: int, threads: int) -> None:
        self.reason = ""
        self._pid, self._folder = pid, folder
        self._memory, self._disk, self._entries, self._threads = memory, disk, entries, threads
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, name="watch", daemon=True)

    def __enter__(self) -> ResourceMonitor:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        try:
            process = psutil.Process(self._pid)
            while not self._over.wait(EVERY):
                self.reason = self._too_much(process)
                if self.reason:
                    process.kill()
                    return
        except psutil.Error:
            return  # it has ended by itself

    def _too_much(self, process: psutil.Process) -> str:
        if process.memory_info().rss > self._memory:
            return f"it took more than {self._memory / 1e9:.1f} GB of memory"
        if process.num_threads() > self._threads:
            return f"it started more than {self._threads} threads"
        size, entries = usage(self._folder, self._entries)
        size += unnamed(self._pid, self._folder)
        if size > self._disk:
            return f"it wrote more than {self._disk / 1e6:.0f} MB to the disk"
        if entries > self._entries:
            return f"it made more than {self._entries} files"
        return ""


def usage(folder: Path, most: int) -> tuple[int, int]:
    """The bytes and the number of entries in a folder, links not followed; counting ends after `most` entries."""
    size = entries = 0
    left = [str(folder)]
    while left:
        try:
            with os.scandir(left.pop()) as found:
                for entry in found:
                    entries += 1
                    if entries > most:
                        return size, entries
                    if entry.is_dir(follow_symlinks=False):
                        left.append(entry.path)
                    else:
                        size += entry.stat(follow_symlinks=False).st_blocks * 512
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:  # what lies deeper than a path can be long is not looked at
                return size, most + 1
            continue  # it is gone by now
    return size, entries


def unnamed(pid: int, folder: Path) -> int:
    """The bytes of the files that a process has open or mapped, on the disk of `folder`, under no name any more."""
    disk = os.stat(folder).st_dev  # memory that is shared looks like such a file, on a device of its own
    sizes: dict[int, int] = {}
    for kind in ("fd", "map_files"):
        try:
            handles = os.listdir(f"/proc/{pid}/{kind}")
        except OSError:  # looking at what is mapped takes rights
            continue
        for handle in handles:
            try:
                file = os.stat(f"/proc/{pid}/{kind}/{handle}")
            except OSError:
                continue
            if stat.S_ISREG(file.st_mode) and file.st_nlink == 0 and file.st_dev == disk:
                sizes[file.st_ino] = file.st_blocks * 512
    return sum(sizes.values())
