-- makes: repeated, hashes of event ids that several staged records share
-- grain: one row per hash (few ids share one by chance; they are told apart later)
-- reads: staged
-- params: none
create or replace temp table repeated as
select hash(event_id) as id_hash
from staged
where reason is null
group by id_hash
having count(*) > 1
