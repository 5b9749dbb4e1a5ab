"""Words in column names: how they split, and which name what.

A vocabulary is a list of patterns over the words joined by `_`; the earlier the pattern, the stronger the name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_WHO = (
    "customer|cust|user|client|person|people|visitor|member|household|hh|shopper|buyer|subscriber|consumer|guest"
    "|donor|player|patient|passenger|cardholder|profile|recipient|lead|respondent|borrower|learner|student"
    "|kunde|kunden|nutzer|mitglied|besucher|cliente|usuario|socio|utilisateur|klant|gebruiker|acheteur"
)
_TAIL = "id|ids|no|nr|nummer|numero|num|number|key|code|uuid|guid|uid|hash|ref|identifier|unique_id|pseudo_id|master_id|sk|pk"
_ORDER = "order|invoice|basket|transaction|trans|txn|receipt|bill|ticket|checkout|purchase|sale|booking"
_OFFER = "offer|campaign|action|promo|promotion|creative|treatment|variant|coupon|template|mailing|newsletter|banner|ad"

CUSTOMER = (
    rf"({_WHO})_(unique|pseudo|master)_id",
    rf"({_WHO})_?({_TAIL})",
    rf"({_WHO})",
    rf"(anonymous|device|cookie|card|account|contact|loyalty)_?({_TAIL})",
    r"(email|e_mail|email_address|mail|msisdn|phone|phone_number)",
    rf"(session|visit)_?({_TAIL})",
    rf"\w*_({_WHO})_?({_TAIL})",
)
PLAIN_ID = (r"(row_?)?(id|uid|uuid|guid|key|index)", rf"\w+_({_TAIL})", r"id_\w+")
TIME = (
    r"(event|order|invoice|transaction|trans|purchase|visit|click|session|activity|sale|sales|occurred|sent|redemption)"
    r"(_purchase)?_?(time|date|datetime|timestamp|ts|at|day|dt)(_?utc)?",
    r"(ts|time|timestamp|datetime|date|date_time|when|day|occurred|created|tstamp|epoch|dt)(_?utc)?",
    r"(created|occurred|server|client|collector|logged|happened)_?(time|at|date|timestamp|tstamp|on|ts)",
    r"\w*(time|date|timestamp|datetime|_ts|_at|_on|_dt|_day|_tstamp)(_?utc)?",
    r"(hour|hours|days|week|weeks|step|elapsed|t|month|minutes|seconds)(_\w+)?",
)
NOT_EVENT_TIME = (
    r"\w*(birth|dob|updated|modified|expir|end|due|valid|until|deliver|ship|approv|carrier|estimat|member|signup"
    r"|sign_up|regist|join|enrol|became|receive|loaded|ingest|duration|recency|zone|per_|response|session_start"
    r"|previous|next|first|last)\w*",
)
SINCE = (
    r"\w*(became|since|signup|sign_up|signed_up|registered|registration|registered_at|joined|join|enrol|enrolled|enrolment"
    r"|enrollment|created|create|onboard|acquired|acquisition|first_seen|opened)\w*",
)
TYPE = (
    r"(event|event_type|event_name|activity_type|behaviou?r_type|interaction_type|action_type)",
    r"(activity|behaviou?r|interaction|verb|event_kind|event_action)",
    r"(type|action|kind)",
    r"(transaction|trans|touch|hit)_type",
)
VALUE = (
    r"(total|order|basket|invoice|transaction|trans|purchase|sale|sales|line|net|gross|payment|dollar|euro|txn)"
    r"_(amount|amt|value|total|price|revenue|sales|sum|eur|usd|gbp)",
    r"(amount|amt|revenue|spend|spent|turnover|gmv|monetary|total|subtotal|sub_total|grand_total|sales|sale"
    r"|paid|payment|total_paid)(_(usd|eur|gbp|chf|jpy|inr|brl|cad|aud|cents))?",
    r"(unit_?price|price|item_price|unit_cost|price_per_unit|price_each|unit_amount|price_(usd|eur|gbp))",
    r"(value|\w+_value|\w+_amount|\w+_revenue|\w+_spend|\w+_price)",
    r"(amount|price|paid|revenue|spend)_\w+",
    r"(betrag|umsatz|preis|summe|wert|montant|prix|importe|valor|precio|bedrag|kwota|importo)",
    r"(reward|cashback|bonus|points)",
)
UNIT_PRICE = (
    r"(unit_?price|price|item_price|unit_cost|price_per_unit|price_each|unit_amount|price_(usd|eur|gbp))",
)
NOT_VALUE = (
    r"\w*(discount|disc|tax|shipping|freight|count|type|_id|code|name|currency|quantity|qty|balance|avg|average"
    r"|rate|score|ratio|percent|pct|lifetime|match|propensity|probability|index|min_|max_)\w*",
)
QUANTITY = (
    r"(quantity|qty|units|pieces|no_of_items|item_count|num_items|quantity_sold|units_sold|order_quantity)",
)
ORDER = (rf"({_ORDER})_?({_TAIL})", rf"({_ORDER})")
EVENT_ID = (r"(event|message|insert|hit|interaction|log|record|row)_?(id|uuid|key)", r"(id|uuid|guid)")
ACTION = (rf"({_OFFER})_?({_TAIL})", rf"({_OFFER})(_(name|type))?", rf"\w+_({_OFFER})_?({_TAIL})?")
CHANNEL = (
    r"(channel|channels|medium|utm_medium|delivery_channel|contact_channel|touchpoint|marketing_channel)",
)
PROBABILITY = (
    r"(propensity|propensity_score|p_?score|probability|action_prob|selection_probability|logging_p\w*)",
)
OUTCOME = (
    r"(click|clicked|clicks|reward|conversion|converted|purchase|purchased|visit|visited|spend|response|label"
    r"|outcome|target|y|buy|bought|install|sale|revenue)",
)
TREATMENT = (r"(segment|treatment|treated|group|variant|arm|exposure|campaign|test_group|experiment_group)",)
PRODUCT = (r"(item|product|sku|stock|article|category|brand|store|shop|page|url|asin|ean)_?(\w+)?",)
STATUS = (r"(\w+_)?(status|state|payment|method|result|outcome|segment|reason)(_\w+)?",)
TIMEZONE = (r"(\w+_)?(time_?zone|tz)(_(name|id))?",)
TAGS = (
    r"tags?",
    r"(categories|labels|topics|themes|keywords|tag_list|category_list)",
)
NAME = (r"(\w+_)?(name|title|label)",)
DURATION = (r"(duration|duration_days|valid_days|validity|days|validity_days)",)
COST = (r"(cost|cost_per_contact|unit_cost|contact_cost)",)
CONVERSION_COST = (r"cost_per_(conversion|response|redemption)",)
RESPONSE_VALUE = (r"value_per_response",)
STOCK = (r"(stock|units_left|remaining)",)
STARTS = (r"(start|starts|start_date|starts_at|valid_from|from_date|begin|begin_date)",)
ENDS = (r"(end|ends|end_date|ends_at|valid_to|valid_until|to_date|expiry|expires|expiry_date)",)
CURRENCY = (
    r"(currency|currency_code|currency_iso|iso_currency|ccy|curr|waehrung|währung|devise|moneda|valuta)",
    r"\w+_(currency|currency_code|ccy)",
)
AGE = (r"(\w+_)?age",)
CLOCK = (r"(\w+_)?(time|hour|clock)",)


def words(name: str) -> tuple[str, ...]:
    """Split a column's name into lower-case words.

    >>> words("InvoiceNo"), words("offer id"), words("userID"), words("emp.var.rate")
    (('invoice', 'no'), ('offer', 'id'), ('user', 'id'), ('emp', 'var', 'rate'))
    """
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1 \2", name))
    return tuple(part.lower() for part in re.findall(r"[^\W_]+", spaced))


def rank(name: str, vocabulary: Sequence[str]) -> int | None:
    """Position of the first pattern that the whole name matches (0 is strongest), or None.

    >>> rank("CustomerID", CUSTOMER), rank("customerid", CUSTOMER), rank("price", CUSTOMER)
    (1, 1, None)
    """
    joined = "_".join(words(name))
    for position, pattern in enumerate(vocabulary):
        if re.fullmatch(pattern, joined):
            return position
    return None


def named(name: str, vocabulary: Sequence[str]) -> bool:
    """True when the name is in the vocabulary."""
    return rank(name, vocabulary) is not None


_EVENT_WORDS = frozenset(
    [
        "purchase",
        "purchased",
        "buy",
        "bought",
        "order",
        "ordered",
        "orders",
        "transaction",
        "checkout",
        "payment",
        "paid",
        "sale",
        "refund",
        "return",
        "view",
        "viewed",
        "views",
        "pageview",
        "page_view",
        "click",
        "clicked",
        "clicks",
        "cart",
        "addtocart",
        "open",
        "opened",
        "sent",
        "send",
        "received",
        "delivered",
        "impression",
        "completed",
        "complete",
        "redeem",
        "redeemed",
        "convert",
        "converted",
        "conversion",
        "unsubscribe",
        "unsubscribed",
        "subscribe",
        "subscribed",
        "visit",
        "visited",
        "login",
        "logged",
        "search",
        "searched",
        "signup",
        "install",
        "installed",
        "download",
        "downloaded",
        "like",
        "liked",
        "share",
        "shared",
        "comment",
        "rated",
        "play",
        "played",
        "start",
        "started",
        "kauf",
        "bestellung",
        "gekauft",
        "klick",
    ]
)


def speaks_of_events(cells: Iterable[str]) -> bool:
    """True when some of the cells name something that happens: purchase, email sent, page_view.

    >>> speaks_of_events(["email sent", "gold"]), speaks_of_events(["gold", "silver"])
    (True, False)
    """
    return any(not _EVENT_WORDS.isdisjoint(words(cell)) for cell in cells)


def identifier(name: str) -> str:
    """The name as a lower-case identifier, fit for an attribute, a source or a feature.

    >>> identifier("emp.var.rate"), identifier("2nd visit"), identifier("CustomerID"), identifier("…")
    ('emp_var_rate', 'n_2nd_visit', 'customer_id', 'column')
    """
    joined = "_".join(words(name))
    ascii_only = re.sub(r"[^a-z0-9_]", "", joined).strip("_") or "column"
    return ascii_only if ascii_only[0].isalpha() else f"n_{ascii_only}"
