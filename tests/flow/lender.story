# name: a lender's own policy without a model
# why:  all that a lender changes is data: rules decide, all else is review by fallback, and nothing is scored
policy lender.toml
input own/0
{"reference":"A-1","product":"cash","amount":"5000","income":"60000","opened":"Jan-2010","applied":"2026-11-01"}
{"reference":"A-2","product":"cash","amount":"40000","income":"60000","opened":"Jan-2010","applied":"2026-11-01"}
{"reference":"A-3","product":"home","amount":"40000","income":"60000","opened":"Dec-2025","applied":"2026-11-01"}
{"reference":"A-4","product":"boat","amount":"40000","income":"60000","opened":"Nov-2025","applied":"2026-11-01"}
expect rows prediction
application_id | status   | scored_by | rule          | reason_1      | reason_2      | data | probability_of_default | points | model
A-1            | review   | fallback  | null          | null          | null          | null | null                   | null   | null
A-2            | declined | rule      | too_much      | too_much      | null          | null | null                   | null   | null
A-3            | review   | rule      | young_account | young_account | null          | null | null                   | null   | null
A-4            | declined | rule      | too_much      | too_much      | wrong_product | null | null                   | null   | null

# name: reasons go in the order of the file, each once
# why:  an applicant reads them in that order; one reason for two rules is said once
policy lender.toml
input own/0
{"product":"home","amount":900,"income":100}
{"product":"boat","amount":900,"income":100}
expect rows prediction
status   | rule       | reason_1      | reason_2      | reason_3
declined | small_home | wrong_product | null          | null
declined | too_much   | too_much      | wrong_product | null

# name: no value makes no rule hit but missing itself
# why:  a comparison with a missing value is false, a division by zero too; a feed's fault is no adverse action
policy lender.toml
input own/0
{"product":"cash","amount":"unknown","income":"1"}
{"product":"cash","amount":"a lot","income":"1"}
{"product":"cash","amount":60000,"income":"1"}
{"product":"cash","amount":6000,"income":0}
{"product":"cash","amount":6000}
{"product":"cash","amount":6000,"income":60000,"applied":"2026-11"}
expect rows prediction
funded_amnt | annual_inc | status | rule      | evidence
null        | 1          | review | no_amount | {"in":{"product":"cash","amount":null,"income":1,"opened":null,"applied":null},"hits":["no_amount"]}
null        | 1          | review | no_amount | {"in":{"product":"cash","amount":null,"income":1,"opened":null,"applied":null},"bad":["amount"],"hits":["no_amount"]}
null        | 1          | review | no_amount | {"in":{"product":"cash","amount":null,"income":1,"opened":null,"applied":null},"bad":["amount"],"hits":["no_amount"]}
6000        | 0          | review | null      | {"in":{"product":"cash","amount":6000,"income":0,"opened":null,"applied":null}}
6000        | null       | review | null      | {"in":{"product":"cash","amount":6000,"income":null,"opened":null,"applied":null}}
6000        | 60000      | review | null      | {"in":{"product":"cash","amount":6000,"income":60000,"opened":null,"applied":24322}}

# name: an unknown product word is a text, a missing one is refused
# why:  absent = "reject" keeps the row with its cause and field
policy lender.toml
input own/0
{"amount":1}
{"product":"","amount":1}
{"product":null,"amount":1}
{"product":" cash ","Betrag":"12.99","income":1000}
{"product":"cash","Betrag":1,"amount":2}
{"product":"cash","applied":"yesterday"}
expect rows prediction
application_id | funded_amnt | status
own-0-3        | 12          | review
expect rejects
own/0 @0 | clean  | missing_value | product
own/0 @1 | clean  | missing_value | product
own/0 @2 | clean  | missing_value | product
own/0 @4 | decode | duplicate_key | amount
own/0 @5 | clean  | not_a_number  | applied

# name: any text is an id and valid evidence
# why:  quotes, control characters and letters of all alphabets stand in evidence as JSON, in ids as they are
policy lender.toml
input own/0
{"reference":"a\"b\\c","product":"tab\there \u0007 \u00e9 \ud83d\ude00 \u2028"}
{"reference":"Ærø 北京","product":"cash"}
{"reference":42,"product":"cash"}
{"reference":"  ","product":"cash"}
expect rows prediction
application_id | evidence
a"b\c          | {"in":{"product":"tab\there \u0007 é 😀  ","amount":null,"income":null,"opened":null,"applied":null},"hits":["no_amount","wrong_product"]}
Ærø 北京         | {"in":{"product":"cash","amount":null,"income":null,"opened":null,"applied":null},"hits":["no_amount"]}
42             | {"in":{"product":"cash","amount":null,"income":null,"opened":null,"applied":null},"hits":["no_amount"]}
own-0-3        | {"in":{"product":"cash","amount":null,"income":null,"opened":null,"applied":null},"hits":["no_amount"]}

# name: the page of a rule's decline
# why:  explain names the rule, its reason's text and no score where there is none
policy lender.toml
input own/0
{"reference":"A-9","product":"boat","amount":900,"income":100}
{"product":"cash","amount":900,"income":100000}
{"product":[]}
expect explain own/0@0
application A-9
decision: declined by rule, rule too_much
reason 1: Amount requested is more than half of the annual income (too_much)
reason 2: We do not offer this loan (wrong_product)
expect explain own/0@1
application own-0-1
decision: review by fallback
expect explain own/0@2
rejected: nested_value in clean, field product
