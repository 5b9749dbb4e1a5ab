-- makes: a decision that waits for a person; what was said of the same action before stands (SQLite)
-- grain: one row
-- reads: review
-- params: :decision_id, :customer_id, :slot, :action_id, :channel, :as_of_us, :made_us, :net_value, :reason, :row
insert into review (
    decision_id, customer_id, slot, action_id, channel, as_of_us, made_us, net_value, reason, row, state, who, said_us,
    note, out_as_of_us
)
values (
    :decision_id, :customer_id, :slot, :action_id, :channel, :as_of_us, :made_us, :net_value, :reason, :row, 'pending', '',
    null, '', null
)
on conflict (decision_id) do update set
    customer_id = excluded.customer_id,
    slot = excluded.slot,
    action_id = excluded.action_id,
    channel = excluded.channel,
    as_of_us = excluded.as_of_us,
    made_us = excluded.made_us,
    net_value = excluded.net_value,
    reason = excluded.reason,
    row = excluded.row,
    state = 'pending',
    who = '',
    said_us = null,
    note = ''
where
    review.state = 'pending'
    or (
        review.out_as_of_us is null
        and (review.action_id <> excluded.action_id or review.channel is not excluded.channel)
    )
