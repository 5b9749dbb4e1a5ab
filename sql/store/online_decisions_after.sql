-- makes: journalled decisions after a position (SQLite)
-- grain: one row per decision, in the order they came
-- reads: decision_journal
-- params: :position, :most
select position, body, closed_us from decision_journal where position > :position order by position limit :most
