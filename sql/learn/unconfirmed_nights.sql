-- makes: a query result
-- grain: one row per night none of whose contacts was confirmed in time; its moment in µs since 1970 UTC
-- reads: due, night_contacts
-- params: none
select
    epoch_us(d.as_of) as as_of_us,
    any_value(n.contacts) as contacts,
    count(*) filter (where d.verdict = 'alone') as nothing
from due as d
join night_contacts as n on d.is_night and n.as_of = d.as_of
where n.made = 0 and d.verdict in ('alone', 'expired')
group by d.as_of
order by d.as_of
