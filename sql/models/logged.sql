-- makes: a query result
-- grain: one row per row of logged, in its order
-- reads: logged
-- params: none
select
    source, decision_id, slot, customer_id, is_anonymous, epoch_us(as_of) as as_of_us, epoch_us(began) as began_us, action_id, channel, probability,
    policy, arm, candidate_set, context, outcome
from logged
order by row
