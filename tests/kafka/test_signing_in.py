"""TLS, and ways to sign in, against a broker that asks for them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from tests.kafka.topics import etl, plays
from tests.servers.kafka import Broker
from tests.support import rows, url_of, warehouse
from tests.unit.command import assert_error
from tests.unit.command import sparkify as command

from sparkify.errors import SourceError, UsageError
from sparkify.storage import msk
from sparkify.storage.kafka import client_properties, parse_address

TOPIC = "events"
AWS = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "eu-central-1"}


@pytest.fixture(scope="module")
def broker() -> Iterator[Broker]:
    found = Broker(signs_in=True)
    admin = AdminClient({"bootstrap.servers": found.address})
    admin.create_topics([NewTopic(TOPIC, 2)])[TOPIC].result(60)
    producer = Producer({"bootstrap.servers": found.address})
    for value in plays(20):
        producer.produce(TOPIC, value)
    assert producer.flush(60) == 0
    yield found
    found.remove()


def _sasl(broker: Broker, mechanism: str, **more: Any) -> dict[str, Any]:
    return {
        "security.protocol": "SASL_SSL",
        "ssl.ca.location": str(broker.ca_file),
        "sasl.mechanism": mechanism,
        "sasl.username": broker.user,
        "sasl.password": broker.password,
        **more,
    }


OAUTH = {
    "security.protocol": "SASL_SSL",
    "sasl.mechanism": "OAUTHBEARER",
    "sasl.oauthbearer.config": "principal=loader",
    "enable.sasl.oauthbearer.unsecure.jwt": "true",
}


def test_tls(broker: Broker, tmp_path: Path) -> None:
    place = warehouse(tmp_path)
    settings = {"security.protocol": "SSL", "ssl.ca.location": str(broker.ca_file)}
    assert etl(place, logs=f"kafka://{broker.tls_address}/{TOPIC}", kafka=settings).loaded["events"] == 20


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-256", "SCRAM-SHA-512", "PLAIN"])
def test_a_user_with_a_password(broker: Broker, tmp_path: Path, mechanism: str) -> None:
    uri = f"kafka://{broker.sasl_address}/{TOPIC}"
    settings = _sasl(broker, mechanism)
    lines = "".join(f"{json.dumps(name)} = {json.dumps(value)}\n" for name, value in settings.items())
    (tmp_path / "sparkify.toml").write_text(f'logs = "{uri}"\n[kafka]\n{lines}')
    done = command("etl", "--verbose", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "loaded 20 events" in done.stderr
    stored = rows(tmp_path / "sparkify.duckdb", "SELECT settings FROM etl_runs")
    for text in (done.stderr, str(stored)):
        assert broker.password not in text
        assert "***" in text


def test_oauth(broker: Broker, tmp_path: Path) -> None:
    settings = {**OAUTH, "ssl.ca.location": str(broker.ca_file)}
    done = etl(warehouse(tmp_path), logs=f"kafka://{broker.sasl_address}/{TOPIC}", kafka=settings)
    assert done.loaded["events"] == 20


def test_a_wrong_password_and_an_unknown_authority_are_named(broker: Broker, tmp_path: Path) -> None:
    uri = f"kafka://{broker.sasl_address}/{TOPIC}"
    wrong = _sasl(broker, "SCRAM-SHA-256", **{"sasl.password": "wrong-secret"})
    with pytest.raises(SourceError, match="the broker refused the sign-in") as caught:
        etl(warehouse(tmp_path), logs=uri, kafka=wrong)
    assert not caught.value.passes
    assert "wrong-secret" not in str(caught.value)
    unknown = {name: value for name, value in _sasl(broker, "SCRAM-SHA-256").items() if name != "ssl.ca.location"}
    with pytest.raises(SourceError, match="TLS connection failed"):
        etl(warehouse(tmp_path), logs=uri, kafka=unknown)


def test_a_password_from_the_environment(broker: Broker, tmp_path: Path) -> None:
    settings = {name: value for name, value in _sasl(broker, "SCRAM-SHA-256").items() if name != "sasl.password"}
    env = {"SPARKIFY_KAFKA": json.dumps(settings), "SPARKIFY_KAFKA__SASL_PASSWORD": broker.password}
    arguments = ("etl", "--logs", f"kafka://{broker.sasl_address}/{TOPIC}")
    done = command(*arguments, cwd=tmp_path, env=env)
    assert done.returncode == 0, done.stderr
    assert_error(command(*arguments, cwd=tmp_path, env={"SPARKIFY_KAFKA": '{"sasl.pasword": "x"}'}), 2, "sasl.password")


def test_tokens_of_msk_expire_in_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in AWS.items():
        monkeypatch.setenv(name, value)
    properties = client_properties(
        parse_address("kafka://b-1.x.c2.kafka.us-west-2.amazonaws.com:9098/t"), {"sasl.mechanism": "AWS_MSK_IAM"}
    )
    token, expires = properties["oauth_cb"]("")
    assert 600 < expires - time.time() < 3600
    assert token
    assert (properties["sasl.mechanism"], properties["security.protocol"]) == ("OAUTHBEARER", "SASL_SSL")


def test_regions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_REGION", raising=False)
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    assert msk.region_of("b-1.x.y.c2.kafka.us-west-2.amazonaws.com:9098,b-2:9098") == "us-west-2"
    assert msk.region_of("boot-x.c1.kafka-serverless.eu-west-1.amazonaws.com:9098") == "eu-west-1"
    with pytest.raises(UsageError, match="is not known"):
        msk.region_of("10.0.0.1:9098")
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    assert msk.region_of("10.0.0.1:9098") == "eu-central-1"


def test_the_token_of_msk_reaches_the_broker(
    broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Apache Kafka does not know IAM: it refuses the token, after it was signed and sent."""
    for name, value in AWS.items():
        monkeypatch.setenv(name, value)
    settings = {"sasl.mechanism": "AWS_MSK_IAM", "ssl.ca.location": str(broker.ca_file)}
    with pytest.raises(SourceError, match="the broker refused the sign-in"):
        etl(warehouse(tmp_path), logs=f"kafka://{broker.sasl_address}/{TOPIC}", kafka=settings)
    assert '{"status":"invalid_token"}' in caplog.text


def test_generate_signs_in_too(broker: Broker, tmp_path: Path) -> None:
    env = {"SPARKIFY_KAFKA": json.dumps(_sasl(broker, "SCRAM-SHA-256"))}
    uri = f"kafka://{broker.sasl_address}/made"
    done = command("generate", uri, "--users", "5", "--songs", "5", cwd=tmp_path, env=env)
    assert done.returncode == 0, done.stderr
    loaded = command("etl", "--logs", uri, "--warehouse", url_of(tmp_path / "w.duckdb"), cwd=tmp_path, env=env)
    assert loaded.returncode == 0, loaded.stderr
