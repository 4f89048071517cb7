# name: crash after parquet-half
# why:  an unfinished file is never seen and swept
input applicants/0
{"member_id":"1","loan_amnt":"5000"}
{"member_id":"2","loan_amnt":"5000"}
no
crash after parquet-half
restart
expect rows prediction
member_id | application_id
1         | 1
2         | 2
expect rejects
applicants/0 @2 | decode | not_json

# name: crash after file-synced
# why:  staged files that no entry names are swept
input applicants/0
{"member_id":"1","loan_amnt":"5000"}
{"member_id":"2","loan_amnt":"5000"}
no
crash after file-synced
restart
expect rows prediction
member_id | application_id
1         | 1
2         | 2
expect rejects
applicants/0 @2 | decode | not_json

# name: crash after entry-put
# why:  the entry stands: its files are published by the next owner
input applicants/0
{"member_id":"1","loan_amnt":"5000"}
{"member_id":"2","loan_amnt":"5000"}
no
crash after entry-put:2
restart
expect rows prediction
member_id | application_id
1         | 1
2         | 2
expect rejects
applicants/0 @2 | decode | not_json

# name: crash after the log entry
# why:  the commit stands, nothing published
input applicants/0
{"member_id":"1","loan_amnt":"5000"}
{"member_id":"2","loan_amnt":"5000"}
no
crash after log entry
restart
expect rows prediction
member_id | application_id
1         | 1
2         | 2
expect rejects
applicants/0 @2 | decode | not_json

# name: crash after published-one
# why:  one file is out, the other waits in staging
input applicants/0
{"member_id":"1","loan_amnt":"5000"}
{"member_id":"2","loan_amnt":"5000"}
no
crash after published-one
restart
expect rows prediction
member_id | application_id
1         | 1
2         | 2
expect rejects
applicants/0 @2 | decode | not_json

# name: crash after published
# why:  all is out, only the mirror lags
input applicants/0
{"member_id":"1","loan_amnt":"5000"}
{"member_id":"2","loan_amnt":"5000"}
no
crash after published
restart
expect rows prediction
member_id | application_id
1         | 1
2         | 2
expect rejects
applicants/0 @2 | decode | not_json

# name: crash after claimed
# why:  a claim without work is no harm
input applicants/0
{"member_id":"1","loan_amnt":"5000"}
{"member_id":"2","loan_amnt":"5000"}
no
crash after claimed
restart
expect rows prediction
member_id | application_id
1         | 1
2         | 2
expect rejects
applicants/0 @2 | decode | not_json

# name: two crashes in a row
# why:  recovery from a crashed recovery
input applicants/0
{"member_id":"1","loan_amnt":"5000"}
{"member_id":"2","loan_amnt":"5000"}
crash after log entry
crash after claimed
restart
expect rows prediction
member_id
1
2

# name: two partitions
# why:  order within each is kept, positions are their own
set topic.partitions=2
input applicants/0
{"loan_amnt":"1000"}
input applicants/1
{"loan_amnt":"2000"}
{"loan_amnt":"3000"}
expect rows prediction
funded_amnt | application_id | source_partition | source_offset
1000        | applicants-0-0 | 0                | 0
2000        | applicants-1-0 | 1                | 0
3000        | applicants-1-1 | 1                | 1

# name: two policies one after the other
# why:  a batch never crosses a change of policy; each row says which
input applicants/0
{"member_id":"1","loan_amnt":"5000","annual_inc":"60000.0","dti":"1"}
run
policy fintech-classic
input applicants/0
{"member_id":"7","loan_amnt":"5000","funded_amnt":"5000","int_rate":" 10.65%","term":" 36 months","annual_inc":"60000.0"}
expect rows prediction
annual_inc | policy          | model
60000      | lendingclub     | lendingclub
0          | fintech-classic | fintech-classic
