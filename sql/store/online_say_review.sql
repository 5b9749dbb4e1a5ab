-- makes: what a person said of a decision that waits (SQLite)
-- grain: one row, or none
-- reads: review
-- params: :decision_id, :state, :who, :said_us, :note
update review
set state = :state, who = :who, said_us = :said_us, note = :note
where decision_id = :decision_id and state = 'pending'
