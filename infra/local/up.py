"""`make run`: from a fresh machine to a running library with books in it.

    python3 infra/local/up.py [--port 4566] [--catalogue FILE]
"""

from __future__ import annotations

import argparse
import contextlib
import json
import signal
import sys
import threading
from pathlib import Path

import tools
from tools import LOCAL, Fault, say


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Runs the library on this machine.")
    parser.add_argument("--port", type=int, default=4566, help="of the AWS services; the library itself answers on the next one")
    parser.add_argument("--catalogue", type=Path, help="a file of records (MARC in ISO 2709 or XML, or CSV) instead of the demo's titles")
    parser.add_argument("--home", type=Path, default=LOCAL, help="where the state is kept")
    parser.add_argument("--log-level", default="info", choices=["error", "warn", "info", "debug", "trace"])
    return parser.parse_args()


def main() -> int:
    wanted = options()
    # What runs before the first packages are installed is checked here; the rest happens inside the environment.
    tools.check_machine()
    if wanted.catalogue and not wanted.catalogue.is_file():
        raise Fault(f"no such file: {wanted.catalogue}")
    for port in (wanted.port, wanted.port + 1):
        tools.check_port(port)
    tools.enter_environment()

    import seed
    from stack import Stack

    stack = Stack(wanted.home, port=wanted.port, front_port=wanted.port + 1, log_level=wanted.log_level, tell=say)
    run_path = stack.home / "run.json"
    try:
        stack.start()
        seed.load(stack, wanted.catalogue or seed.TITLES, progress=True)
        run = seed.run_file(stack)
        reader = seed.demo_reader(stack, run)
        run_path.touch(mode=0o600)
        run_path.write_text(json.dumps(run, ensure_ascii=False, indent=2), encoding="utf-8")
        greet(stack, reader, run["staff"])
        with contextlib.suppress(KeyboardInterrupt):
            wait(stack)
    finally:
        # A second Ctrl-C while the state is saved would lose it.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        run_path.unlink(missing_ok=True)
        if stack.emulator:
            say("\nsaving the library and stopping …")
        stack.stop()
    say("stopped; the next `make run` goes on from here")
    return 0


def greet(stack, reader: dict, staff: list[dict]) -> None:
    api = f"http://localhost:{stack.front_port}"
    login = next((one for one in staff if one["role"] == "librarian"), staff[0])
    sign_in = json.dumps({"card_no": reader["card_no"], "password": reader["password"]})
    print(
        f"""
预借 Yujie is running.

  Library         {api}
  Demo card       {reader["card_no"]}   password  {reader["password"]}
  Staff           {login["login"]}   password  {login["password"]}   (all logins: {shown(stack.home / "staff.csv")})
  AWS services    http://localhost:{stack.port}
  Functions' log  {shown(stack.function_log)}

Try:
  curl -sG {api}/titles --data-urlencode 'q=解忧杂货店'
  curl -s '{api}/sites?near=39.92,116.44'
  curl -s {api}/sessions -H 'content-type: application/json' -d '{sign_in}'
  curl -s {api}/openapi.json
  make demo            in another terminal: the whole way of a book, from the search to its return

Ctrl-C stops it and keeps the data; `make clean-data` starts afresh.
""",
        flush=True,
    )


def shown(path: Path) -> str:
    with contextlib.suppress(ValueError):
        return str(path.relative_to(Path.cwd()))
    return str(path)


def wait(stack) -> None:
    """Until Ctrl-C, or until a part of it ends by itself."""
    pause = threading.Event()
    while True:
        for child in (stack.emulator, stack.counterparts):
            if child.process.poll() is not None:
                raise Fault(f"{child.name} ended by itself: see {child.log}")
        pause.wait(1)


def interrupted(*_) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, interrupted)
    try:
        sys.exit(main())
    except Fault as fault:
        print(f"error: {fault}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
