-- makes: the approved decisions that go out with a night's action file: not out yet, or out with this very one (SQLite)
-- grain: one row per decision, by customer, then id
-- reads: review
-- params: :as_of_us
select
    decision_id, customer_id, slot, action_id, channel, as_of_us, made_us, net_value, reason, row, state, who, said_us, note,
    out_as_of_us
from review
where state = 'approved' and (out_as_of_us is null or out_as_of_us = :as_of_us)
order by customer_id, decision_id
