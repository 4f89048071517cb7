# name: status by the cut-offs
# why:  below the first is approved, from the second on declined, between them is review
policy lendingclub with model tests/data/term.json
input applicants/0
{"member_id":"1","loan_amnt":"5000","term":" 36 months","annual_inc":"60000","dti":"10"}
{"member_id":"2","loan_amnt":"5000","term":" 60 months","annual_inc":"60000","dti":"10"}
{"member_id":"3","loan_amnt":"5000","term":"n/a","annual_inc":"60000","dti":"10"}
{"member_id":"4","loan_amnt":"5000","term":"47.999","annual_inc":"60000","dti":"10"}
{"member_id":"5","loan_amnt":"5000","term":"48 months","annual_inc":"60000","dti":"10"}
expect rows prediction
member_id | status   | scored_by | points | reason_1  | reason_2 | model
1         | approved | model     | 575    | null      | null     | term
2         | declined | model     | 359    | loan_term | null     | term
3         | review   | model     | 467    | null      | null     | term
4         | approved | model     | 575    | null      | null     | term
5         | declined | model     | 359    | loan_term | null     | term

# name: the row of a rule is scored for the record
# why:  the number stands beside the rule's decision, so that rules can be judged later; reasons are the rule's alone
policy lendingclub with model tests/data/term.json
input applicants/0
{"member_id":"1","loan_amnt":"5000","term":" 36 months","annual_inc":"10000","dti":"10"}
{"member_id":"2","loan_amnt":"5000","term":" 60 months","annual_inc":"10000","dti":"10"}
{"member_id":"3","loan_amnt":"5000","term":" 60 months","annual_inc":"60000"}
expect rows prediction
member_id | status   | scored_by | rule                   | reason_1               | reason_2 | data
1         | declined | rule      | income_too_low         | income_too_low         | null     | 0.069227785
2         | declined | rule      | income_too_low         | income_too_low         | null     | 0.599021
3         | review   | rule      | application_incomplete | application_incomplete | null     | 0.599021

# name: another model from here on
# why:  each row carries the model that scored it; rows before the change stay as they are
policy lendingclub with model tests/data/term.json
input applicants/0
{"member_id":"1","loan_amnt":"5000","term":" 36 months","annual_inc":"60000","dti":"10"}
run
policy lendingclub with model tests/data/flat.json
input applicants/0
{"member_id":"2","loan_amnt":"5000","term":" 36 months","annual_inc":"60000","dti":"10"}
expect rows prediction
member_id | status   | model | data
1         | approved | term  | 0.069227785
2         | review   | flat  | 0.25

# name: the evidence of a decline by the model
# why:  inputs as scored, what was filled or bad, points, what was lost and the cut-offs: enough to make it again
policy lendingclub with model tests/data/term.json
input applicants/0
{"member_id":"x","loan_amnt":"5000.50","term":" 60 months","annual_inc":"6e4","dti":"27.65","grade":"B"}
expect rows prediction
evidence
{"in":{"member_id":null,"funded_amnt":5000.5,"annual_inc":60000,"term":60,"grade":"B","dti":27.65},"filled":["funded_amnt"],"bad":["member_id"],"points":{"term":358.6},"lost":{"loan_term":216.4},"cut":[0.2,0.35]}
expect explain applicants/0@0
application applicants-0-0
decision: declined by model
probability of default 0.599021, 359 points; approved below 0.2, declined from 0.35
reason 1: Length of the loan requested (loan_term, 216.4 points lost)
