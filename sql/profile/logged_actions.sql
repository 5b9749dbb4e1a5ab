-- makes: a query result
-- grain: one row per action that the decisions of others chose, `nothing` left out, the most frequent first
-- reads: decisions
-- params: none
select action_id, count(*) as decisions
from decisions
where source <> 'nbatool' and action_id <> 'nothing'   -- an own action that was withdrawn since is no surprise
group by action_id
order by decisions desc, action_id
