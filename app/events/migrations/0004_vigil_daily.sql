-- Counts per day that outlive the events. They are counted again from the events themselves, each seen once, for every day
-- to which something was added since: so nothing that was delivered twice is counted twice. What names a row was fixed
-- when the requests were accepted; how they ended stands in columns, so that a row is replaced and never left over.
-- The version is the number of events: a day that retention has begun to delete cannot shrink here.
CREATE TABLE IF NOT EXISTS {database}.vigil_daily
(
    day           Date,
    client_id     LowCardinality(String),
    direction     LowCardinality(String),
    mode          LowCardinality(String),
    events        UInt64,
    allowed       UInt64,
    sanitized     UInt64,
    blocked       UInt64,
    expired       UInt64,
    dead_lettered UInt64,
    with_pii      UInt64,
    degraded      UInt64,
    categories    Map(String, UInt64) COMMENT 'Events by category of attack',
    total_ms      AggregateFunction(quantilesTDigest(0.5, 0.95, 0.99), Nullable(Float32))
)
ENGINE = ReplacingMergeTree(events)
ORDER BY (day, client_id, direction, mode);

ALTER TABLE {database}.vigil_events ADD INDEX IF NOT EXISTS ingested_at_index ingested_at TYPE minmax GRANULARITY 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS {database}.vigil_daily_refresh
REFRESH EVERY 10 MINUTE APPEND TO {database}.vigil_daily
AS SELECT
    toDate(accepted_at) AS day,
    client_id,
    direction,
    mode,
    count() AS events,
    countIf(arbiter_decision = 'ALLOW') AS allowed,
    countIf(arbiter_decision = 'SANITIZE') AS sanitized,
    countIf(arbiter_decision = 'BLOCK') AS blocked,
    countIf(outcome = 'expired') AS expired,
    countIf(outcome = 'dead-lettered') AS dead_lettered,
    countIf(pii_count > 0) AS with_pii,
    countIf(notEmpty(degraded)) AS degraded,
    sumMap(mapFromArrays(CAST(categories AS Array(String)), arrayMap(_ -> toUInt64(1), categories))) AS categories,
    quantilesTDigestState(0.5, 0.95, 0.99)(total_ms) AS total_ms
FROM {database}.vigil_events FINAL
WHERE toDate(accepted_at) IN
    (SELECT DISTINCT toDate(accepted_at) FROM {database}.vigil_events WHERE ingested_at > now() - INTERVAL 1 DAY)
GROUP BY day, client_id, direction, mode
