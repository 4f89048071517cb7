# name: percent signs, months and years
# why:  raw, Kaggle and R spell one number in three ways
input applicants/0
{"member_id":"1","loan_amnt":"5000","funded_amnt":"5000","term":" 36 months","int_rate":" 10.65%","annual_inc":"60000","dti":"10.5","grade":"B","emp_length":"5 years","home_ownership":"RENT","purpose":"car","inq_last_6mths":"0","revol_util":"20%","open_acc":"9","total_acc":"20","pub_rec":"0","delinq_2yrs":"0","revol_bal":"3000","pub_rec_bankruptcies":"0"}
{"member_id":"1.0","loan_amnt":"5000.0","funded_amnt":"5000.0","term":"36","int_rate":"10.65","annual_inc":"60000.0","dti":"10.5","grade":"B","emp_length":"5","home_ownership":"RENT","purpose":"car","inq_last_6mths":"0","revol_util":"20.0","open_acc":"9","total_acc":"20","pub_rec":"0","delinq_2yrs":"0","revol_bal":"3000","pub_rec_bankruptcies":"0"}
{"member_id":1,"loan_amnt":5e+03,"funded_amnt":5000,"term":"36 months","int_rate":10.65,"annual_inc":60000,"dti":"10.5","grade":"B","emp_length":"5 years","home_ownership":"RENT","purpose":"car","inq_last_6mths":"0","revol_util":20,"open_acc":"9","total_acc":"20","pub_rec":"0","delinq_2yrs":"0","revol_bal":"3000","pub_rec_bankruptcies":"0"}
expect rows prediction
annual_inc | funded_amnt | member_id | points | status
60000      | 5000        | 1         | 619    | approved
60000      | 5000        | 1         | 619    | approved
60000      | 5000        | 1         | 619    | approved

# name: an absent amount takes the other
# why:  funded falls back on requested and the reverse, marked in evidence
input applicants/0
{"member_id":"1","loan_amnt":"5000","annual_inc":"60000","dti":"10.5","grade":"B","emp_length":"5 years","home_ownership":"RENT","purpose":"car","inq_last_6mths":"0","revol_util":"20%","open_acc":"9","total_acc":"20","pub_rec":"0","delinq_2yrs":"0","revol_bal":"3000","pub_rec_bankruptcies":"0"}
{"member_id":"2","funded_amnt":"4000","annual_inc":"60000","dti":"10.5","grade":"B","emp_length":"5 years","home_ownership":"RENT","purpose":"car","inq_last_6mths":"0","revol_util":"20%","open_acc":"9","total_acc":"20","pub_rec":"0","delinq_2yrs":"0","revol_bal":"3000","pub_rec_bankruptcies":"0"}
{"member_id":"3","annual_inc":"60000","dti":"10.5","grade":"B","emp_length":"5 years","home_ownership":"RENT","purpose":"car","inq_last_6mths":"0","revol_util":"20%","open_acc":"9","total_acc":"20","pub_rec":"0","delinq_2yrs":"0","revol_bal":"3000","pub_rec_bankruptcies":"0"}
{"member_id":"4","loan_amnt":"5000","funded_amnt":"five","annual_inc":"60000","dti":"10.5","grade":"B","emp_length":"5 years","home_ownership":"RENT","purpose":"car","inq_last_6mths":"0","revol_util":"20%","open_acc":"9","total_acc":"20","pub_rec":"0","delinq_2yrs":"0","revol_bal":"3000","pub_rec_bankruptcies":"0"}
expect rows prediction
member_id | funded_amnt | status
1         | 5000        | approved
2         | 4000        | approved
expect rejects
applicants/0 @2 | clean | not_a_number | loan_amnt
applicants/0 @3 | clean | not_a_number | funded_amnt

# name: missing words
# why:  n/a, NA, null and None are no values
input applicants/0
{"member_id":"NA","loan_amnt":"5000","annual_inc":"None","dti":null,"grade":"null","purpose":"n/a"}
expect rows prediction
annual_inc | member_id | application_id | rule
null       | null      | applicants-0-0 | application_incomplete

# name: names in other dialects
# why:  LendingClub's API writes memberId and numbers
input applicants/0
{"memberId":9,"loanAmount":5000.0,"fundedAmount":4500.0,"annualInc":60000.0,"dti":10.5,"grade":"A","term":36}
expect rows prediction
annual_inc | funded_amnt | member_id | status
60000      | 4500        | 9         | approved

# name: texts beyond ASCII
# why:  a purpose in another script is kept and decided
input applicants/0
{"member_id":"1","loan_amnt":"5000","annual_inc":"60000","dti":"1","grade":"A","purpose":"r\u00e9novation \ud83c\udfe0"}
expect rows prediction
status | application_id
review | 1
