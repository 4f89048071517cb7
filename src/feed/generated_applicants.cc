#include "feed/generated_applicants.h"

#include <fmt/format.h>
#include <algorithm>
#include <cmath>
#include <iterator>

namespace loanstream {

namespace {

struct Purpose {
    std::string_view name, title;
    int weight;  // of 1000, by the shares seen in 2007-2011
};
constexpr Purpose kPurposes[] = {{"debt_consolidation", "Debt consolidation", 470},
                                 {"credit_card", "Credit card", 130},
                                 {"other", "Other", 107},
                                 {"home_improvement", "Home improvement", 74},
                                 {"major_purchase", "Major purchase", 53},
                                 {"small_business", "Business", 48},
                                 {"car", "Car", 39},
                                 {"wedding", "Wedding", 24},
                                 {"medical", "Medical expenses", 17},
                                 {"moving", "Moving", 16},
                                 {"house", "Home buying", 10},
                                 {"vacation", "Vacation", 9},
                                 {"renewable_energy", "Green loan", 3}};
constexpr std::string_view kStates[] = {"CA", "NY", "TX", "FL", "IL", "NJ", "PA", "OH",
                                        "GA", "VA", "NC", "MI", "MA", "AZ", "WA", "CO"};
constexpr std::string_view kTitles[] = {"Teacher",  "Nurse", "Manager", "Driver", "Analyst",
                                        "Engineer", "Clerk", "Sales",   "Owner",  "Technician"};
constexpr std::string_view kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

}  // namespace

struct GeneratedApplicants::Applicant {
    double risk, income, rate, dti, installment, utilisation;
    std::int64_t member, amount, term, grade, step, years, delinquencies, inquiries, open, total,
        records, balance, limit;
};

std::uint64_t GeneratedApplicants::random() {  // splitmix64 (Steele, Lea, Flood 2014)
    std::uint64_t z = state_ += 0x9E3779B97F4A7C15ull;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
}

double GeneratedApplicants::uniform() { return static_cast<double>(random() >> 11) * 0x1p-53; }

double GeneratedApplicants::normal() {  // Box and Muller 1958
    double radius = std::sqrt(-2 * std::log(1 - uniform()));
    return radius * std::cos(6.283185307179586 * uniform());
}

std::int64_t GeneratedApplicants::whole(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(high - low + 1));
}

GeneratedApplicants::Applicant GeneratedApplicants::draw() {
    Applicant a{};
    a.risk = normal();
    a.member = 40'000'000 + made_;
    a.income = std::round(std::exp(11.0 + 0.5 * normal() - 0.1 * a.risk) / 100) * 100;
    a.amount = std::clamp<std::int64_t>(
        static_cast<std::int64_t>(a.income * (0.1 + 0.25 * uniform()) / 25) * 25, 1000, 35000);
    a.term = uniform() < 0.25 + 0.05 * a.risk ? 60 : 36;
    double grade = 2.0 + 1.2 * (0.8 * a.risk + 0.6 * normal()) + (a.term == 60 ? 0.7 : 0);
    a.grade = std::clamp<std::int64_t>(static_cast<std::int64_t>(grade), 0, 6);
    a.step = whole(1, 5);
    a.rate = 5.5 + 3.1 * static_cast<double>(a.grade) + 0.6 * static_cast<double>(a.step);
    double monthly = a.rate / 1200;
    a.installment = static_cast<double>(a.amount) * monthly /
                    (1 - std::pow(1 + monthly, -static_cast<double>(a.term)));
    a.dti = std::clamp(14 + 7 * normal() + 2 * a.risk, 0.0, 39.9);
    a.utilisation = std::clamp(50 + 22 * normal() + 12 * a.risk, 0.0, 110.0);
    a.years = whole(0, 11);
    a.delinquencies = uniform() < 0.12 + 0.04 * a.risk ? whole(1, 3) : 0;
    a.inquiries =
        std::max<std::int64_t>(0, static_cast<std::int64_t>(0.9 + 0.9 * normal() + 0.4 * a.risk));
    a.open = whole(3, 20);
    a.total = a.open + whole(2, 25);
    a.records = uniform() < 0.06 + 0.03 * a.risk ? 1 : 0;
    a.limit = whole(20, 600) * 100;
    a.balance = static_cast<std::int64_t>(static_cast<double>(a.limit) * a.utilisation / 100);
    return a;
}

// Writes "name":"value" pairs.
class GeneratedApplicants::Members {
public:
    explicit Members(std::string& out) : out_(std::back_inserter(out)) {}
    template <typename... Values>
    void add(std::string_view name, fmt::format_string<Values...> form, Values&&... values) {
        fmt::format_to(out_, "{}\"{}\":\"", first_ ? "{" : ",", name);
        fmt::format_to(out_, form, std::forward<Values>(values)...);
        fmt::format_to(out_, "\"");
        first_ = false;
    }
    void empty(std::initializer_list<std::string_view> names) {
        for (auto name : names) fmt::format_to(out_, ",\"{}\":\"\"", name);
    }
    void zero(std::initializer_list<std::string_view> names) {
        for (auto name : names) fmt::format_to(out_, ",\"{}\":\"0\"", name);
    }

private:
    std::back_insert_iterator<std::string> out_;
    bool first_ = true;
};

Result<bool> GeneratedApplicants::next(std::string& json) {
    if (settings_.count >= 0 && made_ >= settings_.count) return false;
    Applicant a = draw();
    made_ += 1;
    json.clear();
    Members m(json);
    add_loan(m, a);
    add_person(m, a);
    add_history(m, a);
    add_bureau(m, a);
    add_accounts(m, a);
    json += '}';
    if (uniform() < settings_.dirty_share) spoil(json);
    return true;
}

void GeneratedApplicants::add_loan(Members& m, const Applicant& a) {
    char grade = static_cast<char>('A' + a.grade);
    m.add("id", "{}", a.member - 2'000'000);
    m.add("member_id", "{}", a.member);
    for (const char* name : {"loan_amnt", "funded_amnt", "funded_amnt_inv"})
        m.add(name, "{}", a.amount);
    m.add("term", " {} months", a.term);
    m.add("int_rate", "{:6.2f}%", a.rate);
    m.add("installment", "{:.2f}", a.installment);
    m.add("grade", "{}", grade);
    m.add("sub_grade", "{}{}", grade, a.step);
}

void GeneratedApplicants::add_person(Members& m, const Applicant& a) {
    m.add("emp_title", "{}", kTitles[random() % std::size(kTitles)]);
    m.add("emp_length", "{}",
          a.years == 0    ? std::string("< 1 year")
          : a.years >= 10 ? std::string("10+ years")
          : a.years == 1  ? std::string("1 year")
                          : fmt::format("{} years", a.years));
    double home = uniform();
    m.add("home_ownership", "{}", home < 0.48 ? "RENT" : home < 0.92 ? "MORTGAGE" : "OWN");
    m.add("annual_inc", "{:.0f}", a.income);
    double verified = uniform();
    m.add("verification_status", "{}",
          verified < 0.4   ? "Not Verified"
          : verified < 0.7 ? "Verified"
                           : "Source Verified");
    const Purpose* purpose = kPurposes;
    for (std::int64_t left = whole(0, 999); left >= purpose->weight; ++purpose)
        left -= purpose->weight;
    m.add("issue_d", "{}-2016", kMonths[whole(0, 2)]);
    m.add("loan_status", "Current");
    m.add("pymnt_plan", "n");
    m.add("url", "https://lendingclub.com/browse/loanDetail.action?loan_id={}",
          a.member - 2'000'000);
    m.add("desc", "");
    m.add("purpose", "{}", purpose->name);
    m.add("title", "{}", purpose->title);
    m.add("zip_code", "{}xx", whole(100, 999));
    m.add("addr_state", "{}", kStates[random() % std::size(kStates)]);
}

void GeneratedApplicants::add_history(Members& m, const Applicant& a) {
    m.add("dti", "{:.2f}", a.dti);
    m.add("delinq_2yrs", "{}", a.delinquencies);
    m.add("earliest_cr_line", "{}-{}", kMonths[whole(0, 11)], whole(1975, 2012));
    m.add("inq_last_6mths", "{}", a.inquiries);
    if (a.delinquencies > 0)
        m.add("mths_since_last_delinq", "{}", whole(1, 24));
    else
        m.add("mths_since_last_delinq", "");
    m.add("mths_since_last_record", "{}", a.records > 0 ? std::to_string(whole(10, 110)) : "");
    m.add("open_acc", "{}", a.open);
    m.add("pub_rec", "{}", a.records);
    m.add("revol_bal", "{}", a.balance);
    m.add("revol_util", "{:.1f}%", a.utilisation);
    m.add("total_acc", "{}", a.total);
    m.add("initial_list_status", "{}", uniform() < 0.5 ? "w" : "f");
}

void GeneratedApplicants::add_bureau(Members& m, const Applicant& a) {
    m.zero({"out_prncp", "out_prncp_inv", "total_pymnt", "total_pymnt_inv", "total_rec_prncp",
            "total_rec_int", "total_rec_late_fee", "recoveries", "collection_recovery_fee"});
    m.empty({"last_pymnt_d", "last_pymnt_amnt", "next_pymnt_d", "last_credit_pull_d"});
    m.add("collections_12_mths_ex_med", "0");
    m.empty({"mths_since_last_major_derog"});
    m.add("policy_code", "1");
    m.add("application_type", "INDIVIDUAL");
    m.empty({"annual_inc_joint", "dti_joint", "verification_status_joint"});
    m.zero({"acc_now_delinq", "tot_coll_amt"});
    m.add("tot_cur_bal", "{}", a.balance + whole(0, 2000) * 100);
    m.zero({"open_acc_6m", "open_il_6m", "open_il_12m", "open_il_24m"});
    m.add("mths_since_rcnt_il", "{}", whole(1, 60));
    m.add("total_bal_il", "{}", whole(0, 400) * 100);
    m.add("il_util", "{}", whole(20, 100));
    m.zero({"open_rv_12m", "open_rv_24m"});
    m.add("max_bal_bc", "{}", a.balance / 2);
    m.add("all_util", "{}", whole(20, 100));
    m.add("total_rev_hi_lim", "{}", a.limit);
    m.zero({"inq_fi", "total_cu_tl"});
    m.add("inq_last_12m", "{}", a.inquiries + whole(0, 2));
    m.add("acc_open_past_24mths", "{}", whole(0, 9));
    m.add("avg_cur_bal", "{}", whole(500, 30000));
    m.add("bc_open_to_buy", "{}", std::max<std::int64_t>(0, a.limit - a.balance));
    m.add("bc_util", "{:.1f}", a.utilisation);
}

void GeneratedApplicants::add_accounts(Members& m, const Applicant& a) {
    m.zero({"chargeoff_within_12_mths", "delinq_amnt"});
    for (const char* name : {"mo_sin_old_il_acct", "mo_sin_old_rev_tl_op"})
        m.add(name, "{}", whole(30, 400));
    for (const char* name :
         {"mo_sin_rcnt_rev_tl_op", "mo_sin_rcnt_tl", "mort_acc", "mths_since_recent_bc"})
        m.add(name, "{}", whole(0, 40));
    m.empty({"mths_since_recent_bc_dlq"});
    m.add("mths_since_recent_inq", "{}", whole(0, 24));
    m.empty({"mths_since_recent_revol_delinq"});
    for (const char* name :
         {"num_accts_ever_120_pd", "num_actv_bc_tl", "num_actv_rev_tl", "num_bc_sats", "num_bc_tl",
          "num_il_tl", "num_op_rev_tl", "num_rev_accts", "num_rev_tl_bal_gt_0", "num_sats"})
        m.add(name, "{}", whole(0, 12));
    m.zero({"num_tl_120dpd_2m", "num_tl_30dpd", "num_tl_90g_dpd_24m"});
    m.add("num_tl_op_past_12m", "{}", whole(0, 5));
    m.add("pct_tl_nvr_dlq", "{:.1f}", 80 + 20 * uniform());
    m.add("percent_bc_gt_75", "{:.1f}", 100 * uniform());
    m.add("pub_rec_bankruptcies", "{}", a.records);
    m.zero({"tax_liens"});
    m.add("tot_hi_cred_lim", "{}", a.limit + whole(0, 3000) * 100);
    m.add("total_bal_ex_mort", "{}", a.balance + whole(0, 300) * 100);
    m.add("total_bc_limit", "{}", a.limit);
    m.add("total_il_high_credit_limit", "{}", whole(0, 600) * 100);
}

// What feeds really send: each kind equally often.
void GeneratedApplicants::spoil(std::string& json) {
    auto replace = [&](std::string_view name, std::string_view value) {
        std::string key = fmt::format("\"{}\":\"", name);
        auto begin = json.find(key) + key.size();
        json.replace(begin, json.find('"', begin) - begin, value);
    };
    switch (random() % 8) {
        case 0: json.resize(json.size() / 2); break;  // truncated
        case 1: replace("annual_inc", "n/a"); break;
        case 2: replace("dti", ""); break;
        case 3: replace("funded_amnt", "five thousand"); break;
        case 4: replace("loan_amnt", "99999999999"); break;                // out of range
        case 5: json.insert(1, "\"annual_inc\":\"1\","); break;            // given twice
        case 6: std::replace(json.begin(), json.end(), '"', '\''); break;  // a printed dict
        case 7: json += "}"; break;                                        // trailing bytes
    }
}

}  // namespace loanstream
