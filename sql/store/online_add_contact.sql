-- makes: one reserved contact, which counts; the same decision_id and slot again changes nothing (SQLite)
-- grain: one row
-- reads: nothing
-- params: :customer_id, :decision_id, :slot, :kind, :at_us, :run
insert into contact (customer_id, decision_id, slot, kind, at_us, run, counted)
values (:customer_id, :decision_id, :slot, :kind, :at_us, :run, 1)
on conflict (customer_id, decision_id, slot) do nothing
