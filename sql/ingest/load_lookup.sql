-- makes: lookup_<name>, a lookup file
-- grain: one row per row of the file
-- reads: incoming
-- params: none
create or replace temp table {{ table }} as
select *, cast({{ key }} as varchar) as k
from ({{ cells }}) as cells
