// The values that a field may have where a condition holds: missing or not, and a set of numbers
// or of texts. Closed under complement and intersection, so that conditions on one field can be
// reasoned about exactly. Values; any thread.
#pragma once

#include <set>
#include <string>
#include <vector>

namespace loanstream {

// All x with low <= x <= high, ends left out where open.
struct Interval {
    double low = 0, high = 0;
    bool low_open = false, high_open = false;
    bool empty() const { return low > high || (low == high && (low_open || high_open)); }
};

class ValueSet {
public:
    static ValueSet all(bool is_text);
    static ValueSet only_missing(bool is_text);
    static ValueSet present(bool is_text);
    static ValueSet numbers(std::vector<Interval> intervals);  // ascending, disjoint
    static ValueSet points(const std::vector<double>& values);
    static ValueSet texts(std::set<std::string> values);

    bool empty() const;
    ValueSet complement() const;
    ValueSet intersect(const ValueSet& other) const;
    bool within(const ValueSet& other) const { return intersect(other.complement()).empty(); }

private:
    bool is_text_ = false;
    bool missing_ = false;
    std::vector<Interval> intervals_;  // numbers, ascending and disjoint
    bool all_but_ = false;             // texts: all but those of texts_
    std::set<std::string> texts_;
};

}  // namespace loanstream
