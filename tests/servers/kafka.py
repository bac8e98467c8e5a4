"""A real Kafka broker for the tests: one node in KRaft mode, started when first asked for.

The jars come from Maven Central by `mvn`, once, into `.pytest_cache`. Java 17 and mvn are needed; without them, or
without the network at first use, the tests that ask for a broker are skipped, or fail (`tests/needs.py`).
"""

from __future__ import annotations

import atexit
import base64
import shutil
import socket
import subprocess
import tempfile
import time
import uuid
from functools import cache
from hashlib import sha256
from pathlib import Path

from tests.needs import missing
from tests.redshift.standin.certificates import make as make_certificates

HERE = Path(__file__).parent / "kafka_broker"
CACHE = Path(__file__).parents[2] / ".pytest_cache"
SECONDS_TO_START = 60
SECONDS_TO_STOP = 30

_PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs={data}
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
log.cleaner.backoff.ms=200
log.retention.check.interval.ms=500
log.initial.task.delay.ms=500
{more}
"""


@cache
def jars() -> Path:
    """The folder with the broker's jars, filled by mvn on first use; skips where that is not possible."""
    for program in ("java", "mvn"):
        if not shutil.which(program):
            missing("kafka", f"a Kafka broker needs {program}, which is not installed")
    pom = HERE / "pom.xml"
    folder = CACHE / f"kafka-{sha256(pom.read_bytes()).hexdigest()[:12]}"
    if not folder.is_dir():
        partial = Path(tempfile.mkdtemp(prefix="kafka-", dir=_made(CACHE)))
        command = ["mvn", "-q", "-B", "-f", str(pom), "dependency:copy-dependencies", f"-DoutputDirectory={partial}"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
        if done.returncode:
            shutil.rmtree(partial)
            missing("kafka", f"mvn could not fetch the Kafka broker: {done.stdout.strip()[-300:]}")
        if not folder.is_dir():  # another test process may have been faster
            partial.rename(folder)
    return folder


def _made(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    return folder


_SIGN_IN = """\
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller},SSL://127.0.0.1:{tls},SASL_SSL://127.0.0.1:{sasl}
advertised.listeners=PLAINTEXT://127.0.0.1:{port},SSL://127.0.0.1:{tls},SASL_SSL://127.0.0.1:{sasl}
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_SSL:SASL_SSL
ssl.keystore.type=PEM
ssl.keystore.location={folder}/keystore.pem
ssl.truststore.type=PEM
ssl.truststore.location={folder}/ca.pem
sasl.enabled.mechanisms=SCRAM-SHA-256,SCRAM-SHA-512,PLAIN,OAUTHBEARER
listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config={login}.scram.ScramLoginModule required;
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config={login}.scram.ScramLoginModule required;
listener.name.sasl_ssl.plain.sasl.jaas.config={login}.plain.PlainLoginModule required user_{user}="{password}";
listener.name.sasl_ssl.oauthbearer.sasl.jaas.config={login}.oauthbearer.OAuthBearerLoginModule required \\
  unsecuredLoginStringClaim_sub="broker";
"""
_SCRAM = ("SCRAM-SHA-256", "SCRAM-SHA-512")
_LOGIN = "org.apache.kafka.common.security"


class Broker:
    """One node that is broker and controller, on loopback; `more` are further lines of server.properties.

    With `signs_in` it also listens with TLS at `tls_address`, and with TLS and SASL at `sasl_address`, to a user that
    has a password; `ca_file` is the authority of its certificate.
    """

    user, password = "loader", "p4ss-word"

    def __init__(self, more: str = "", *, signs_in: bool = False) -> None:
        self._jars = jars()
        self.folder = Path(tempfile.mkdtemp(prefix="sparkify-kafka-"))
        self.port, controller, self._tls, self._sasl = _free_ports(4)
        self._process: subprocess.Popen[bytes] | None = None
        self._properties = self.folder / "server.properties"
        ports = {"port": self.port, "controller": controller, "tls": self._tls, "sasl": self._sasl}
        if signs_in:
            make_certificates(self.folder)
            pem = (self.folder / "server.key").read_text() + (self.folder / "server.pem").read_text()
            (self.folder / "keystore.pem").write_text(pem)
            named = {"folder": self.folder, "login": _LOGIN, "user": self.user, "password": self.password}
            more += _SIGN_IN.format(**ports, **named)
        self._properties.write_text(_PROPERTIES.format(**ports, data=self.folder / "data", more=more))
        cluster = base64.urlsafe_b64encode(b"\0" + uuid.uuid4().bytes[1:]).decode().rstrip("=")  # begins with no dash
        scram = [f"{mechanism}=[name={self.user},password={self.password}]" for mechanism in _SCRAM]
        users = [word for each in scram for word in ("--add-scram", each)]
        format_storage: list[str | Path] = [
            "kafka.tools.StorageTool",
            "format",
            "--standalone",
            "-t",
            cluster,
            "-c",
            self._properties,
            *users,
        ]
        done = subprocess.run([*self._java(), *format_storage], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        self.start()
        atexit.register(self.remove)

    @property
    def address(self) -> str:
        """host:port for clients."""
        return f"127.0.0.1:{self.port}"

    @property
    def tls_address(self) -> str:
        """host:port for clients with TLS."""
        return f"127.0.0.1:{self._tls}"

    @property
    def sasl_address(self) -> str:
        """host:port for clients with TLS that sign in."""
        return f"127.0.0.1:{self._sasl}"

    @property
    def ca_file(self) -> Path:
        """The certificate of the authority."""
        return self.folder / "ca.pem"

    @property
    def log(self) -> Path:
        """What the broker prints."""
        return self.folder / "log"

    def start(self) -> None:
        """Start it, and wait until it accepts clients."""
        with self.log.open("ab") as log:
            command = [*self._java(), "kafka.Kafka", self._properties]
            self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder)
        end = time.monotonic() + SECONDS_TO_START
        while time.monotonic() < end:
            assert self._process.poll() is None, self.log.read_text()[-2000:]
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.1)
        raise AssertionError(f"the broker did not start: {self.log.read_text()[-2000:]}")

    def stop(self, *, kill: bool = False) -> None:
        """Stop it in order, or as a crash does."""
        if self._process is None:
            return
        (self._process.kill if kill else self._process.terminate)()
        self._process.wait(SECONDS_TO_STOP)
        self._process = None

    def remove(self) -> None:
        """Stop it, and remove its data."""
        self.stop(kill=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _java(self) -> list[str | Path]:
        return ["java", "-Xmx512m", "-XX:TieredStopAtLevel=1", "-cp", f"{self._jars}/*"]


def _free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()


@cache
def broker() -> Broker:
    """The broker that tests of one process share."""
    return Broker()
