-- makes: confirmed, decisions whose contact the contact log shows: it names the decision, or has the same customer and
--   action (and channel, where both say one) soon after it, or after the night it went out with since a person let it. One
--   contact confirms one decision, the newest before it.
-- grain: one row per confirmed decision
-- reads: events, decisions, open_decisions, reviewed
-- params: $types, event types of the role contact; $unconfirmed_s, seconds a reservation lasts
create or replace temp table confirmed as
with contacts as (
    select source, event_id, source_id, ts, action_id, channel, decision_id
    from events
    where type in (select unnest($types)) and ts >= (select min(planned) from open_decisions)
),

decided as (
    select
        d.decision_id,
        d.source_id,
        d.action_id,
        d.channel,
        coalesce(r.out_night, r.out_at, d.as_of) as planned,
        coalesce(r.out_at, d.as_of) as began
    from decisions as d
    left join reviewed as r on r.decision_id = d.decision_id
    where d.source = 'nbatool' and (r.decision_id is null or r.out_at is not null)
),

alike as (
    select d.decision_id
    from contacts as e
    join decided as d
        on d.source_id = e.source_id
        and d.action_id = e.action_id
        and e.ts >= d.planned
        and e.ts < d.began + to_seconds($unconfirmed_s)
    where
        e.decision_id is null
        and (e.channel is null or d.channel is null or list_contains(string_split(d.channel, '+'), e.channel))
    qualify row_number() over (partition by e.source, e.event_id order by d.planned desc, d.decision_id) = 1
)

select decision_id from alike
union
select decision_id from contacts where decision_id is not null
