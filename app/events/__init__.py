"""The event log in ClickHouse."""
