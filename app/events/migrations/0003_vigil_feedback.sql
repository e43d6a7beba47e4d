-- What people say about verdicts. One row per request and reporter: who reports again replaces the own report.
CREATE TABLE IF NOT EXISTS {database}.vigil_feedback
(
    request_id  String,
    reporter    LowCardinality(String) COMMENT 'The client whose key reported, or operator',
    verdict     LowCardinality(String) COMMENT 'false_positive or missed_attack',
    reason      LowCardinality(String),
    comment     String                 COMMENT 'Personal data that was found is redacted' CODEC(ZSTD(3)),
    reported_at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree(reported_at)
ORDER BY (request_id, reporter)
