# name: a
# why: b
input applicants/0
\*99999999999()
