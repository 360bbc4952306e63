"""A guest book: PostgreSQL keeps the names, Redis counts the visits."""

import sys
from pathlib import Path

import psycopg
import redis

USUAL_GUEST = "@NAME@"
SOCKETS = Path(__file__).resolve().parent / ".data"
TABLE = "CREATE TABLE IF NOT EXISTS guest (name text PRIMARY KEY, since timestamptz NOT NULL DEFAULT now())"


def connect_database() -> psycopg.Connection:
    """A connection to the project's PostgreSQL."""
    return psycopg.connect(host=str(SOCKETS), user="app", dbname="postgres")


def connect_counter() -> redis.Redis:
    """A connection to the project's Redis."""
    return redis.Redis(unix_socket_path=str(SOCKETS / "redis.sock"), decode_responses=True)


def visit(name: str) -> tuple[int, int]:
    """Note that somebody came; returns how often they did, and how many guests there are."""
    with connect_database() as database:
        database.execute(TABLE)
        database.execute("INSERT INTO guest (name) VALUES (%s) ON CONFLICT DO NOTHING", [name])
        row = database.execute("SELECT count(*) FROM guest").fetchone()
    with connect_counter() as counter:
        visits = counter.incr(f"visits:{name}")
    return visits, row[0] if row else 0


if __name__ == "__main__":
    guest = sys.argv[1] if len(sys.argv) > 1 else USUAL_GUEST
    visits, guests = visit(guest)
    print(f"Hello, {guest}! Visit {visits}; {guests} guests so far")
