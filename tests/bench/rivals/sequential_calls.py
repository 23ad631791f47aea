"""Calls GetRecentlyPlayedGames for one id after another: sequential_calls.py API COUNT."""

import json
import sys

import requests

FIRST_ID = 76561198000000000


def main() -> None:
    api, count = sys.argv[1], int(sys.argv[2])
    records = 0
    for i in range(count):
        answer = requests.get(
            f"{api}/IPlayerService/GetRecentlyPlayedGames/v1/",
            params={"steamid": FIRST_ID - i},
            headers={"x-webapi-key": "benchmark"},
            timeout=20,
        )
        answer.raise_for_status()
        for game in answer.json()["response"].get("games", []):
            print(json.dumps(game))
            records += 1
    print(json.dumps({"status": "success", "records": records}))


main()
