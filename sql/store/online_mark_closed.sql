-- makes: a decision's window closed, unless it is (SQLite)
-- grain: one row, or none
-- reads: decision_journal
-- params: :decision_id, :closed_us
update decision_journal set closed_us = :closed_us where decision_id = :decision_id and closed_us is null
