-- makes:  rows with an amount by the currency they say, as it is written
-- grain:  one row a code or sign; NULL where a row says none
-- reads:  money (said = a currency's code, amount), both as text
-- params: $sign (a regular expression of the signs that stand in amounts)
select coalesce(nullif(upper(trim(said)), ''), nullif(upper(regexp_extract(amount, $sign)), '')) as currency, count(*)
from money
where nullif(trim(amount), '') is not null
group by all
order by currency
