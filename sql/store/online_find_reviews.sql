-- makes: the decisions of the review queue whose id begins so (SQLite)
-- grain: one row per decision, by id
-- reads: review
-- params: :prefix; :most
select
    decision_id, customer_id, slot, action_id, channel, as_of_us, made_us, net_value, reason, row, state, who, said_us, note,
    out_as_of_us
from review
where decision_id >= :prefix and substr(decision_id, 1, length(:prefix)) = :prefix
order by decision_id
limit :most
