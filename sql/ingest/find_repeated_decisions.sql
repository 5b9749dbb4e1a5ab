-- makes: repeated, hashes of slots of decisions that several staged records share
-- grain: one row per hash (few share one by chance; they are told apart later)
-- reads: logged
-- params: none
create or replace temp table repeated as
select hash(decision_id, slot) as id_hash
from logged
group by id_hash
having count(*) > 1
