-- makes: pair_types, the roles contact (0), engage (1) and convert (2) of event types
-- grain: one row per event type and role
-- reads: nothing
-- params: $types, $roles, two lists of one length
create or replace temp table pair_types as
select unnest($types) as type, unnest($roles)::integer as role
