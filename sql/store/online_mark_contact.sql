-- makes: the last word on whether a decision's contacts were made; at one instant released is the last (SQLite)
-- grain: one row
-- reads: contact_mark
-- params: :decision_id, :status, :ts_us
insert into contact_mark (decision_id, status, ts_us)
values (:decision_id, :status, :ts_us)
on conflict (decision_id) do update set status = excluded.status, ts_us = excluded.ts_us
where
    excluded.ts_us > contact_mark.ts_us
    or (excluded.ts_us = contact_mark.ts_us and excluded.status = 'released' and contact_mark.status = 'sent')
