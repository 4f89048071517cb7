# name: what readers see between a crash and the restart
# why:  the entry is durable, so the rows are decided; a reader through the log finds them in staging
policy lendingclub with model tests/data/flat.json
input applicants/0
{"member_id":"1","loan_amnt":"5000"}
crash after log entry
expect rows prediction
member_id
1
restart
expect rows prediction
member_id
1

# name: before the entry there is nothing
# why:  a staged file that no entry names is never seen
policy lendingclub with model tests/data/flat.json
input applicants/0
{"member_id":"1","loan_amnt":"5000"}
crash after file synced
expect rows prediction
member_id
restart
expect rows prediction
member_id
1

# name: a crash while recovery publishes
# why:  recovery from a crash can crash itself; the next one ends it
policy lendingclub with model tests/data/flat.json
input applicants/0
{"member_id":"1","loan_amnt":"5000"}
not json
crash after log entry
crash after recovered publish
restart
expect rows prediction
member_id
1
expect rejects
applicants/0 @1 | decode | not_json

# name: a crash while recovery sweeps
# why:  what is swept half is swept whole by the next
policy lendingclub with model tests/data/flat.json
input applicants/0
{"member_id":"1","loan_amnt":"5000"}
not json
crash after file synced
crash after swept
restart
expect rows prediction
member_id
1
expect rejects
applicants/0 @1 | decode | not_json

# name: a crash once the policy is kept
# why:  a kept version without an entry harms nothing, and is not kept twice
policy lendingclub with model tests/data/flat.json
input applicants/0
{"member_id":"1","loan_amnt":"5000"}
crash after version kept
restart
expect rows prediction
member_id | policy
1         | lendingclub

# name: another policy after the crash
# why:  rows that the log holds stay decided as they were; only what was not committed is decided anew
policy lendingclub with model tests/data/term.json
input applicants/0
{"member_id":"1","loan_amnt":"5000","term":"36","annual_inc":"60000","dti":"1"}
crash after log entry
policy lendingclub with model tests/data/flat.json
input applicants/0
{"member_id":"2","loan_amnt":"5000","term":"36","annual_inc":"60000","dti":"1"}
restart
expect rows prediction
member_id | status   | model
1         | approved | term
2         | review   | flat
