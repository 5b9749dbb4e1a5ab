-- makes: an index of the open decisions by the end of their windows (SQLite)
-- grain: one entry per open decision
-- reads: decision_journal
-- params: none
create index if not exists decision_journal_due on decision_journal (closes_us, position) where closed_us is null
