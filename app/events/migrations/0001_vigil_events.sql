-- One row per request. Delivery is at least once, so a row may be inserted again, by a redelivery or by a replay of its
-- dead letter: the sort key holds only what was fixed when the request was accepted, and names the row.
CREATE TABLE IF NOT EXISTS {database}.vigil_events
(
    event_id         String,
    request_id       String,
    client_id        LowCardinality(String),
    direction        LowCardinality(String),
    mode             LowCardinality(String),
    accepted_at      DateTime64(3, 'UTC')               COMMENT 'When the API accepted the request',
    outcome          LowCardinality(String)             COMMENT 'answered, expired or dead-lettered',
    arbiter_decision LowCardinality(Nullable(String))   COMMENT 'ALLOW, SANITIZE or BLOCK; NULL without a verdict',
    branch_a_score   Nullable(Float32)                  COMMENT 'Heuristics, 0-100; NULL when it did not run',
    branch_b_score   Nullable(Float32)                  COMMENT 'Semantic, 0-100',
    branch_c_score   Nullable(Float32)                  COMMENT 'Classifier, 0-100; NULL in fast mode',
    weighted_score   Nullable(Float32),
    threat_score     Nullable(Float32)                  COMMENT 'The weighted score raised by floors',
    floors           Array(LowCardinality(String)),
    degraded         Array(LowCardinality(String))      COMMENT 'Branches that failed or were late',
    categories       Array(LowCardinality(String)),
    pii_types        Array(LowCardinality(String)),
    pii_count        UInt32,
    redacted_text    String                             COMMENT 'Without the personal data that was found' CODEC(ZSTD(3)),
    text_chars       UInt32                             COMMENT 'Length of the original text in code points',
    language         LowCardinality(String),
    detection_ms     Nullable(Float32),
    decision_ms      Nullable(Float32),
    pii_ms           Nullable(Float32),
    settle_ms        Nullable(Float32),
    total_ms         Nullable(Float32),
    branch_a_ms      Nullable(Float32),
    branch_b_ms      Nullable(Float32),
    branch_c_ms      Nullable(Float32),
    reason           String                             COMMENT 'Why it expired or was dead-lettered',
    ingested_at      DateTime64(3, 'UTC') DEFAULT now64(3),
    -- Which row of an event stays: a verdict over a dead letter over an expiry, then the latest.
    version          UInt8 MATERIALIZED transform(outcome, ['expired', 'dead-lettered', 'answered'], [1, 2, 3], 0),
    INDEX request_id_index request_id TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(accepted_at)
ORDER BY (client_id, accepted_at, event_id)
TTL toDateTime(accepted_at) + toIntervalDay({retention_days})
SETTINGS non_replicated_deduplication_window = 1000
