-- makes: open decisions whose windows have ended (SQLite)
-- grain: one row per decision, those that ended first first
-- reads: decision_journal
-- params: :present_us, :most
select position, body, closed_us
from decision_journal
where closed_us is null and closes_us <= :present_us
order by closes_us, position
limit :most
