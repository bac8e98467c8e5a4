"""Load two folders into a warehouse, and ask it something.

usage: python examples/etl.py LOGS SONGS WAREHOUSE_URL
"""

import sys

import sparkify


def main(logs: str, songs: str, url: str) -> None:
    """Run the etl, and print how many users pay."""
    with sparkify.connect(url) as warehouse:
        summary = warehouse.etl(logs=logs, songs=songs)
        print(f"loaded {summary.loaded['events']} events from {summary.files_loaded} files")
        answer = warehouse.query("SELECT level, COUNT(*) AS users FROM users GROUP BY level ORDER BY level")
        for level, users in answer.rows:
            print(f"{level}: {users}")


if __name__ == "__main__":
    main(*sys.argv[1:4])
