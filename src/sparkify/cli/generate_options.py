"""The options of `sparkify generate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Out = Annotated[
    str, typer.Argument(metavar="OUT", help="Folder to write log_data and song_data into, or kafka://host:port/topic.")
]
Users = Annotated[int | None, typer.Option("--users", help="Users at the beginning. [default: 1000]")]
Begin = Annotated[
    str | None, typer.Option("--from", metavar="DATE", help="First day, or time, UTC. [default: 2018-11-01]")
]
End = Annotated[str | None, typer.Option("--to", metavar="DATE", help="The end, exclusive. [default: 30 days later]")]
Seed = Annotated[int | None, typer.Option("--seed", help="Another seed, other data. [default: 0]")]
SongCount = Annotated[int | None, typer.Option("--songs", help="Songs to make up. [default: 5000]")]
Catalogue = Annotated[
    str | None,
    typer.Option("--catalogue", metavar="URI", help="Play songs from the records below this folder instead."),
]
EventsimConfig = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="A configuration in eventsim's format.")
]
GrowthRate = Annotated[float | None, typer.Option("--growth-rate", help="New users a year, as a share. [default: 0]")]
AttritionRate = Annotated[
    float | None, typer.Option("--attrition-rate", help="Users who leave in a year, as a share. [default: 0]")
]
MatchRate = Annotated[
    float | None, typer.Option("--match-rate", help="Share of plays whose song is in song_data. [default: 1]")
]
FirstUserId = Annotated[int | None, typer.Option("--first-user-id", help="[default: 1]")]
Gzip = Annotated[bool, typer.Option("--gzip", help="Compress the logs.")]
WorkerCount = Annotated[
    int | None, typer.Option("--workers", help="Processes; never changes the output. [default: one per processor]")
]
Force = Annotated[
    bool, typer.Option("--force", help="Write into a folder that holds files; replaces an earlier run's alone.")
]

_TOPICS = "Onto a Kafka topic"
Speed = Annotated[
    float | None,
    typer.Option("--speed", help="Seconds simulated per second; 60 is an hour a minute. [default: as fast as it goes]",
                 rich_help_panel=_TOPICS),
]  # fmt: skip
Forever = Annotated[bool, typer.Option("--forever", help="Go on with the next period.", rich_help_panel=_TOPICS)]
TopicForm = Annotated[
    bool,
    typer.Option("--topic-form", help="Four topics in eventsim's form; OUT's topic is their prefix.",
                 rich_help_panel=_TOPICS),
]  # fmt: skip
Transactions = Annotated[
    bool,
    typer.Option("--transactions", help="Produce in transactions; started again, go on behind the last one.",
                 rich_help_panel=_TOPICS),
]  # fmt: skip
Partitions = Annotated[
    int, typer.Option("--partitions", min=1, help="Partitions of a topic that is created.", rich_help_panel=_TOPICS)
]
