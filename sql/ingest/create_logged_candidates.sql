-- makes: logged_candidates, what can be kept of the candidates of staged decisions
-- grain: one row per staged decision that tells its candidates
-- reads: staged, logged_entries
-- params: none
create or replace temp table logged_candidates as
with listed as (
    select
        _row,
        entries,
        cast(to_json(list_transform(entries, lambda entry: [entry.id, entry.channel])) as varchar) as candidates,
        list_transform(entries, lambda entry: entry.p) as chances,
        len(list_filter(entries, lambda entry: entry.told)) as n_told,
        len(entries) as n
    from logged_entries
),
found as (
    select
        listed.*,
        staged.probability,
        list_position(
            list_transform(entries, lambda entry: cast(to_json([entry.id, entry.channel]) as varchar)),
            cast(to_json([staged.action_id, case when staged.action_id <> 'nothing' then staged.channel end]) as varchar)
        ) as chosen
    from listed join staged using (_row)
),
judged as (
    select
        *,
        chances[chosen] as chance,
        case
            when
                n = 0
                or list_bool_or(list_transform(entries, lambda entry: coalesce(entry.id = '', true)))
                or len(list_distinct(list_transform(entries, lambda entry: to_json([entry.id, entry.channel])))) < n
                then 'a candidate without id or listed twice: its candidates are not kept'
            when
                n_told > 0
                and (
                    list_bool_or(list_transform(chances, lambda p: coalesce(not p between 0 and 1, true)))
                    -- Logs round to six decimals.
                    or abs(list_sum(chances) - 1) > 1e-6 * n
                )
                then 'probabilities of its candidates do not sum to 1: they are not kept'
            when chosen is null
                then 'what was chosen is not among its candidates: their probabilities are not kept'
            when n_told > 0 and (chances[chosen] = 0 or abs(chances[chosen] - probability) > 1e-6)
                then 'its probability is another one among its candidates: theirs are not kept'
        end as problem
    from found
)
select
    _row,
    problem,
    case when problem is null or not starts_with(problem, 'a candidate without') then candidates end as candidates,
    case when problem is null and n_told > 0 then chances end as chances,
    case when problem is null then chance end as chance
from judged
