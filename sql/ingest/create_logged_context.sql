-- makes: logged_context, the values of the context that staged decisions bring as one JSON value
-- grain: one row per decision and name; a name within a name is written with a dot
-- reads: staged
-- params: none
create or replace temp table logged_context as
select
    _row,
    name,
    arg_min(atom, id) as atom,
    arg_min(
        case when kind = 'BOOLEAN' then 'boolean' when kind = 'VARCHAR' then 'text' else 'number' end, id
    ) as kind
from (
    select
        staged._row,
        -- $.user."first.name"[0] → user.first.name.0; the list around all features of a request counts for nothing
        replace(
            regexp_replace(regexp_replace(regexp_replace(node.fullkey, '^\$(\[\d+\])?\.?', ''), '\[(\d+)\]', '.\1', 'g'), '^\.', ''),
            '"', ''
        ) as name,
        node.atom,
        node.type as kind,
        node.id
    from staged, json_tree(staged.shared) as node
    where
        staged.reason is null
        and json_valid(staged.shared)
        and node.atom is not null
        and node.type <> 'NULL'
        and not starts_with(node.fullkey, '$."_multi"')
) as named
where name <> ''
group by _row, name
