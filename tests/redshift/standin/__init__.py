"""A stand-in for Amazon Redshift: a server that behaves as our reading of AWS's documentation says.

It speaks the PostgreSQL wire protocol, runs what it is told on a PostgreSQL of its own, and reads S3 from moto.
"""

from __future__ import annotations

import contextlib
import json
import logging
import shutil
import socket
import tempfile
import threading
import warnings
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.redshift.standin.certificates import make
from tests.redshift.standin.faults import Faults
from tests.redshift.standin.stores import Stores, client
from tests.redshift.standin.system import setup
from tests.redshift.standin.transactions import Versions

ROLE = "arn:aws:iam::123456789012:role/sparkify-copy"
USER = "awsuser"
PASSWORD = "Correct-Horse-9"
DATABASE = "dev"
BUCKET = "sparkify-test"


PORTS = (*range(8191, 8216), *range(5431, 5456))
"""What Redshift may listen on."""


def _listen() -> socket.socket:
    """Listen on a free one of the ports of Redshift, or on any other that is free."""
    for port in PORTS:
        with contextlib.suppress(OSError):
            return socket.create_server(("127.0.0.1", port))
    return socket.create_server(("127.0.0.1", 0))


class RedshiftStandIn:
    """A running stand-in; start it with `with`.

    `host`, `port`, `user`, `password`, `database` and `ca_file` are what a driver needs; `url` is the same as a
    warehouse URL. `s3_endpoint`, `bucket` and `role` are what COPY needs. `passwords` (by user), `roles`,
    `accept_iam_users` say who may do what; `faults` what is to go wrong; `statements` holds every statement that came,
    `users` who signed in.
    """

    host = "localhost"
    user = USER
    password = PASSWORD
    database = DATABASE
    bucket = BUCKET
    role = ROLE

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="sparkify-standin-"))
        self.passwords = {USER: PASSWORD}
        self.roles = {ROLE}
        self.accept_iam_users = True
        self.faults = Faults()
        self.statements: list[str] = []
        self.users: list[str] = []
        self.versions = Versions()
        self._query = 1000
        self._sessions: list[Any] = []
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> RedshiftStandIn:
        self._start_s3()
        self._start_postgres()
        certificates = self.folder / "certificates"
        certificates.mkdir()
        self.certificates = make(certificates)
        self.ca_file = self.certificates.ca_file
        self._listener = _listen()
        self.port: int = self._listener.getsockname()[1]
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()
        return self

    def __exit__(self, *exception: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._accepting.join()
        for session in self._sessions:
            session.close()
        for thread in self._threads:
            thread.join()
        self._catalogue.close()
        self._postgres.cleanup()
        self._moto.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def url(self) -> str:
        """The warehouse URL, without the password."""
        return f"redshift://{self.user}@{self.host}:{self.port}/{self.database}"

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs to trust the certificate and to find S3."""
        return {
            "SSL_CERT_FILE": str(self.ca_file),
            "AWS_ENDPOINT_URL": self.s3_endpoint,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_DEFAULT_REGION": "us-east-1",
        }

    def s3(self) -> Any:
        """A boto3 client of the S3 that COPY reads."""
        return client(self.s3_endpoint)

    def reset(self) -> None:
        """Begin again: no tables, no objects, no faults, no statements. Sessions are cut."""
        for session in self._sessions:
            session.close()
        for thread in self._threads:
            thread.join()
        self._sessions, self._threads = [], []
        self.faults.clear()
        self.stores.carriage_return = "a letter"
        self.stores.other_line_ends = ""
        self.statements.clear()
        self.users.clear()
        self.accept_iam_users = True
        self.versions = Versions()
        self.passwords = {USER: PASSWORD}
        self.roles = {ROLE}
        self._drop_schemas()
        self._catalogue.execute("TRUNCATE rs.load_errors")
        self._furnish()
        self._empty_bucket()

    def next_query(self) -> int:
        """A number for a query."""
        self._query += 1
        return self._query

    def record_errors(self, rows: list[tuple[object, ...]]) -> None:
        """Note load errors, whatever becomes of the transaction."""
        if rows:
            marks = ", ".join(["%s"] * len(rows[0]))
            with self._catalogue.cursor() as cursor:
                cursor.executemany(f"INSERT INTO rs.load_errors VALUES ({marks})", rows)

    def _drop_schemas(self) -> None:
        owned = self._catalogue.execute(
            "SELECT quote_ident(nspname) FROM pg_namespace"
            " WHERE nspname !~ '^pg_' AND nspname NOT IN ('rs', 'information_schema')"
        ).fetchall()
        for (name,) in owned:
            self._catalogue.execute(f"DROP SCHEMA {name} CASCADE".encode())
        self._catalogue.execute("CREATE SCHEMA public")

    def _start_s3(self) -> None:
        from moto.server import ThreadedMotoServer

        logging.getLogger("werkzeug").setLevel(logging.WARNING)  # every request would be printed
        self._moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        self._moto.start()
        host, port = self._moto.get_host_and_port()
        self.s3_endpoint = f"http://{host}:{port}"
        self.stores = Stores(self.s3_endpoint, self.faults)
        self._furnish()

    def _furnish(self) -> None:
        """Make the bucket and the role of COPY in moto, where they are not there.

        moto keeps one state for a process: a test that imitates AWS in it without the server empties that.
        """
        s3, iam = self.s3(), client(self.s3_endpoint, "iam")
        s3.create_bucket(Bucket=BUCKET)
        allowed = {"Effect": "Allow", "Principal": {"Service": "redshift.amazonaws.com"}, "Action": "sts:AssumeRole"}
        trust = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
        with contextlib.suppress(iam.exceptions.EntityAlreadyExistsException):
            iam.create_role(RoleName=ROLE.split("/")[-1], AssumeRolePolicyDocument=trust)

    def _empty_bucket(self) -> None:
        s3 = self.s3()
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET):
            for entry in page.get("Contents", []):
                s3.delete_object(Bucket=BUCKET, Key=entry["Key"])

    def _start_postgres(self) -> None:
        import psycopg

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # where it keeps its locks is of no interest here
            from pgserver.postgres_server import get_server
        self._postgres: Any = get_server(self.folder / "postgres", cleanup_mode="delete")
        address = urlsplit(self._postgres.get_uri())
        folder = parse_qs(address.query)["host"][0]
        self.socket_path = f"{folder}/.s.PGSQL.{address.port or 5432}"
        with psycopg.connect(host=folder, user="postgres", dbname="postgres", autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET fsync = off")
            connection.execute("SELECT pg_reload_conf()")
            connection.execute(
                f"CREATE DATABASE {DATABASE} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'"
            )
        self._catalogue = psycopg.connect(host=folder, user="postgres", dbname=DATABASE, autocommit=True)
        self._catalogue.execute(setup().encode())
        row = self._catalogue.execute("SELECT 'rs.string'::regtype::oid::bigint").fetchone()
        assert row is not None
        self.types = {int(row[0]): 1043, 25: 1043}

    def _accept(self) -> None:
        from tests.redshift.standin.proxy import Session

        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            session = Session(self, connection)
            thread = threading.Thread(target=session.run, daemon=True)
            self._sessions.append(session)
            self._threads.append(thread)
            thread.start()
