"""The whole system on this machine: the emulator, the template deployed into it, and the outside parties' counterparts.

    with Stack(home=tmp_path) as stack:          # free ports, a state of its own
        requests.get(f"{stack.api_url}/health")

It runs inside `.local/venv` (see `tools.enter_environment`).
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path

import boto3
from botocore.config import Config

import build
import deploy
from processes import Child, descendants, environment_of
from tools import HERE, LOCAL, ROOT, Fault, check_port, free_port, quiet

REGION = "us-east-1"
ACCOUNT = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION}
API_ID = "9884501f"  # eight hexadecimal digits, as API Gateway's host names ask: the code points of 预借
COURIER = {"key": "local-key", "secret": "local-secret", "salt": "local-salt"}
COUNTERPARTS = ROOT / "tests" / "counterparts" / "server.py"
START_SECONDS = 120
# With a large library the state is some hundred megabytes of JSON.
SAVE_SECONDS = 180


class Stack:
    """Ports of 0 take free ones. The state lives in `home` and is found again by the next start there."""

    def __init__(
        self,
        home: Path = LOCAL,
        *,
        port: int = 0,
        front_port: int = 0,
        name: str = "yujie",
        log_level: str = "info",
        tell: Callable[[str], None] = quiet,
    ) -> None:
        self.home, self.name, self.log_level, self.tell = Path(home), name, log_level, tell
        self.port, self.front_port = port or free_port(), front_port or free_port()
        self.counterparts_port = free_port()
        self.outputs: dict[str, str] = {}
        self.emulator: Child | None = None
        self.counterparts: Child | None = None
        self.lock = None

    def __enter__(self) -> Stack:
        self.start()
        return self

    def __exit__(self, *_) -> None:
        self.stop()

    # Where it is

    @property
    def endpoint_url(self) -> str:
        """The AWS services."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def api_url(self) -> str:
        """The HTTP API."""
        return f"http://127.0.0.1:{self.front_port}"

    @property
    def counterparts_url(self) -> str:
        return f"http://127.0.0.1:{self.counterparts_port}"

    @property
    def payment_keys(self) -> Path:
        """The keys of WeChat Pay's both sides: its counterpart makes them when it starts."""
        return self.home / "wechatpay.json"

    @property
    def sms_accounts(self) -> Path:
        """The accounts at both SMS clouds, made by their counterpart. None is used unless one is put into the stack's secret."""
        return self.home / "sms.json"

    @property
    def wechat_account(self) -> Path:
        """The service account at WeChat, made by its counterpart."""
        return self.home / "wechat.json"

    @property
    def table_name(self) -> str:
        return self.outputs["TableName"]

    @property
    def function_log(self) -> Path:
        """What the functions wrote, each line with the function's name before it."""
        return self.home / "functions.log"

    # Its life

    def start(self, compiled: bool = False) -> None:
        """Compiles unless told that it is done, starts everything and deploys the template. Whatever was started is stopped on a failure."""
        if not compiled:
            build.compile_workspace(self.tell)
        build.package(build.functions())
        try:
            self.take_home()
            self.tell("starting the emulator …")
            self.start_emulator()
            self.start_counterparts()
            self.tell("deploying the template …")
            self.outputs = deploy.deploy(self.client, self.name, API_ID, self.parameters())
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Saves the state and ends every process. Safe to call twice."""
        orderly = True
        if self.counterparts:
            self.counterparts.stop(5)
        if self.emulator:
            orderly = self.emulator.stop(SAVE_SECONDS)
        self.counterparts = self.emulator = None
        if self.lock:
            self.lock.close()
            self.lock = None
        if not orderly:
            raise Fault(f"the emulator did not end within {SAVE_SECONDS} s: what happened since its start is lost")

    def take_home(self) -> None:
        """Two emulators on one state would each overwrite what the other saved."""
        self.home.mkdir(parents=True, exist_ok=True)
        self.lock = (self.home / "lock").open("w")
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Fault(f"the library in {self.home} is running already") from None

    def start_emulator(self) -> None:
        for port in (self.port, self.front_port):
            check_port(port)
        temporary = self.home / "tmp"
        temporary.mkdir(exist_ok=True)
        # The functions inherit this environment: nothing of the person's own shell (proxies, AWS profiles) gets in.
        environment = base_environment() | {
            "TMPDIR": str(temporary),
            "GATEWAY_PORT": str(self.port),
            "FRONT_PORT": str(self.front_port),
            "API_ID": API_ID,
            "FUNCTION_LOG": str(self.function_log),
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "MINISTACK_REGION": REGION,
            "PERSIST_STATE": "1",
            "STATE_DIR": str(self.home / "state"),
            "S3_PERSIST": "1",
            "S3_DATA_DIR": str(self.home / "state" / "s3"),
            # Each function has the rights of its role and no others, as on AWS.
            "AUTH": "true",
            "LOG_LEVEL": "WARNING",
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
        }
        self.emulator = Child("the emulator", [sys.executable, str(HERE / "emulator.py")], environment, self.home / "emulator.log")
        self.emulator.wait_until(lambda: answers(f"{self.endpoint_url}/_ministack/health"), START_SECONDS)

    def start_counterparts(self) -> None:
        state = self.home / "counterparts"
        state.mkdir(exist_ok=True)
        command = [sys.executable, str(COUNTERPARTS), "--port", str(self.counterparts_port)]
        command += ["--key", COURIER["key"], "--secret", COURIER["secret"], "--state", str(state)]
        command += ["--wechatpay", str(self.payment_keys), "--sms", str(self.sms_accounts), "--wechat-mp", str(self.wechat_account)]
        self.counterparts = Child("the counterpart of the couriers", command, base_environment(), self.home / "counterparts.log")
        self.counterparts.wait_until(lambda: answers(f"{self.counterparts_url}/_control/health"), START_SECONDS)

    def parameters(self) -> dict[str, str]:
        return {
            "Architecture": {"aarch64": "arm64"}.get(os.uname().machine, os.uname().machine),
            "PublicUrl": self.api_url,
            "Kuaidi100Url": self.counterparts_url,
            "Kuaidi100Key": COURIER["key"],
            "Kuaidi100Secret": COURIER["secret"],
            "Kuaidi100Salt": COURIER["salt"],
            "WechatPayUrl": self.counterparts_url,
            "WechatPayAccount": json.dumps(json.loads(self.payment_keys.read_text(encoding="utf-8"))["secret"]),
            "SmsUrl": self.counterparts_url,
            "WechatAccount": json.dumps(json.loads(self.wechat_account.read_text(encoding="utf-8"))["secret"]),
            "WechatUrl": self.counterparts_url,
            "WechatOpenUrl": self.counterparts_url,
            "SenderPhone": "010-60000000",
            "LogLevel": self.log_level,
        }

    # What can be done with it

    def client(self, service: str):
        """A boto3 client of the emulator."""
        return boto3.client(
            service,
            endpoint_url=self.endpoint_url,
            region_name=REGION,
            aws_access_key_id=ACCOUNT["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=ACCOUNT["AWS_SECRET_ACCESS_KEY"],
            config=Config(read_timeout=120, retries={"max_attempts": 2}, s3={"addressing_style": "path"}, proxies={}),
        )

    def function_pids(self, name: str) -> list[int]:
        """The processes in which a function runs now; none before its first call."""
        wanted = f"{self.name}-{name}"
        below = descendants(self.emulator.pid) if self.emulator else []
        return [pid for pid in below if environment_of(pid).get("AWS_LAMBDA_FUNCTION_NAME") == wanted]

    def all_pids(self) -> list[int]:
        """Every process that belongs to this system."""
        children = [child.pid for child in (self.emulator, self.counterparts) if child]
        return children + [pid for child in children for pid in descendants(child)]

    def importer(self, *arguments: str, progress: bool = False) -> dict:
        """Runs `yujie-import` against this system and returns its summary."""
        environment = base_environment() | {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "TABLE_NAME": self.table_name,
            "INDEX_BUCKET": self.outputs["IndexBucket"],
        }
        done = subprocess.run(
            [str(build.TARGET / "debug" / "yujie-import"), *arguments],
            env=environment, stdout=subprocess.PIPE, stderr=None if progress else subprocess.PIPE, text=True, check=False,
        )
        if done.returncode:
            said = (done.stderr or done.stdout or "").strip().splitlines()
            raise Fault(f"yujie-import {arguments[0]} fails" + (f": {said[-1]}" if said else ""))
        lines = done.stdout.strip().splitlines()
        return json.loads(lines[-1]) if lines else {}


def base_environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "LC_ALL", "TERM") if name in os.environ}
    return kept | ACCOUNT | {"RUST_BACKTRACE": "1", "PYTHONUNBUFFERED": "1"}


def answers(url: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with contextlib.suppress(OSError), opener.open(url, timeout=2) as response:
        return response.status == 200
    return False
