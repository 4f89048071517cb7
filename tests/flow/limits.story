# name: what the policy does not use is not judged
# why:  a feed's broken extras must not cost an application; only their brackets are matched
policy lendingclub with model tests/data/flat.json
input applicants/0
{"extra":{"a":[1,{"b":"}"}]},"loan_amnt":"5000","other":[[],{}],"more":1.2.3,"last":"\ud800"}
{"extra":{]},"loan_amnt":"5000"}
{"loan_amnt":"5000","extra":\*63([)\*63(])}
{"loan_amnt":"5000","extra":\*64([)\*64(])}
expect rows prediction
application_id | funded_amnt | status
applicants-0-0 | 5000        | review
applicants-0-2 | 5000        | review
expect rejects
applicants/0 @1 | decode | not_json
applicants/0 @3 | decode | not_json

# name: a long text
# why:  65,535 bytes are a text, one more is refused, and neither harms its neighbours
policy lender.toml
input applicants/0
{"reference":"a","product":"\*65535(x)"}
{"reference":"b","product":"\*65536(x)"}
{"reference":"c","product":"cash"}
expect rows prediction
application_id | status   | reason_1
a              | declined | wrong_product
c              | review   | no_amount
expect rejects
applicants/0 @1 | clean | out_of_range | product

# name: a record longer than the bound
# why:  memory stays bounded and the record keeps its place as a dead letter
policy lender.toml
set source.max_record_bytes=1024
input applicants/0
{"reference":"a","product":"cash","note":"\*1100(x)"}
{"reference":"b","product":"cash"}
expect rows prediction
application_id | source_offset
b              | 1
expect rejects
applicants/0 @0 | decode | too_large

# name: huge and tiny numbers
# why:  conversion is exact to the last bit; what fits no column is refused, what is infinite is bad
policy lender.toml
input applicants/0
{"product":"cash","amount":0.1,"income":1e-300}
{"product":"cash","amount":"00012345.678900","income":"2147483647.99"}
{"product":"cash","amount":-0.0,"income":"-2147483648.99"}
{"product":"cash","income":"2147483648"}
{"product":"cash","income":"1e400"}
{"product":"cash","income":"\*400(9)"}
expect rows prediction
annual_inc  | funded_amnt | evidence
0           | 0           | {"in":{"product":"cash","amount":0.1,"income":1e-300,"opened":null,"applied":null},"hits":["too_much"]}
2147483647  | 12345       | {"in":{"product":"cash","amount":12345.6789,"income":2147483647.99,"opened":null,"applied":null}}
-2147483648 | 0           | {"in":{"product":"cash","amount":0,"income":-2147483648.99,"opened":null,"applied":null}}
null        | null        | {"in":{"product":"cash","amount":null,"income":null,"opened":null,"applied":null},"bad":["income"],"hits":["no_amount"]}
null        | null        | {"in":{"product":"cash","amount":null,"income":null,"opened":null,"applied":null},"bad":["income"],"hits":["no_amount"]}
expect rejects
applicants/0 @3 | clean | out_of_range | income

# name: empty lines and white space
# why:  each is a record with its place, since offsets are line numbers
policy lender.toml
input applicants/0
>
> {"product":"cash"}
\x20\x09
> 	{"product":"cash"}	 
\x0a
expect rows prediction
source_offset | status
1             | review
3             | review
expect rejects
applicants/0 @0 | decode | empty
applicants/0 @2 | decode | empty
applicants/0 @4 | decode | empty

# name: the same application twice
# why:  application_id is never used to drop rows: every record lands, each at its own position
policy lender.toml
input applicants/0
{"reference":"a","product":"cash"}
{"reference":"a","product":"cash"}
run
input applicants/0
{"reference":"a","product":"cash"}
expect rows prediction
application_id | source_offset
a              | 0
a              | 1
a              | 2

# name: numbers as ids
# why:  a whole number has no decimals, others read back exactly; no id: the position
policy lendingclub with model tests/data/flat.json
input applicants/0
{"member_id":"40860827","loan_amnt":"1"}
{"member_id":40860827.0,"loan_amnt":"1"}
{"member_id":"7.5","loan_amnt":"1"}
{"member_id":"","loan_amnt":"1"}
{"member_id":"seven","loan_amnt":"1"}
{"loan_amnt":"1"}
expect rows prediction
application_id | member_id
40860827       | 40860827
40860827       | 40860827
7.5            | 7
applicants-0-3 | null
applicants-0-4 | null
applicants-0-5 | null

# name: in small batches and small commits
# why:  cutting the stream elsewhere changes no row
policy lender.toml
set stream.batch_records=2
set table.commit_every=1ms
input applicants/0
{"reference":"a","product":"cash"}
no
{"reference":"c","product":"cash"}
no
{"reference":"e","product":"cash"}
expect rows prediction
application_id | source_offset
a              | 0
c              | 2
e              | 4
expect rejects
applicants/0 @1 | decode | not_json
applicants/0 @3 | decode | not_json
