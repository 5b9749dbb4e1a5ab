-- makes: open decisions whose windows have ended, after a position (SQLite)
-- grain: one row per decision, in the order they came
-- reads: decision_journal
-- params: :position, :present_us, :most
select position, decision_id
from decision_journal
where closed_us is null and closes_us <= :present_us and position > :position
order by position
limit :most
