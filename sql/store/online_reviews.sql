-- makes: decisions that a person looks at, or looked at (SQLite)
-- grain: one row per decision, newest night first, then what is worth most
-- reads: review
-- params: :state, '' for any; :most
select
    decision_id, customer_id, slot, action_id, channel, as_of_us, made_us, net_value, reason, row, state, who, said_us, note,
    out_as_of_us
from review
where :state in ('', state)
order by as_of_us desc, net_value desc, decision_id
limit :most
