-- makes: one journalled event; the same event_id of a customer again changes nothing (SQLite)
-- grain: one row
-- reads: nothing
-- params: :event_id, :customer_id, :ts_us, :type, :value, :action_id, :channel, :decision_id, :attributes
insert into journal (event_id, customer_id, ts_us, type, value, action_id, channel, decision_id, attributes)
values (:event_id, :customer_id, :ts_us, :type, :value, :action_id, :channel, :decision_id, :attributes)
on conflict (customer_id, event_id) do nothing
