// The shipped kind of model: a scorecard with a logistic core (docs/model.md). Immutable after
// load; any thread may score. Load refuses unknown formats, unknown keys and golden samples that
// do not come out within 1e-12.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "policy/cell.h"

namespace loanstream {

struct ScorecardFeature {
    std::string name;
    bool is_text = false;
};

// One bin of a feature, in the order of docs/model.md's reference.bins.
struct ScorecardBin {
    std::string label;  // "10.25 <= x < 11.11", "car, wedding", "other", "missing"
    double share = 0;   // of the training rows
    double points = 0;
};

class Scorecard {
public:
    // Errors: kInvalidData, kUnknownFormat; `where` names the file and the place in it.
    static Result<std::shared_ptr<const Scorecard>> parse(std::string_view json,
                                                          const std::string& path);

    const std::vector<ScorecardFeature>& features() const;
    const std::string& name() const;

    // row[slots[i]] is feature i's value. Fills points (one a feature, scorecard points) and
    // returns the probability of default in (0, 1). points may be empty.
    double score(const Cell* row, std::span<const std::uint16_t> slots,
                 std::span<double> points) const;
    // The score in points for a probability's margin; sum of the feature points, rounded half
    // away from zero.
    static std::int32_t rounded(double score);
    // offset - factor * z; as summed from feature points within rounding error.
    double total_points(std::span<const double> points) const;

    // The bin that a feature's value falls into, for people: "10.25 <= x < 11.11", "missing".
    std::string bin_text(std::size_t feature, const Cell& cell) const;

    std::vector<ScorecardBin> bins(std::size_t feature) const;

    // Mean points of applicants approved near this cut-off (docs/model.md "reference").
    std::vector<double> approved_near(double approve_below) const;

    struct State;
    explicit Scorecard(std::unique_ptr<State> state);
    ~Scorecard();

private:
    std::unique_ptr<State> state_;
};

}  // namespace loanstream
