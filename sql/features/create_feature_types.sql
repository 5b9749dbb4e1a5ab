-- makes: feature_types, the event types the plan knows, with their codes
-- grain: one row per event type
-- reads: nothing
-- params: $types, the types in the order of the plan
create or replace temp table feature_types as
select
    unnest($types) as type,
    unnest(range(len($types)))::integer as code
