-- makes: the latest commands
-- grain: one row per finished command
-- reads: runs
-- params: limit
select command, epoch_us(started_at) as started_us, epoch_us(ended_at) as ended_us, exit_code
from runs
order by ended_at desc, run_id
limit $limit
