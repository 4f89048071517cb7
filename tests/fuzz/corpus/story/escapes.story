# name: n
# why: w
policy p with model m
set a=b
input applicants/0
> # no comment
>
{"a":"\x00\*3(ab\x41)"}
crash after log entry
restart
expect rows prediction
a | b
1 | ""
expect rejects
