-- makes: decisions without those of an earlier scoring of the same moment that nobody has acted on
-- grain: one row per decision deleted
-- reads: contact_states, closed
-- params: as_of, customers (only of these; null: of everybody)
delete from decisions
where
    source = 'nbatool'
    and as_of = $as_of
    and batch_id = '@night'
    and ($customers is null or source_id in (select unnest($customers)))
    and decision_id not in (select decision_id from contact_states)
    and decision_id not in (select decision_id from closed)
