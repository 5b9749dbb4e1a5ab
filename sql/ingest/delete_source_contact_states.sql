-- makes: room for a full refresh
-- grain: one row per state that came with a decision of the source
-- reads: contact_states, decisions
-- params: source
delete from contact_states
where ts is null and decision_id in (select decision_id from decisions where source = $source)
