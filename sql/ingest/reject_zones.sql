-- makes: rejects among staged
-- grain: one row per record with an unknown time zone
-- reads: staged
-- params: zones
update staged set reason = 'timezone is not known', detail = timezone
where reason is null and timezone in (select unnest($zones))
