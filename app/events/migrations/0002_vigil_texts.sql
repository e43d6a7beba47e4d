-- Original texts, for operators who ask for them (VIGIL_EVENT_TEXT=raw): sealed by the arbiter, so that whoever may read
-- this table reads nothing without the deployment's key. A table of its own: other rights, a shorter life, and whole days
-- that are dropped at once.
CREATE TABLE IF NOT EXISTS {database}.vigil_texts
(
    event_id    String,
    client_id   LowCardinality(String),
    accepted_at DateTime64(3, 'UTC'),
    sealed      String COMMENT 'Base64 of the sealed UTF-8 text; app/sealing.py opens it in the context of event_id'
)
ENGINE = ReplacingMergeTree
PARTITION BY toDate(accepted_at)
ORDER BY (client_id, accepted_at, event_id)
TTL toDateTime(accepted_at) + toIntervalDay({text_retention_days})
SETTINGS non_replicated_deduplication_window = 1000, ttl_only_drop_parts = 1
