-- makes: reviewed without what an earlier scoring of the same night left waiting, unless something was said of it, and
--   without those that go out now for the first time
-- grain: one row per decision deleted
-- reads: contact_states
-- params: as_of; anew, ids of those that go out for the first time
delete from reviewed
where
    decision_id in (select unnest(cast($anew as varchar[])))
    or (as_of = $as_of and out_at is null and decision_id not in (select decision_id from contact_states))
