"""Commands for a Redshift cluster: cluster create, status, destroy."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sparkify.cli.options import Config, Logs, Output, Profile, Songs, Verbose, load_settings
from sparkify.cli.output import Format, plain_text, print_json, print_values, say
from sparkify.errors import CloudError, UsageError

if TYPE_CHECKING:
    from sparkify.cluster.request import ClusterRequest
    from sparkify.cluster.stack import Event, Plan, Stack, Status
    from sparkify.config.settings import Loaded

cluster = typer.Typer(
    help="Make, look at and remove a Redshift cluster, as one CloudFormation stack.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Name = Annotated[str | None, typer.Option(help="The name of the cluster. [default: sparkify]")]
Region = Annotated[str | None, typer.Option(help="The AWS region. [default: that of AWS's own configuration]")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


@cluster.command("create")
def create(
    name: Name = None,
    node_type: Annotated[str | None, typer.Option(help="The type of the nodes. [default: ra3.large]")] = None,
    nodes: Annotated[int | None, typer.Option(help="How many nodes. [default: 1]")] = None,
    serverless: Annotated[
        bool, typer.Option("--serverless", help="Make a workgroup of Redshift Serverless in the place of a cluster.")
    ] = False,
    base_capacity: Annotated[
        int | None, typer.Option(help="With --serverless: how many RPU it has. [default: 8]", metavar="RPU")
    ] = None,
    usage_limit: Annotated[
        int | None, typer.Option(help="With --serverless: RPU hours a day at the most. [default: 24]", metavar="HOURS")
    ] = None,
    database: Annotated[str | None, typer.Option(help="The database to make. [default: sparkify]")] = None,
    user: Annotated[str | None, typer.Option(help="Its first user. [default: sparkify]")] = None,
    port: Annotated[int | None, typer.Option(help="The port: 5431 to 5455, or 8191 to 8215. [default: 5439]")] = None,
    public: Annotated[bool, typer.Option("--public", help="Let this machine's address connect, and no other.")] = False,
    allow_from: Annotated[
        str | None,
        typer.Option(help="With --public: the addresses that may connect instead.", metavar="CIDR"),
    ] = None,
    ttl: Annotated[
        str | None,
        typer.Option(help="Delete it all after this time: 90m, 8h, 2d, or none. [default: 12h]", metavar="TIME"),
    ] = None,
    copy_spool: Annotated[
        str | None, typer.Option(help="Where in S3 records are put for COPY: s3://bucket/prefix.", metavar="URI")
    ] = None,
    logs: Logs = None,
    songs: Songs = None,
    region: Region = None,
    yes: Yes = False,
    config: Config = None,
    profile: Profile = None,
    output: Output = Format.TEXT,
    verbose: Verbose = False,
) -> None:
    """Create a cluster, or change it to what is asked for."""
    from sparkify.cluster.request import DEFAULT_TTL, parse_cidr, parse_ttl

    loaded = load_settings(config, profile, logs=logs, songs=songs, copy_spool=copy_spool)
    if allow_from and not public:
        raise UsageError("--allow-from is given, and the cluster is not to be public", hint="Say --public too.")
    lifetime = parse_ttl(ttl or DEFAULT_TTL)
    given = parse_cidr(allow_from) if allow_from else ""
    _check_kind(serverless, {"node-type": node_type, "nodes": nodes},
                {"base-capacity": base_capacity, "usage-limit": usage_limit})  # fmt: skip
    asked = {"name": name, "node_type": node_type, "nodes": nodes, "database": database, "user": user, "port": port,
             "serverless": serverless, "base_capacity": base_capacity, "usage_limit": usage_limit}  # fmt: skip
    make = _request_maker(loaded, asked)
    make("203.0.113.1/32" if public else "")  # compared with the rules before anything is asked of anyone
    stack = _stack(_name(name, loaded), region)
    _finish_what_is_under_way(stack)
    status = _make(stack, make(_allowed(public, given)), lifetime, keep_expiry=ttl is None, yes=yes)
    _limit_usage(stack, status)
    _print_status(status, stack.cloud.region, output)


def _check_kind(serverless: bool, of_clusters: dict[str, object], of_workgroups: dict[str, object]) -> None:
    given = [name for name, value in (of_clusters if serverless else of_workgroups).items() if value is not None]
    if given:
        kind = "a workgroup of Serverless has no" if serverless else "a cluster has no"
        hint = "Leave it out, or leave out --serverless." if serverless else "Say --serverless too."
        raise UsageError(f"--{given[0]} is given, and {kind} {given[0].replace('-', ' ')}", hint=hint)


def _limit_usage(stack: Stack, status: Status) -> None:
    """Set the limit of a workgroup, which CloudFormation cannot."""
    if status.is_serverless:
        from sparkify.cluster.serverless import limit_usage

        limit_usage(stack.cloud, status.name, int(status.parameters["UsageLimit"]))


def _request_maker(loaded: Loaded, asked: dict[str, Any]) -> Callable[[str], ClusterRequest]:
    """Flags, then the classic file, then the defaults; what comes back makes the request for an address."""
    from sparkify.cluster.request import ClusterRequest, parse_prefix

    settings = loaded.settings
    values = {**_from_classic(loaded), **{name: value for name, value in asked.items() if value is not None}}
    places: dict[str, Any] = {
        "logs": parse_prefix("logs", settings.logs),
        "songs": parse_prefix("songs", settings.songs),
        "spool": parse_prefix("copy_spool", settings.copy_spool),
    }
    if settings.copy_spool and not places["spool"]:
        raise UsageError(f"copy_spool is not in S3: {settings.copy_spool}", hint="Write it as s3://bucket/prefix.")
    return lambda allow_from: ClusterRequest(**values, **places, allow_from=allow_from)


def _from_classic(loaded: Loaded) -> dict[str, Any]:
    """What [DWH] of a classic file says of the cluster; Redshift itself writes names in lower-case letters."""
    if loaded.classic is None:
        return {}
    values = loaded.classic.cluster
    found: dict[str, Any] = {}
    for key, name, convert in (
        ("DWH_CLUSTER_IDENTIFIER", "name", str.lower),
        ("DWH_NODE_TYPE", "node_type", str),
        ("DWH_NUM_NODES", "nodes", int),
        ("DWH_DB", "database", str.lower),
        ("DWH_DB_USER", "user", str.lower),
        ("DWH_PORT", "port", int),
    ):
        if key in values:
            try:
                found[name] = convert(values[key])
            except ValueError as error:
                raise UsageError(
                    f"wrong value for {key} in {loaded.classic.path}: {values[key]!r}", hint="It must be a number."
                ) from error
    if values.get("DWH_CLUSTER_TYPE") == "single-node":
        found["nodes"] = 1
    return found


def _name(name: str | None, loaded: Loaded) -> str:
    from sparkify.cluster.request import DEFAULT_NAME, check_name

    found = name or str(_from_classic(loaded).get("name", DEFAULT_NAME))
    check_name(found)
    return found


def _stack(name: str, region: str | None) -> Stack:
    from sparkify.cluster.aws import connect
    from sparkify.cluster.stack import Stack

    return Stack(connect(region), name)


def _allowed(public: bool, given: str) -> str:
    from sparkify.cluster.aws import ADDRESS_SERVICE, own_address

    if not public or given:
        return given
    address = own_address()
    say(f"this machine is {address}, says {ADDRESS_SERVICE}")
    return address


def _finish_what_is_under_way(stack: Stack) -> None:
    """Wait for what an interrupted run, another one, or the guard began."""
    from sparkify.cluster.states import Phase

    status = stack.ours()
    if status and status.meaning.phase is Phase.BUSY:
        say(f"{stack.name}: {status.meaning.sentence}; waiting for it")
        _watch(stack, status.stack_id)


def _make(stack: Stack, request: ClusterRequest, ttl: timedelta | None, *, keep_expiry: bool, yes: bool) -> Status:
    """Plan, show, ask, make and wait."""
    plan = stack.plan(request, ttl, keep_expiry=keep_expiry, now=datetime.now(UTC))
    if not plan.change_set_id:
        say(f"{stack.name} is already as asked")
        return _present(stack)
    _show_plan(stack, plan)
    try:
        _make_sure(yes, "Make it?" if plan.is_new else "Change it?", "this costs money")
    except BaseException:
        stack.discard(plan)
        raise
    last = stack.execute(plan)
    return _raise_unless_made(stack, _watch(stack, plan.stack_id, after=last))


def _show_plan(stack: Stack, plan: Plan) -> None:
    from sparkify.cluster.request import shown

    say(f"{'create' if plan.is_new else 'change'} {stack.name} in {stack.cloud.region}, owner {plan.owner}:")
    for name, value in {**shown(plan.parameters), **_price(stack.cloud.region, plan.parameters)}.items():
        say(f"  {name:<14} {plain_text(value)}")
    for change in plan.changes:
        again = ", replaced" if change.replacement else ""
        say(f"  {change.action.lower():<14} {change.resource} ({change.type}{again})")


def _price(region: str, parameters: Mapping[str, str]) -> dict[str, str]:
    """What an hour costs, and the time until the guard deletes it all."""
    from sparkify.cluster.prices import price_of, source
    from sparkify.cluster.request import from_text

    price = price_of(region, parameters)
    if price is None:
        return {"price": f"not in Sparkify's table: see {source()}"}
    found = {"price": f"{'at most ' if price.usd_a_day else ''}{price.usd:.2f} USD an hour ({price.source})"}
    if price.usd_a_day:
        found["price_a_day"] = f"at most {price.usd_a_day:.2f} USD by the usage limit"
    if expiry := from_text(parameters["Expiry"]):
        at_most = price.of(max(expiry - datetime.now(UTC), timedelta()))
        found["until_then"] = f"{'at most ' if price.usd_a_day else ''}{at_most:.2f} USD"
    return found


def _make_sure(yes: bool, question: str, why: str) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError(f"{why}, and there is no terminal to ask on", hint="Say --yes if you mean it.")
    if not typer.confirm(question, err=True):
        raise UsageError("nothing was done")


def _watch(stack: Stack, stack_id: str, *, after: str = "") -> Status:
    """Wait, with a line for every event."""
    try:
        return stack.wait(stack_id, _say_event, after=after)
    except KeyboardInterrupt:
        say("no longer waiting; AWS goes on. Run the same command again to wait for it")
        raise


def _say_event(event: Event) -> None:
    reason = f"  {event.reason}" if event.reason else ""
    say(f"{event.at:%H:%M:%S}  {event.state:<28} {event.resource:<14}{plain_text(reason)}")


def _raise_unless_made(stack: Stack, status: Status) -> Status:
    from sparkify.cluster.stack import failure
    from sparkify.cluster.states import Phase

    if status.meaning.phase is not Phase.READY or "ROLLBACK" in status.state:
        raise failure(status, stack.events(status.stack_id))
    return status


def _present(stack: Stack) -> Status:
    status = stack.ours()
    if status is None:
        raise CloudError(
            f"there is no stack {stack.name} in {stack.cloud.region}",
            hint=f"Make it with: sparkify cluster create --name {stack.name}",
        )
    return status


@cluster.command("status", short_help="Show its state, its age, its time left, and where it is.")
def status(
    name: Name = None,
    region: Region = None,
    config: Config = None,
    profile: Profile = None,
    output: Output = Format.TEXT,
    verbose: Verbose = False,
) -> None:
    """Show a cluster's state, its age, the time that it has left, and where it is."""
    loaded = load_settings(config, profile)
    stack = _stack(_name(name, loaded), region)
    _print_status(_present(stack), stack.cloud.region, output)


def _print_status(status: Status, region: str, output: Format) -> None:
    from sparkify.cluster.request import size_of

    now = datetime.now(UTC)
    expiry = status.expiry
    outputs = status.outputs
    print_values(
        {
            "name": status.name,
            "state": status.state,
            "meaning": status.meaning.sentence,
            "next_step": status.meaning.next_step or None,
            "age": _duration(now - status.created),
            "expires": expiry,
            "time_left": _duration(max(expiry - now, timedelta())) if expiry else None,
            "owner": status.tags.get("owner"),
            **size_of(status.parameters),
            **_cost(status, region, now),
            "public_to": status.parameters.get("AllowFrom") or None,
            "warehouse": f"redshift://?stack={status.name}",
            "host": outputs.get("Host"),
            "port": outputs.get("Port"),
            "database": outputs.get("Database"),
            "user": outputs.get("User"),
            "copy_role": outputs.get("CopyRoleArn"),
            "secret": outputs.get("SecretArn"),
            "security_group": outputs.get("SecurityGroupId"),
        },
        output,
    )


def _cost(status: Status, region: str, now: datetime) -> dict[str, object]:
    """What it has cost so far, by the table of prices; of Serverless no more than this."""
    from sparkify.cluster.prices import price_of, source

    price = price_of(region, status.parameters)
    if price is None:
        return {"usd_an_hour": None, "usd_so_far": None, "price_is": f"not in Sparkify's table: see {source()}"}
    so_far = "usd_so_far_at_most" if status.is_serverless else "usd_so_far"
    return {
        "usd_an_hour": round(price.usd, 4),
        so_far: round(price.of(now - status.created), 2),
        "price_is": price.source,
    }


def _duration(time: timedelta) -> str:
    minutes = int(time.total_seconds()) // 60
    days, hours = minutes // 1440, minutes // 60 % 24
    return f"{days} d {hours} h" if days else f"{hours} h {minutes % 60} min"


@cluster.command("destroy", short_help="Remove it with all that is in it.")
def destroy(
    name: Name = None,
    region: Region = None,
    yes: Yes = False,
    config: Config = None,
    profile: Profile = None,
    output: Output = Format.TEXT,
    verbose: Verbose = False,
) -> None:
    """Remove a cluster with all that is in it, and make sure that nothing is left."""
    from sparkify.cluster.leftovers import leftovers

    loaded = load_settings(config, profile)
    stack = _stack(_name(name, loaded), region)
    found = stack.ours()
    if found:
        _delete(stack, found, yes)
    is_serverless = found.is_serverless if found else None
    left = leftovers(
        stack.cloud, stack.name, is_cluster=is_serverless is not True, is_serverless=is_serverless is not False
    )
    if left:
        raise CloudError(
            f"of {stack.name} there is still {'; '.join(left)}",
            hint="The stack is gone: remove it by hand in AWS's console, if it is yours.",
        )
    if output is Format.JSON:
        print_json({"name": stack.name, "destroyed": found is not None, "left": left})
    else:
        say(
            f"{stack.name} is gone, and nothing of it is left"
            if found
            else f"there is no {stack.name}, nor anything of it"
        )


def _delete(stack: Stack, found: Status, yes: bool) -> None:
    """Show, ask, delete and wait; a deletion that is under way is waited for only."""
    from sparkify.cluster.stack import failure
    from sparkify.cluster.states import Phase

    last = ""
    if found.state == "DELETE_IN_PROGRESS":
        say(f"{stack.name}: {found.meaning.sentence}; waiting for it")
    else:
        say(f"destroy {stack.name} in {stack.cloud.region}, with all data in it:")
        for resource in stack.resources(found.stack_id):
            if resource.state != "DELETE_COMPLETE":
                say(f"  {resource.name:<14} {plain_text(resource.id)} ({resource.type}, {resource.state})")
        _make_sure(yes, "Destroy it?", "this destroys a cluster and its data")
        last = stack.delete(found)
    gone = _watch(stack, found.stack_id, after=last)
    if gone.meaning.phase is not Phase.ABSENT:
        raise failure(gone, stack.events(found.stack_id))
