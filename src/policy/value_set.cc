#include "policy/value_set.h"

#include <algorithm>
#include <limits>

namespace loanstream {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

}  // namespace

ValueSet ValueSet::all(bool is_text) {
    ValueSet set = present(is_text);
    set.missing_ = true;
    return set;
}

ValueSet ValueSet::only_missing(bool is_text) {
    ValueSet set;
    set.is_text_ = is_text;
    set.missing_ = true;
    return set;
}

ValueSet ValueSet::present(bool is_text) { return only_missing(is_text).complement(); }

ValueSet ValueSet::numbers(std::vector<Interval> intervals) {
    ValueSet set;
    set.intervals_ = std::move(intervals);
    return set;
}

ValueSet ValueSet::points(const std::vector<double>& values) {
    std::set<double> sorted(values.begin(), values.end());
    ValueSet set;
    for (double value : sorted) set.intervals_.push_back({value, value});
    return set;
}

ValueSet ValueSet::texts(std::set<std::string> values) {
    ValueSet set;
    set.is_text_ = true;
    set.texts_ = std::move(values);
    return set;
}

bool ValueSet::empty() const {
    if (missing_) return false;
    return is_text_ ? !all_but_ && texts_.empty() : intervals_.empty();
}

ValueSet ValueSet::complement() const {
    ValueSet out = *this;
    out.missing_ = !missing_;
    out.all_but_ = is_text_ && !all_but_;
    if (is_text_) return out;
    out.intervals_.clear();
    Interval gap{-kInfinity, 0};
    for (const Interval& interval : intervals_) {
        gap.high = interval.low;
        gap.high_open = !interval.low_open;
        if (!gap.empty() && interval.low != -kInfinity) out.intervals_.push_back(gap);
        gap.low = interval.high;
        gap.low_open = !interval.high_open;
    }
    gap.high = kInfinity;
    gap.high_open = false;
    if (intervals_.empty() || intervals_.back().high != kInfinity) out.intervals_.push_back(gap);
    return out;
}

ValueSet ValueSet::intersect(const ValueSet& other) const {
    ValueSet out;
    out.is_text_ = is_text_;
    out.missing_ = missing_ && other.missing_;
    if (is_text_) {
        out.all_but_ = all_but_ && other.all_but_;
        if (out.all_but_) {
            out.texts_ = texts_;
            out.texts_.insert(other.texts_.begin(), other.texts_.end());
        } else {
            const ValueSet& listed = all_but_ ? other : *this;
            const ValueSet& judge = all_but_ ? *this : other;
            for (const auto& text : listed.texts_)
                if (judge.texts_.contains(text) != judge.all_but_) out.texts_.insert(text);
        }
        return out;
    }
    for (const Interval& a : intervals_)
        for (const Interval& b : other.intervals_) {
            Interval both;
            both.low = std::max(a.low, b.low);
            both.high = std::min(a.high, b.high);
            both.low_open = (a.low == both.low && a.low_open) || (b.low == both.low && b.low_open);
            both.high_open =
                (a.high == both.high && a.high_open) || (b.high == both.high && b.high_open);
            if (!both.empty()) out.intervals_.push_back(both);
        }
    return out;
}

}  // namespace loanstream
