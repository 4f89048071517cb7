# name: a grade that is not lent to
# why:  a rule's decline carries the rule's reason, and the row is scored for the record
input applicants/0
{"member_id":"1","loan_amnt":"5000","funded_amnt":"5000","term":" 36 months","int_rate":" 10.65%","annual_inc":"60000","dti":"10.5","grade":"E","emp_length":"5 years","home_ownership":"RENT","purpose":"car","inq_last_6mths":"0","revol_util":"20%","open_acc":"9","total_acc":"20","pub_rec":"0","delinq_2yrs":"0","revol_bal":"3000","pub_rec_bankruptcies":"0"}
expect rows prediction
status   | rule           | scored_by | reason_1       | reason_2 | probability_of_default
declined | grade_not_lent | rule      | grade_not_lent | null     | 0.03904744919886525

# name: two rules hit
# why:  all rules are evaluated; reasons in file order, rule the first
input applicants/0
{"member_id":"1","loan_amnt":"5000","funded_amnt":"5000","term":" 36 months","int_rate":" 10.65%","annual_inc":"15000","dti":"10.5","grade":"G","emp_length":"5 years","home_ownership":"RENT","purpose":"car","inq_last_6mths":"0","revol_util":"20%","open_acc":"9","total_acc":"20","pub_rec":"0","delinq_2yrs":"0","revol_bal":"3000","pub_rec_bankruptcies":"0"}
expect rows prediction
status   | rule           | reason_1       | reason_2       | reason_3
declined | grade_not_lent | grade_not_lent | income_too_low | null

# name: decline beats review
# why:  an incomplete application of a grade that is not lent to is declined
input applicants/0
{"member_id":"1","loan_amnt":"5000","funded_amnt":"5000","term":" 36 months","int_rate":" 10.65%","grade":"F"}
expect rows prediction
status   | rule           | reason_1       | reason_2
declined | grade_not_lent | grade_not_lent | null

# name: no income is no adverse action
# why:  a feed's fault must not become a decline
input applicants/0
{"member_id":"1","loan_amnt":"5000","funded_amnt":"5000","term":" 36 months","int_rate":" 10.65%","annual_inc":"n/a","dti":"10.5","grade":"B","emp_length":"5 years","home_ownership":"RENT","purpose":"car","inq_last_6mths":"0","revol_util":"20%","open_acc":"9","total_acc":"20","pub_rec":"0","delinq_2yrs":"0","revol_bal":"3000","pub_rec_bankruptcies":"0"}
{"member_id":"2","loan_amnt":"5000","funded_amnt":"5000","term":" 36 months","int_rate":" 10.65%","annual_inc":"60000","dti":"","grade":"B","emp_length":"5 years","home_ownership":"RENT","purpose":"car","inq_last_6mths":"0","revol_util":"20%","open_acc":"9","total_acc":"20","pub_rec":"0","delinq_2yrs":"0","revol_bal":"3000","pub_rec_bankruptcies":"0"}
expect rows prediction
annual_inc | member_id | status | rule                   | reason_1
null       | 1         | review | application_incomplete | application_incomplete
60000      | 2         | review | application_incomplete | application_incomplete

# name: income at the limit
# why:  19999.99 is below 20000, 20000 is not
input applicants/0
{"member_id":"1","loan_amnt":"5000","funded_amnt":"5000","term":" 36 months","int_rate":" 10.65%","annual_inc":"19999.99","dti":"10.5","grade":"B","emp_length":"5 years","home_ownership":"RENT","purpose":"car","inq_last_6mths":"0","revol_util":"20%","open_acc":"9","total_acc":"20","pub_rec":"0","delinq_2yrs":"0","revol_bal":"3000","pub_rec_bankruptcies":"0"}
{"member_id":"2","loan_amnt":"5000","funded_amnt":"5000","term":" 36 months","int_rate":" 10.65%","annual_inc":"20000.00","dti":"10.5","grade":"B","emp_length":"5 years","home_ownership":"RENT","purpose":"car","inq_last_6mths":"0","revol_util":"20%","open_acc":"9","total_acc":"20","pub_rec":"0","delinq_2yrs":"0","revol_bal":"3000","pub_rec_bankruptcies":"0"}
expect rows prediction
annual_inc | rule           | status
19999      | income_too_low | declined
20000      | null           | approved

# name: negative income
# why:  it is a number, and below the minimum
input applicants/0
{"member_id":"1","loan_amnt":"5000","funded_amnt":"5000","term":" 36 months","int_rate":" 10.65%","annual_inc":"-5","dti":"10.5","grade":"B","emp_length":"5 years","home_ownership":"RENT","purpose":"car","inq_last_6mths":"0","revol_util":"20%","open_acc":"9","total_acc":"20","pub_rec":"0","delinq_2yrs":"0","revol_bal":"3000","pub_rec_bankruptcies":"0"}
expect rows prediction
annual_inc | status   | reason_1
-5         | declined | income_too_low
