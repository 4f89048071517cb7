// Synthetic applications with the 111 columns of LendingClub's 2016 download, seeded: the same
// seed gives the same bytes. A share of them is dirty on purpose. One thread.
#pragma once

#include <cstdint>
#include <string>

#include "feed/applicant_file.h"

namespace loanstream {

struct GeneratorSettings {
    std::uint64_t seed = 1;
    std::int64_t count = -1;    // -1: without end
    double dirty_share = 0.01;  // applications with something wrong in them
};

class GeneratedApplicants : public ApplicantSource {
public:
    explicit GeneratedApplicants(GeneratorSettings settings)
        : settings_(settings), state_(settings.seed * 2 + 1) {}
    Result<bool> next(std::string& json) override;

private:
    struct Applicant;
    class Members;
    std::uint64_t random();
    double uniform();                                         // [0, 1)
    double normal();                                          // mean 0, deviation 1
    std::int64_t whole(std::int64_t low, std::int64_t high);  // inclusive
    Applicant draw();
    void add_loan(Members& m, const Applicant& a);
    void add_person(Members& m, const Applicant& a);
    void add_history(Members& m, const Applicant& a);
    void add_bureau(Members& m, const Applicant& a);
    void add_accounts(Members& m, const Applicant& a);
    void spoil(std::string& json);

    GeneratorSettings settings_;
    std::uint64_t state_;
    std::int64_t made_ = 0;
};

}  // namespace loanstream
