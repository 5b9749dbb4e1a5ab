-- makes: when the next open window ends (SQLite)
-- grain: one row, null where none is open
-- reads: decision_journal
-- params: none
select min(closes_us) from decision_journal where closed_us is null
