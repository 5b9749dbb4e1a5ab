-- makes: which of some decisions are closed
-- grain: one row per closed decision of the list
-- reads: closed
-- params: $ids
select distinct decision_id from closed where decision_id in (select unnest($ids))
