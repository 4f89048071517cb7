# name: money with letters
# why:  non-digits in money become 0, the row is still decided, and a crash between log entry and publish neither loses nor doubles it
policy fintech-classic with model tests/data/flat.json
input applicants/0
{"member_id":"7", "annual_inc":"n/a", "loan_amnt":"5000", "funded_amnt":"5000", "term":" 36 months", "int_rate":"10.65%"}
not json
crash after log entry
restart
expect rows prediction
annual_inc | funded_amnt | member_id | status
0          | 5000        | 7         | review
expect rejects
applicants/0 @1 | decode | not_json
