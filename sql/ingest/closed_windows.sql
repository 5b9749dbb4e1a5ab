-- makes: which of some decisions have a closed window
-- grain: one row per such decision of the list
-- reads: closed
-- params: ids
select distinct decision_id from closed where decision_id in (select unnest(cast($ids as varchar[])))
