-- makes: which of some decisions are closed, or were released
-- grain: one row per such decision of the list
-- reads: closed, contact_said
-- params: $ids
select decision_id from closed where decision_id in (select unnest($ids))
union
select decision_id from contact_said where status = 'released' and decision_id in (select unnest($ids))
