"""A shop whose supervisor is started again whenever it dies, and whose processes are found however full the disk is."""

import http.client
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile

from plan import PROCESSES, SERVICES, SUPERVISOR
from shop import Shop
from small_disk import NoDisk, SmallDisk

SECONDS_TO_COME_UP = 60
SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
ADMIN_PORT = {**{service: 1 + index for index, service in enumerate(SERVICES)}, "payment-gateway": 90}


class Interrupted(Exception):
    """By one of the signals."""

    def __init__(self, number):
        super().__init__(number)
        self.number = number


def ignore_signals():
    """Tidying up is not to be interrupted."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


class Process:
    """One process, whoever has its number later."""

    def __init__(self, pid):
        self.handle = os.pidfd_open(pid)

    def send(self, number):
        try:
            signal.pidfd_send_signal(self.handle, number)
        except ProcessLookupError:
            pass  # it has ended meanwhile

    def await_end(self, seconds):
        """Whether it has ended, at the latest after so long."""
        return bool(select.select([self.handle], [], [], seconds)[0])

    def close(self):
        os.close(self.handle)


class BesiegedShop(Shop):
    SCRATCH = "stampede-chaos-"
    BUSY_SECONDS = 0.5

    def __init__(self, options, gateway, calls_at_a_time):
        options.keep = None  # evidence is copied at the end: its disk is mounted for us alone
        super().__init__(options, gateway, name="data")
        self.held = False
        self.disk = None
        self.supervising = None
        self.failed_starts = 0
        self.environment = {
            **os.environ, "STAMPEDE_GATEWAY_ARGUMENTS": gateway, "STAMPEDE_GATEWAY_CONCURRENCY": str(calls_at_a_time)}

    def __enter__(self):
        return self  # brought up inside of the block, whose end takes everything down again

    def __exit__(self, kind, *_):
        ignore_signals()
        try:
            self.stop_sale()
            self.down()
            if self.options.data:
                self.keep(self.options.data)
            elif not self.held and kind is not Interrupted:
                self.keep(tempfile.mkdtemp(prefix="stampede-chaos-kept-"))
        finally:
            if self.disk:
                self.disk.unmount()
            shutil.rmtree(self.scratch, ignore_errors=True)

    def mount_disk(self):
        """Puts the data directory on a disk of its own; the shoppers' memory, the journals, is not on it."""
        if not self.options.private_mounts:
            raise NoDisk("a mount namespace of one's own needs root")
        disk = SmallDisk(os.path.join(self.scratch, "disk.img"), self.data)
        disk.mount()
        self.disk = disk
        disk.share(os.path.join(self.scratch, "sale"), os.path.join(self.data, "sale"))

    # The supervisor stays in the foreground of a child of ours. It dies with us, and its services with it.

    def up(self):
        os.makedirs(self.data, exist_ok=True)
        self.keep_supervised()
        self.wait_until("all processes are ready", lambda: all(self.is_ready(name) for name in PROCESSES),
                        SECONDS_TO_COME_UP)

    def keep_supervised(self):
        """Starts the supervisor where there is none any more."""
        if self.supervising and self.supervising.poll() is None:
            return
        if self.supervising and self.supervising.returncode == 1:
            self.failed_starts += 1
        with open(os.path.join(self.scratch, "supervisor.txt"), "a") as text:
            self.supervising = subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", os.path.join(self.options.root, "Scripts/supervisor"), "up",
                 "--foreground", "--data", self.data, "--bin", self.options.bin, "--port-base", str(self.base)],
                stdin=subprocess.DEVNULL, stdout=text, stderr=text, env=self.environment, start_new_session=True)

    def down(self):
        if self.supervising:
            self.supervising.terminate()
            self.supervising.wait()
        self.supervisor("down", check=False)  # where the supervisor was killed this moment

    # Who lives. Pid files cannot be trusted on a full disk; the kernel's lists of children can.

    def pid(self, program):
        supervisor = self.child(self.supervising.pid, lambda words: "supervise" in words)
        if program == SUPERVISOR or supervisor is None:
            return supervisor
        path = os.path.join(os.path.realpath(self.options.bin), program)
        return self.child(supervisor, lambda words: words[0] == path)

    @staticmethod
    def child(parent, is_wanted):
        try:
            with open(f"/proc/{parent}/task/{parent}/children") as file:
                children = file.read().split()
        except OSError:
            return None
        for child in children:
            try:
                with open(f"/proc/{child}/cmdline") as file:
                    words = file.read().split("\0")
            except OSError:
                continue
            if is_wanted(words):
                return int(child)
        return None

    def process(self, program):
        """None where it is not there."""
        pid = self.pid(program)
        try:
            process = Process(pid) if pid else None
        except ProcessLookupError:
            return None
        if process and self.pid(program) != pid:  # the number may be another process's by now
            process.close()
            return None
        return process

    # How they are.

    def is_ready(self, program):
        return self.ask(program, "/health/ready") is not None

    def stands(self, service):
        """Whether a part of it waits for disk, database or log."""
        answer = self.ask(service, "/admin/status")
        return bool(answer and json.loads(answer)["standing"])

    def ask(self, program, path):
        """The body of a 200; None for whatever else comes within half a second."""
        connection = http.client.HTTPConnection("127.0.0.1", self.base + ADMIN_PORT[program], timeout=0.5)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            body = response.read()
            return body if response.status == 200 else None
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    # What is left.

    def keep(self, directory):
        """Copies the evidence, once the shop is down."""
        os.makedirs(directory, exist_ok=True)
        for name in sorted(os.listdir(self.scratch)):
            if name not in ["disk.img", "sale"]:
                path = os.path.join(self.scratch, name)
                subprocess.run(["cp", "--archive", "--sparse=always", path, directory], check=True)
        print(f"the evidence is in {directory}", file=sys.stderr)
