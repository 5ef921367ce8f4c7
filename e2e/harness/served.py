"""The served shape without Docker: what docker-compose.yml starts, as processes of this machine.

The commands, settings, order and health checks are the file's own; only addresses are others. In the
place of PostgreSQL's image stands our wheel's, in that of nginx's and Redis' images Debian's packages.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from getpass import getuser
from pathlib import Path
from string import Template
from typing import Any

import httpx

from e2e.harness import compose, reports, tools
from e2e.harness.processes import FLOTILLA, ROOT, environment, free_port
from e2e.harness.servers import embedded_postgres, running
from e2e.harness.waiting import eventually

TEMPLATE = ROOT / "nginx" / "templates" / "default.conf.template"
HEALTHCHECK = ROOT / "backend" / "healthcheck"


class Served:
    """All of it behind nginx at `url`; each service's output is a log in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.services: dict[str, Any] = compose.load({"POSTGRES_PASSWORD": "secret"})["services"]
        self._ports = {port: free_port() for port in ("8000", "8010", "8080", "6379")}
        self._database = ""
        self._stack = ExitStack()
        self.url = f"http://127.0.0.1:{self._ports['8080']}"

    def start(self) -> "Served":
        reports.WATCHED.append(self)
        starters = {"postgres": self._start_postgres, "redis": self._start_redis, "nginx": self._start_nginx}
        for name in compose.start_order(self.services):
            starters.get(name, lambda name=name: self._start_ours(name))()
        return self

    def close(self) -> None:
        self._stack.close()
        reports.WATCHED.remove(self)

    def report(self) -> str:
        return reports.tails(self.folder)

    def _start_postgres(self) -> None:
        self._database = self._stack.enter_context(embedded_postgres(self.folder / "postgres"))

    def _start_redis(self) -> None:
        _, *options = self.services["redis"]["command"]
        port = str(self._ports["6379"])
        server = tools.require("redis-server", "redis-server")
        self._run("redis", [server, "--bind", "127.0.0.1", "--port", port, *options], environment())
        eventually(lambda: "Ready to accept connections" in self.report(), "Redis is ready")

    def _start_nginx(self) -> None:
        self._stack.enter_context(nginx(self.folder, self._ports["8080"], f"127.0.0.1:{self._ports['8000']}"))

    def _start_ours(self, name: str) -> None:
        service = self.services[name]
        _, *arguments = map(self._here, service["command"])
        settings = {key: self._here(value) for key, value in service["environment"].items()}
        settings |= {
            "DATABASE_URL": self._database,
            "PORT": str(self._ports["8000"]),
            "FLOTILLA_PRACTICE_PORT": str(self._ports["8010"]),
        }
        process = self._run(name, [FLOTILLA, *arguments], environment(**settings))
        if "healthcheck" not in service:
            assert process.wait(60) == 0, f"{name} failed.\n{self.report()}"
            return
        _, _, *check = map(self._here, service["healthcheck"]["test"])

        def healthy_or_ended() -> bool:
            return process.poll() is not None or _succeeds([HEALTHCHECK, *check])

        eventually(healthy_or_ended, f"{name} is healthy", seconds=60)
        assert process.poll() is None, f"{name} ended.\n{self.report()}"

    def _run(self, name: str, command: list[str | Path], env: Mapping[str, str]) -> "subprocess.Popen[str]":
        log = self._stack.enter_context((self.folder / f"{name}.log").open("w"))
        return self._stack.enter_context(running(*command, env=env, stdout=log, stderr=log))

    def _here(self, text: str) -> str:
        """An address in the containers' network, or a container's own, as one of this machine."""
        text = text.replace("0.0.0.0", "127.0.0.1")
        return re.sub(r"[\w.]+:(8000|8010|6379)\b", lambda found: f"127.0.0.1:{self._ports[found[1]]}", text)


@contextmanager
def nginx(folder: Path, port: int, api: str) -> Iterator[str]:
    """Run nginx with the real configuration in front of the API at `api`; the value is its address."""
    program = tools.require("nginx", "nginx")
    page = Path(os.environ.get("FLOTILLA_PAGE", ROOT / "frontend" / "dist"))
    site = folder / "site.conf"
    # As the image's entry point does with envsubst: known names are filled in, nginx's own stay.
    filled = Template(TEMPLATE.read_text()).safe_substitute(
        FLOTILLA_LISTEN=f"127.0.0.1:{port}",
        FLOTILLA_ROOT=str(page),
        FLOTILLA_API=api,
        NGINX_LOCAL_RESOLVERS="127.0.0.1",
    )
    site.write_text(filled)
    main = folder / "nginx.conf"
    main.write_text(_MAIN.substitute(folder=folder, site=site, user=getuser()))
    url = f"http://127.0.0.1:{port}"
    with (folder / "nginx.log").open("w") as log, running(program, "-c", main, stdout=log, stderr=log):
        eventually(lambda: _answers(url), "nginx answers")
        yield url


# What nginx's image has around a site, in a folder of our own.
_MAIN = Template("""\
daemon off;
user $user;
worker_processes 1;
pid $folder/nginx.pid;
error_log stderr warn;
events {}
http {
    include /etc/nginx/mime.types;
    default_type application/octet-stream;
    access_log off;
    client_body_temp_path $folder/client_body;
    proxy_temp_path $folder/proxy;
    fastcgi_temp_path $folder/fastcgi;
    uwsgi_temp_path $folder/uwsgi;
    scgi_temp_path $folder/scgi;
    include $site;
}
""")


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False).is_success
    except httpx.HTTPError:
        return False


def _succeeds(command: list[str | Path]) -> bool:
    return subprocess.run([sys.executable, *command], capture_output=True, check=False).returncode == 0
