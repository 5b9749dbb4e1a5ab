-- makes: decisions without those of an earlier scoring of the same moment that nobody has acted on
-- grain: one row per decision deleted
-- reads: contact_states, closed
-- params: as_of; approved, names a person let go out
delete from decisions
where
    source = 'nbatool'
    and as_of = $as_of
    and batch_id = '@night'
    and decision_id not in (select decision_id from contact_states)
    and decision_id not in (select decision_id from closed)
    and decision_id not in (select unnest($approved))
