# name: money with letters
# why:  non-digits in money become 0, the row is still decided, and a crash between log entry and publish neither loses nor doubles it
policy fintech-classic
input applicants/0
{"member_id":"7", "annual_inc":"n/a", "loan_amnt":"5000", "funded_amnt":"5000", "term":" 36 months", "int_rate":"10.65%"}
not json
crash after log entry
restart
expect rows prediction
annual_inc | funded_amnt | member_id | status
0          | 5000        | 7         | approved
expect rejects
applicants/0 @1 | decode | not_json

# name: any decimal is zero
# why:  the replaced job's isdigit made 78000.50 a 0; taking over its table must not change that
policy fintech-classic
input applicants/0
{"member_id":"7","loan_amnt":"5000","funded_amnt":"5000","int_rate":" 10.65%","term":" 36 months","annual_inc":"78000.50"}
{"member_id":"7","loan_amnt":"5000","funded_amnt":"5000","int_rate":" 10.65%","term":" 36 months","annual_inc":"78000"}
expect rows prediction
annual_inc | data       | status
0          | 0.15615895 | approved
78000      | 0.08101838 | approved

# name: what threw there is a dead letter here
# why:  an amount with a point lost the whole batch in the old job
policy fintech-classic
input applicants/0
{"member_id":"7","loan_amnt":"5000.0","funded_amnt":"5000","int_rate":"10.65%","term":"36 months"}
{"member_id":"7","loan_amnt":"5000","funded_amnt":"5000","int_rate":" 10.65%","term":" 36 months"}
expect rejects
applicants/0 @0 | clean | old_job_would_fail | loan_amnt
expect rows prediction
member_id | status
7         | approved

# name: double spaces and newlines
# why:  the old source squeezed them, inside values too
policy fintech-classic
input applicants/0
{  "member_id":  "7",\x0a "loan_amnt":"5000","funded_amnt":"5000","int_rate":"  6.99%","term":" 36  months","annual_inc":"24000"}
expect rows prediction
annual_inc | funded_amnt | status
24000      | 5000        | approved

# name: bytes that are not ASCII are dropped
# why:  the old consumer dropped them before JSON was judged
policy fintech-classic
input applicants/0
{"member_id":"7","loan_amnt":"5000","funded_amnt":"5000","int_rate":" 10.65%","term":" 36 months","annual_inc":"24\xff000"}
expect rows prediction
annual_inc | status
24000      | approved

# name: a key given twice
# why:  a stated departure from the old job, which took the last one
policy fintech-classic
input applicants/0
{"member_id":"7","loan_amnt":"5000","funded_amnt":"5000","int_rate":" 10.65%","term":" 36 months","annual_inc":"1","annual_inc":"2"}
expect rejects
applicants/0 @0 | decode | duplicate_key | annual_inc

# name: no rules
# why:  grade G is nothing to the old job
policy fintech-classic
input applicants/0
{"member_id":"7","loan_amnt":"5000","funded_amnt":"5000","int_rate":" 10.65%","term":" 36 months","annual_inc":"15000","grade":"G"}
expect rows prediction
status   | rule | scored_by
approved | null | model
