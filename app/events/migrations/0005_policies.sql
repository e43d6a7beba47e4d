-- Which policy a text was judged by, and what a shadow policy would have decided.
ALTER TABLE {database}.vigil_events
    ADD COLUMN IF NOT EXISTS shadow_decision LowCardinality(Nullable(String))
        COMMENT 'ALLOW, SANITIZE or BLOCK: what it would have been; NULL outside of shadow mode' AFTER arbiter_decision,
    ADD COLUMN IF NOT EXISTS policy_version UInt32 COMMENT 'Of the client; 0: it has none'
