"""A TCP proxy between a store and its server, which can do what a network does."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import Literal

Loss = Literal["", "request", "answer"]


class Proxy:
    """Forwards between a local port and a server until told otherwise."""

    def __init__(self, server: tuple[str, int]) -> None:
        self._server = server
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._dangling: list[socket.socket] = []
        self._flowing = threading.Event()
        self._flowing.set()
        self.refuses = False
        self.lose: Loss = ""
        """What happens to the next COMMIT: its request is lost, or its answer."""
        self.lost = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self, *, unnoticed_by_server: bool = False) -> None:
        """End all connections, and refuse new ones until `mend`."""
        self.refuses = True
        for client, server in self._pairs:
            if unnoticed_by_server:
                self._dangling.append(server.dup())
            _close(client)
            server.close() if unnoticed_by_server else _close(server)
        self._pairs.clear()
        self._flowing.set()

    def freeze(self) -> None:
        """Let nothing of the server's through any more, and say nothing about it."""
        self._flowing.clear()

    def mend(self) -> None:
        """Be an ordinary network again."""
        self.refuses = False
        self._flowing.set()

    def close(self) -> None:
        self.cut()
        self._listener.close()
        _close(*self._dangling)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                if self.refuses:
                    client.close()
                    continue
                server = socket.create_connection(self._server)
                self._pairs.append((client, server))
                loses_answer = threading.Event()
                for run in (self._to_server, self._to_client):
                    threading.Thread(target=run, args=(client, server, loses_answer), daemon=True).start()

    def _to_server(self, client: socket.socket, server: socket.socket, loses_answer: threading.Event) -> None:
        with suppress(OSError):
            while piece := client.recv(65_536):
                if self.lose and b"COMMIT" in piece:
                    lose, self.lose = self.lose, ""
                    if lose == "request":
                        self.lost.set()
                        break
                    loses_answer.set()
                server.sendall(piece)
        _close(client, server)

    def _to_client(self, client: socket.socket, server: socket.socket, loses_answer: threading.Event) -> None:
        with suppress(OSError):
            while piece := server.recv(65_536):
                if loses_answer.is_set():
                    self.lost.set()
                    break
                self._flowing.wait()
                client.sendall(piece)
        _close(client, server)


def _close(*sockets: socket.socket) -> None:
    for each in sockets:
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
        each.close()
