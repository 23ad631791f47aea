"""Makes frames/: what the supervisor of the real Airflow 3 sends, for the tests of the protocol.

"$(tests/services/airflow 3)/bin/python" tests/common/supervisor/make_frames.py
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from airflow.sdk.api.datamodels._generated import (
    BundleInfo,
    DagRun,
    DagRunState,
    DagRunType,
    TaskInstance,
    TIRunContext,
)
from airflow.sdk.exceptions import ErrorType
from airflow.sdk.execution_time.comms import (
    ConnectionResult,
    ErrorResponse,
    StartupDetails,
    VariableResult,
    _ResponseFrame,
)

FOLDER = Path(__file__).with_name("frames")
UUID_1 = UUID("019ac8d1-70c5-7d2e-9b5f-0123456789ab")
BEGIN = datetime(2026, 11, 22, 22, 34, tzinfo=UTC)


def startup(logical_date: datetime | None, **ti: object) -> StartupDetails:
    run = DagRun(
        dag_id="steam_user",
        run_id="scheduled__2026-11-22T22:34:00+00:00",
        logical_date=logical_date,
        data_interval_start=datetime(1969, 12, 31, 23, 59, 59, 250000, tzinfo=UTC),
        data_interval_end=None,
        run_after=BEGIN + timedelta(minutes=1),
        start_date=BEGIN + timedelta(minutes=1, microseconds=250000),
        end_date=None,
        run_type=DagRunType.SCHEDULED,
        state=DagRunState.RUNNING,
        conf={"note": "한국어", "levels": [[1, -1, 2.5], {"none": None}]},
        consumed_asset_events=[],
        partition_key=None,
    )
    return StartupDetails(
        ti=TaskInstance(
            id=UUID_1,
            task_id="player_summaries",
            dag_id="steam_user",
            run_id=run.run_id,
            try_number=2,
            dag_version_id=UUID_1,
            queue="native",
            **ti,
        ),
        dag_rel_path="steam_user.py",
        bundle_info=BundleInfo(name="dags-folder", version=None),
        start_date=BEGIN,
        ti_context=TIRunContext(
            dag_run=run, max_tries=3, should_retry=True, xcom_keys_to_clear=["return_value"]
        ),
        sentry_integration="",
    )


def frame(
    name: str, *, number: int, body: object = None, error: ErrorResponse | None = None
) -> None:
    sent = _ResponseFrame(
        id=number,
        body=body.model_dump() if body else None,
        error=error.model_dump() if error else None,
    )
    (FOLDER / name).write_bytes(sent.as_bytes())


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    frame("startup", number=0, body=startup(BEGIN, map_index=1))
    carrier = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
    frame("startup_by_hand", number=0, body=startup(None, context_carrier=carrier))
    connection = ConnectionResult(
        conn_id="redis_default",
        conn_type="redis",
        host="redis.example",
        schema=None,
        login=None,
        password="p@ss",
        port=6379,
        extra='{"db": 0}',
    )
    frame("connection", number=1, body=connection)
    frame("variable", number=2, body=VariableResult(key="STEAM_TIMEZONE", value="Asia/Seoul"))
    frame("nothing", number=3)
    missing = ErrorResponse(error=ErrorType.VARIABLE_NOT_FOUND, detail={"key": "STEAM_GAMES"})
    frame("not_found", number=4, body=missing)
    refused = ErrorResponse(
        error=ErrorType.API_SERVER_ERROR, detail={"status_code": 503, "message": "Unavailable"}
    )
    frame("refused", number=5, error=refused)


if __name__ == "__main__":
    main()
