#include "feed/trait_model.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace loanstream {

using namespace applicant_statistics;

namespace {

double amount_of(const Quantiles& quantiles, double deviate) {
    constexpr double kFurthest = 3;  // where the knots end unless something lies beyond
    if (deviate <= quantiles.low) return quantiles.low > -kFurthest ? 0 : quantiles.knots[0];
    if (deviate >= quantiles.high)
        return quantiles.high < kFurthest ? TraitValues::kNever : quantiles.knots[kKnots - 1];
    double place = (deviate - quantiles.low) * (kKnots - 1) / (quantiles.high - quantiles.low);
    int knot = std::min(static_cast<int>(place), kKnots - 2);
    double begin = quantiles.knots[knot];
    return begin + (place - knot) * (quantiles.knots[knot + 1] - begin);
}

int count_of(Thresholds thresholds, double deviate) {
    int count = 0;
    for (int i = thresholds.begin; i < thresholds.end && kThresholds[i] < deviate; ++i) ++count;
    return count;
}

}  // namespace

TraitModel::TraitModel() {  // Cholesky's decomposition; sqrt is exact on every machine
    const std::int16_t* correlation = kCorrelations;
    auto at = [&](int row, int column) -> double& {
        return root_[static_cast<std::size_t>(column * kTraits + row)];
    };
    for (int row = 0; row < kTraits; ++row) {
        for (int column = 0; column <= row; ++column) {
            double rest = column == row ? 1 : *correlation++ / 1000.0;
            for (int k = 0; k < column; ++k) rest -= at(row, k) * at(column, k);
            LOANSTREAM_CHECK(column < row || rest > 0);
            at(row, column) = column == row ? std::sqrt(rest) : rest / at(column, column);
        }
    }
}

void TraitModel::draw(RandomBits& random, TraitValues& values) const {
    static_assert(kTraits % 2 == 0, "two lanes at a time");
    std::array<double, kTraits> deviates{};
    for (int column = 0; column < kTraits; ++column) {
        double normal = random.normal();
        const double* root = root_.data() + column * kTraits;
        for (int row = 0; row < kTraits; ++row)
            deviates[static_cast<std::size_t>(row)] += root[row] * normal;
    }
    for (int i = 0; i < kTraits; ++i) {
        double deviate = deviates[static_cast<std::size_t>(i)];
        values[static_cast<Trait>(i)] = i < kCounts ? count_of(kThresholdsOf[i], deviate)
                                                    : amount_of(kQuantiles[i - kCounts], deviate);
    }
}

}  // namespace loanstream
