# name: everything that can be wrong, once
# why:  each becomes a dead letter with its cause and field; the good one beside them is decided
input applicants/0
not json
{"a":1
[1]
{"loan_amnt":"1"} x
{"loan_amnt":"1","loan_amnt":"2"}
{"loan_amnt":{"a":1}}
{"loan_amnt":"five"}
{"loan_amnt":"1e999"}
{"loan_amnt":"5000","annual_inc":"99999999999"}
\xff\xfe
{"loan_amnt":"\u0000"}
>
{"loan_amnt":"5000","annual_inc":"60000","dti":"1"}
expect rejects
applicants/0 @0  | decode | not_json
applicants/0 @1  | decode | not_json
applicants/0 @2  | decode | not_an_object
applicants/0 @3  | decode | trailing_bytes
applicants/0 @4  | decode | duplicate_key  | loan_amnt
applicants/0 @5  | clean  | nested_value   | loan_amnt
applicants/0 @6  | clean  | not_a_number   | loan_amnt
applicants/0 @7  | clean  | not_a_number   | loan_amnt
applicants/0 @8  | clean  | out_of_range   | annual_inc
applicants/0 @9  | decode | invalid_utf8
applicants/0 @10 | decode | not_json
applicants/0 @11 | decode | empty
expect rows prediction
annual_inc | status | application_id
60000      | review | applicants-0-12

# name: a whole batch of nothing but rejects
# why:  a range without a single decision is landed too
input applicants/0
no
no
no
crash after published-one
restart
expect rejects
applicants/0 @0 | decode | not_json
applicants/0 @1 | decode | not_json
applicants/0 @2 | decode | not_json
expect rows dead_letters
source_offset | stage  | reason
0             | decode | not_json
1             | decode | not_json
2             | decode | not_json

# name: numbers past the column
# why:  3e9 is no INT; it is refused, not wrapped
input applicants/0
{"member_id":"3000000000","loan_amnt":"5000"}
{"member_id":"2147483647","loan_amnt":"5000"}
expect rejects
applicants/0 @0 | clean | out_of_range | member_id
expect rows prediction
member_id  | status
2147483647 | review

# name: a torn tail is no record
# why:  what a dying producer left is cut, the next record stands in its place
input applicants/0
{"member_id":"1","loan_amnt":"5000"}
torn applicants/0
{"member_id":"2","loan_am
run
input applicants/0
{"member_id":"3","loan_amnt":"5000"}
expect rows prediction
member_id | status
1         | review
3         | review

# name: a newline inside a record
# why:  it travels in an envelope and comes out as it was
input applicants/0
{"member_id":"1",\x0a"loan_amnt":"5000"}
expect rows prediction
member_id | status
1         | review
