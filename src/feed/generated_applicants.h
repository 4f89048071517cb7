// Synthetic applications with the 111 columns of LendingClub's 2016 download, distributed as real
// ones are (docs/generator.md) and seeded: the same seed gives the same bytes on every machine. A
// share of them is dirty on purpose; what is clean does not depend on that share. One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "feed/applicant_columns.h"
#include "feed/applicant_file.h"
#include "feed/dirty_values.h"
#include "feed/trait_model.h"

namespace loanstream {

struct GeneratorSettings {
    std::uint64_t seed = 1;
    std::int64_t count = -1;  // -1: without end
    DirtyShares dirty;
};

class GeneratedApplicants : public ApplicantSource {
public:
    explicit GeneratedApplicants(GeneratorSettings settings);
    // As the applicant API gives it: an object of texts.
    Result<bool> next(std::string& json) override;
    // As a row of the raw download, with its newline. Of one generator, take one of the two.
    Result<bool> next_csv(std::string& row);
    static std::string csv_head();  // prospectus line and header
    std::string csv_tail() const;   // the totals under the rows

private:
    std::optional<DirtyKind> draw();
    void write_json(std::string& json) const;
    void write_csv(std::size_t columns, std::string& row) const;

    GeneratorSettings settings_;
    TraitModel model_;
    RandomBits random_, dirt_;
    ApplicantTexts texts_;
    DirtyCell cell_;
    std::array<std::string, kApplicantColumns> json_heads_;  // all between two values
    std::int64_t made_ = 0, dollars_ = 0;
};

}  // namespace loanstream
