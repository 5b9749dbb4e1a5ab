-- makes: rows in attributes_seen
-- grain: one row per attribute
-- reads: attributes_seen
-- params: source, kind, name, type
merge into attributes_seen as seen
using (select $source as source, $kind as kind, $name as name, $type as type) as now_seen
on seen.source = now_seen.source and seen.kind = now_seen.kind and seen.name = now_seen.name
when matched then update set type = now_seen.type
when not matched then insert values (now_seen.source, now_seen.kind, now_seen.name, now_seen.type)
