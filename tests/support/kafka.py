"""A real Apache Kafka for tests: the broker's own jars in one process, KRaft mode, loopback, data that outlives it."""

import fcntl
import hashlib
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.errors import (
    CoordinatorLoadInProgressError,
    CoordinatorNotAvailableError,
    KafkaError,
    NotCoordinatorError,
)

from tests.support.processes import PATIENCE_S, Child, free_port, port_answers, wait_until

ROOT: Final = Path(__file__).resolve().parents[2]
RECIPE: Final = ROOT / "ops" / "kafka"
CACHE: Final = ROOT / ".cache" / "kafka"
COPY_JARS: Final = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
CLUSTER_ID: Final = "Zm9yZXNob2NrLXRlc3RzMQ"  # any 16 bytes in base64: one cluster never meets another
JVM: Final = ("-Xms128m", "-Xmx512m", "-XX:+UseSerialGC", "-Djava.awt.headless=true")


@dataclass(frozen=True, slots=True)
class Names:
    """Topics and groups that no other test uses."""

    prefix: str

    def topic(self, name: str) -> str:
        """Return this test's name for a topic."""
        return f"{self.prefix}.{name}"

    def group(self, name: str) -> str:
        """Return this test's name for a consumer group."""
        return f"{self.prefix}.{name}"


def broker_jars() -> Path:
    """Return the folder with the broker's jars, fetched by Maven once for each content of the pom.

    Raises RuntimeError when Maven is missing or cannot fetch them.
    """
    pom = RECIPE / "pom.xml"
    folder = CACHE / hashlib.sha256(pom.read_bytes()).hexdigest()[:12]
    if folder.exists():
        return folder
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock, tempfile.TemporaryDirectory(dir=CACHE) as scratch:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if folder.exists():  # another process of this run has fetched them meanwhile
            return folder
        jars = Path(scratch) / "jars"
        command = ["-B", "-q", "-f", str(pom), COPY_JARS, f"-DoutputDirectory={jars}", "-DincludeScope=runtime"]
        _run([_program("mvn", "maven"), *command])
        jars.rename(folder)  # whole or not at all
    return folder


class KafkaBroker:
    """One broker that is its own controller. Topics are never created by accident: auto-creation is off."""

    def __init__(
        self,
        folder: Path,
        *,
        port: int | None = None,
        partitions: int = 4,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        """Lay the data and the log in ``folder``; ``settings`` add to or replace lines of server.properties."""
        self.port = free_port() if port is None else port
        self.bootstrap = f"127.0.0.1:{self.port}"
        self.log = folder / "broker.log"
        self._folder = folder
        self._properties = folder / "server.properties"
        self._settings = {**self._defaults(partitions), **(settings or {})}
        self._child = Child("kafka", self._java("kafka.Kafka", str(self._properties)), self.log)

    @property
    def running(self) -> bool:
        """Whether the broker's process is alive."""
        return self._child.running

    def start(self) -> None:
        """Format the storage if it is new, start, and wait until the broker serves metadata."""
        if not self._properties.exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            self._properties.write_text("".join(f"{name}={value}\n" for name, value in self._settings.items()))
            _run(self._java("kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c", str(self._properties)))
        self._child.start()
        self._child.wait_ready(self._serves, what="it to serve metadata")

    def stop(self) -> None:
        """Shut the broker down in order."""
        self._child.stop()

    def kill(self) -> None:
        """Take the broker away without a word (SIGKILL)."""
        self._child.kill()

    def restart(self, *, killed: bool = False) -> None:
        """Stop or kill the broker and start it again on the same port with the same data."""
        if self.running:
            (self.kill if killed else self.stop)()
        self.start()

    def admin(self) -> KafkaAdminClient:
        """Return a new admin client; the caller closes it."""
        return KafkaAdminClient(bootstrap_servers=self.bootstrap, client_id="tests")

    def read(self, topic: str) -> list[tuple[bytes | None, bytes]]:
        """Return (key, value) of everything that a topic holds now, each partition in order."""
        consumer = KafkaConsumer(bootstrap_servers=self.bootstrap)
        try:
            partitions = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic) or ()]
            ends = consumer.end_offsets(partitions)
            consumer.assign(partitions)
            consumer.seek_to_beginning()
            records: list[tuple[bytes | None, bytes]] = []
            deadline = time.monotonic() + PATIENCE_S
            while any(consumer.position(partition) < end for partition, end in ends.items()):
                if time.monotonic() > deadline:
                    raise TimeoutError(f"{topic} was not read to its end within {PATIENCE_S:g} s")
                for batch in consumer.poll(timeout_ms=200).values():
                    records += [(record.key, record.value) for record in batch]
            return records
        finally:
            consumer.close()

    def committed(self, group: str) -> dict[tuple[str, int], int]:
        """Return the offsets that a consumer group has committed, by (topic, partition).

        A broker that has just come back needs a moment to load its groups; it is asked again until then.
        """
        found: dict[tuple[str, int], int] = {}

        def coordinator_answers() -> bool:
            admin = self.admin()
            try:
                offsets = admin.list_group_offsets([group])[group]
            except (NotCoordinatorError, CoordinatorLoadInProgressError, CoordinatorNotAvailableError):
                return False
            finally:
                admin.close()
            found.update({(place.topic, place.partition): at.offset for place, at in offsets.items()})
            return True

        wait_until(coordinator_answers, what=f"the coordinator of {group}")
        return found

    def _serves(self) -> bool:
        if not port_answers(self.port):
            return False
        try:
            admin = self.admin()
        except KafkaError:
            return False
        try:
            return len(admin.describe_cluster()["brokers"]) == 1
        except KafkaError:
            return False
        finally:
            admin.close()

    def _java(self, main: str, *arguments: str) -> list[str]:
        logging = f"-Dlog4j2.configurationFile=file:{RECIPE / 'log4j2.properties'}"
        return [
            _program("java", "default-jre-headless"),
            *JVM,
            logging,
            "-cp",
            f"{broker_jars()}/*",
            main,
            *arguments,
        ]

    def _defaults(self, partitions: int) -> dict[str, str]:
        controller = free_port()
        return {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.voters": f"1@127.0.0.1:{controller}",
            "controller.listener.names": "CONTROLLER",
            "listeners": f"PLAINTEXT://{self.bootstrap},CONTROLLER://127.0.0.1:{controller}",
            "advertised.listeners": f"PLAINTEXT://{self.bootstrap}",
            "log.dirs": str(self._folder / "data"),
            "num.partitions": str(partitions),
            "auto.create.topics.enable": "false",
            "offsets.topic.replication.factor": "1",
            "offsets.topic.num.partitions": "4",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
            "group.initial.rebalance.delay.ms": "0",
            # What tests write is years old by its time stamps: the next look at what to retain would delete it.
            "log.retention.ms": "-1",
            # A killed broker may come back once its old registration has timed out. One that a slow machine keeps from
            # its heartbeat for so long has no partitions meanwhile, and topics cannot be created.
            "broker.session.timeout.ms": "9000",
            "broker.heartbeat.interval.ms": "500",
        }


def with_login(plain: int, asked: int, protocol: str, user: str, password: str) -> dict[str, str]:
    """Return settings of a broker that tests reach on one port, and whoever logs in (SASL) on another."""
    controller = f"127.0.0.1:{free_port()}"
    listeners = f"PLAINTEXT://127.0.0.1:{plain},{protocol}://127.0.0.1:{asked}"
    login = f'org.apache.kafka.common.security.plain.PlainLoginModule required user_{user}="{password}";'
    return {
        "listeners": f"{listeners},CONTROLLER://{controller}",
        "advertised.listeners": listeners,
        "controller.quorum.voters": f"1@{controller}",
        "listener.security.protocol.map": f"PLAINTEXT:PLAINTEXT,{protocol}:{protocol},CONTROLLER:PLAINTEXT",
        "sasl.enabled.mechanisms": "PLAIN",
        f"listener.name.{protocol.lower()}.plain.sasl.jaas.config": login,
    }


def _program(name: str, package: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise RuntimeError(f"{name} is not installed; on Debian: apt-get install {package}")
    return found


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own command
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]} ended with {done.returncode}:\n{(done.stdout + done.stderr)[-4000:]}")
