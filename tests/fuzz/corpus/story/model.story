# name: approved, and declined with reasons
# why:  status by the cut-offs; a decline says why, most damaging first
input applicants/0
{"member_id":"1","loan_amnt":"5000","funded_amnt":"5000","term":" 36 months","int_rate":" 10.65%","annual_inc":"60000","dti":"10.5","grade":"B","emp_length":"5 years","home_ownership":"RENT","purpose":"car","inq_last_6mths":"0","revol_util":"20%","open_acc":"9","total_acc":"20","pub_rec":"0","delinq_2yrs":"0","revol_bal":"3000","pub_rec_bankruptcies":"0"}
{"member_id":"2","loan_amnt":"5000","funded_amnt":"5000","term":" 60 months","int_rate":" 10.65%","annual_inc":"26000","dti":"24","grade":"D","emp_length":"10+ years","home_ownership":"RENT","purpose":"small_business","inq_last_6mths":"4","revol_util":"95.5%","open_acc":"3","total_acc":"6","pub_rec":"1","delinq_2yrs":"2","revol_bal":"40000","pub_rec_bankruptcies":"1"}
expect rows prediction
member_id | status   | scored_by | points | reason_1 | reason_2  | reason_3 | reason_4  | reason_5
1         | approved | model     | 619    | null     | null      | null     | null      | null
2         | declined | model     | 266    | purpose  | inquiries | income   | loan_term | null

# name: between the cut-offs
# why:  review by the model carries no reason
input applicants/0
{"member_id":"1","loan_amnt":"5000","funded_amnt":"5000","term":" 36 months","int_rate":" 10.65%","annual_inc":"35000","dti":"10.5","grade":"B","emp_length":"5 years","home_ownership":"RENT","purpose":"small_business","inq_last_6mths":"0","revol_util":"80%","open_acc":"9","total_acc":"20","pub_rec":"0","delinq_2yrs":"0","revol_bal":"3000","pub_rec_bankruptcies":"0"}
expect rows prediction
status | scored_by | reason_1
review | model     | null

# name: the whole page of a decline
# why:  explain shows what the applicant was measured by
input applicants/0
{"member_id":"2","loan_amnt":"5000","funded_amnt":"5000","term":" 60 months","int_rate":" 10.65%","annual_inc":"26000","dti":"24","grade":"D","emp_length":"10+ years","home_ownership":"RENT","purpose":"small_business","inq_last_6mths":"4","revol_util":"95.5%","open_acc":"3","total_acc":"6","pub_rec":"1","delinq_2yrs":"2","revol_bal":"40000","pub_rec_bankruptcies":"1"}
expect explain applicants/0@0
application 2
decision: declined by model
probability of default 0.844109, 266 points; approved below 0.2, declined from 0.35
reason 1: Purpose of the loan (purpose, 48.2 points lost)
reason 2: Number of recent inquiries on credit bureau report (inquiries, 38.6 points lost)
reason 3: Income insufficient for amount of credit requested (income, 33.1 points lost)
reason 4: Length of the loan requested (loan_term, 30.4 points lost)

# name: unseen values
# why:  a purpose the model has never met takes its own bin, not a crash
input applicants/0
{"member_id":"1","loan_amnt":"5000","funded_amnt":"5000","term":" 36 months","int_rate":" 10.65%","annual_inc":"60000","dti":"10.5","grade":"B","emp_length":"5 years","home_ownership":"CASTLE","purpose":"spaceship","inq_last_6mths":"0","revol_util":"20%","open_acc":"9","total_acc":"20","pub_rec":"0","delinq_2yrs":"0","revol_bal":"3000","pub_rec_bankruptcies":"0"}
expect rows prediction
status   | scored_by
approved | model
